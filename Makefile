# Every command a newcomer needs. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first of these that really runs: a name on PATH may be the shim of a version that is not
# there. `make PYTHON=... ` overrides.
PYTHON ?= $(shell for name in python3.12 python3.11 python3; do \
	if $$name -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' \
	2>/dev/null; then echo $$name; break; fi; done)
ENV := .venv
BIN := $(ENV)/bin
LOCKS := requirements
STAMPS := $(ENV)/stamps
UV := $(BIN)/uv
INSTALL = $(UV) pip install --quiet --require-hashes --python $(BIN)/python

.PHONY: help demo up down status logs secrets test test-quick test-long check bench \
	bench-batches starter clean-state prerequisites prerequisites-python environment test-environments

help: ## list the commands
	@echo "Radiothèque. The commands:"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | \
		awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

prerequisites:
	@if [ -z "$(PYTHON)" ]; then \
		if command -v python3 >/dev/null; then python3 stack/prerequisites.py; else \
		echo "missing: CPython 3.11 or 3.12: apt-get install python3.11 python3.11-venv"; fi; \
		exit 1; \
	fi
	@$(PYTHON) stack/prerequisites.py $(ONLY)

# Checks and quick tests need Python alone.
prerequisites-python:
	@$(MAKE) prerequisites ONLY=python

# Stamps: each step is repeated only when its lock, or this folder's Python, has changed.
$(STAMPS)/bootstrap: $(LOCKS)/bootstrap.txt | prerequisites-python
	@echo "==> making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(ENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r $(LOCKS)/bootstrap.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/app: $(STAMPS)/bootstrap $(LOCKS)/app.txt $(LOCKS)/native.txt pyproject.toml
	@echo "==> installing the programs and the services' binaries (hashed locks)"
	@$(INSTALL) -r $(LOCKS)/app.txt -r $(LOCKS)/native.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/dev: $(STAMPS)/app $(LOCKS)/dev.txt
	@echo "==> installing tests, format, lint and types"
	@$(INSTALL) -r $(LOCKS)/dev.txt
	@touch $@

environment: $(STAMPS)/app

demo: ## install, start, drop 48 phantoms (FILMS=dir AUTHORISED=yes for films of your own)
	@$(MAKE) prerequisites
	@if [ ! -e $(STAMPS)/app ]; then \
		echo "The first demo fetches 1.5 GB, takes 4 GB of disk and 6 to 10 minutes on 2 cores."; \
		echo "The next one starts in half a minute."; fi
	@$(MAKE) environment
	@$(BIN)/radiotheque demo $(if $(FILMS),--films "$(FILMS)") \
		$(if $(AUTHORISED),--i-am-authorised)

up: prerequisites environment ## start everything and wait until it is healthy
	@$(BIN)/radiotheque up

down: ## stop everything; returns when no process of this clone is left
	@if [ -x $(BIN)/radiotheque ]; then $(BIN)/radiotheque down; else echo "nothing is installed"; fi

status: environment ## how every process is
	@$(BIN)/radiotheque status

logs: environment ## the end of every log (NAME=ingest for one)
	@$(BIN)/radiotheque logs $(NAME)

secrets: environment ## accounts, passwords and keys that were made
	@$(BIN)/radiotheque secrets

test-environments: prerequisites $(STAMPS)/dev
	@$(BIN)/python -m stack.installs

test: test-environments ## every test, on real services with ports and state of their own
	@if ! command -v chromium >/dev/null; then \
		echo "missing: Chromium, for the browser tests: apt-get install chromium"; exit 1; fi
	@for client in rclone aws s3cmd dcmj2pnm; do command -v $$client >/dev/null || echo \
		"no $$client, so its test is skipped: apt-get install rclone awscli s3cmd dcmtk"; done
	@$(BIN)/python -m pytest $(ARGS)

test-long: test-environments ## the outage tests with Kafka away for six minutes
	@OUTAGE_S=360 $(BIN)/python -m pytest tests/test_outages.py $(ARGS)

test-quick: $(STAMPS)/dev ## tests that need no service, about a minute
	@$(BIN)/python -m pytest -q -n auto $(ARGS) \
		-m "not services and not browser and not training and not slow"

check: $(STAMPS)/dev ## format, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: prerequisites environment ## measure a film's whole way, on an installation of its own
	@RADIOTHEQUE_STATE="$(CURDIR)/.radiotheque-bench" $(BIN)/python -m bench $(ARGS)

bench-batches: prerequisites environment ## films a second against batch and workers
	@RADIOTHEQUE_STATE="$(CURDIR)/.radiotheque-bench" $(BIN)/python -m bench.batch_curve $(ARGS)

# What was tuned is kept in WORK, and a run that was stopped goes on there.
WORK ?= .radiotheque-starter
TRAIN = PYTHONPATH="$(CURDIR)" TF_CPP_MIN_LOG_LEVEL=2 $$python -u -m

starter: environment ## fit the starter anew (FILMS=dir NOT_CHEST=dir; 40 to 100 minutes)
	@if [ -z "$(FILMS)" ]; then echo "wanted FILMS=dir, as training/data/nih.py reads it"; exit 1; fi
	@if [ -z "$(NOT_CHEST)" ]; then \
		echo "wanted NOT_CHEST=dir, as training/starter/check/not_chest.py reads it"; exit 1; fi
	@python=$$($(BIN)/python -c \
		'from stack.installs import training_env; print(training_env())' | tail -1)/bin/python; \
	$(TRAIN) training.starter.tune "$(FILMS)" "$(WORK)"; \
	$(TRAIN) training.starter.fit "$(FILMS)" "$(WORK)"; \
	$(TRAIN) training.starter.build "$(WORK)/model"; \
	$(BIN)/python -m stack.draw_films "$(WORK)/drawn"; \
	ct=$$($(BIN)/python -c \
		'from stack.installs import chest_ct; print(chest_ct())' | tail -1); \
	$(TRAIN) training.starter.check.fit "$(FILMS)" --not-chest "$(NOT_CHEST)" --ct "$$ct" \
		$(if $(LATERALS),--laterals "$(LATERALS)") --drawn "$(WORK)/drawn" --model "$(WORK)/model"; \
	$(TRAIN) training.evaluate.precision_evaluation "$(WORK)/model" "$(FILMS)" \
		--json "$(WORK)/precision.json"; \
	$(TRAIN) training.starter.other_arithmetic "$(FILMS)" "$(WORK)/model" "$(WORK)/evidence.npz" \
		--speeds "$(WORK)/precision.json"; \
	$(TRAIN) training.starter.judge "$(FILMS)" "$(WORK)/evidence.npz"; \
	$(TRAIN) training.starter.ablation "$(FILMS)" "$(WORK)"; \
	$(TRAIN) training.evaluate.retrieval "$(FILMS)" "$(WORK)"

clean-state: down ## delete this clone's state folder: every film, row and secret in it
	@rm -rf .radiotheque
