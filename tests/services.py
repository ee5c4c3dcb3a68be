"""The real services for tests marked `services`: one stack a run, apart from any demo.

`stack` starts Kafka, MinIO, PostgreSQL, Valkey and Triton once, in `.radiotheque-test` (or the
folder RADIOTHEQUE_TEST_STATE names) on ports of its own, and ends them after the run; a stack
that was up before is used and left up. `module_settings` gives each test module its own topics,
buckets, cache keys and database. `whole_stack` also runs our own programs.
"""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from stack import control, passwords
from stack.cache import cache_root, clone_root
from stack.installs import MINIO_VERSION
from stack.lifecycle import StartFailedError, down, tail, up
from stack.passwords import read_secrets
from stack.run import CommandFailedError
from stack.services import SERVICES
from stack.settings_file import admin_environment
from stack.state import State
from store.settings import PREFIX, Settings, load_settings

TEMPLATE: Final = "radiotheque_template"
#: What the tests' stack is told besides: a taken drop is gone sooner, so nobody waits for long.
TOLD: Final = {f"{PREFIX}KEEP_TAKEN_S": "5"}


def test_state() -> State:
    """Return the tests' state folder."""
    chosen = os.environ.get("RADIOTHEQUE_TEST_STATE")
    return State(Path(chosen).resolve() if chosen else clone_root() / ".radiotheque-test")


test_state.__test__ = False  # type: ignore[attr-defined]


def without_services(reason: str) -> None:
    """Skip at a desk, fail where CI is set: there a missing service must not pass unseen."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def start(state: State, *, services_only: bool, prepare: bool = True) -> None:
    """Start the tests' stack; show the ends of all logs when it does not come up."""
    if not (cache_root() / f"minio-{MINIO_VERSION}").is_dir():
        without_services("the services are not installed: `make test` installs them")
    try:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in TOLD.items():
                environment.setenv(name, value)
            up(state, services_only=services_only, prefer_usual_ports=False, prepare=prepare)
    except (StartFailedError, CommandFailedError, OSError) as error:
        show_logs(state)
        without_services(f"the services did not start: {error}")


def show_logs(state: State, lines: int = 15) -> None:
    """Print the end of every log; pytest shows it under a test that failed."""
    for service in SERVICES:
        log = state.logs / f"{service.name}.log"
        if log.exists():
            sys.stdout.write(f"--- {service.name}\n{tail(log, lines)}\n")


@pytest.fixture(scope="session")
def stack() -> Iterator[Settings]:
    """Return the settings of the running services, prepared: migrated, with buckets and topics."""
    state = test_state()
    was_up = control.is_up(state)
    if not was_up and state.root.is_dir():
        down(state)
        shutil.rmtree(state.root)
    start(state, services_only=True)
    yield load_settings({f"{PREFIX}STATE": str(state.root)})
    if not was_up:
        down(state)


@pytest.fixture(scope="module")
def module_settings(stack: Settings) -> Iterator[Settings]:
    """Return settings with topics, buckets, cache keys and a database of this module alone."""
    from store.log import ensure_topics
    from store.migrate import clone_database, drop_database, migrate
    from store.objects import ensure_buckets

    mark = f"t{uuid.uuid4().hex[:8]}"
    admin = admin_settings(stack, mark)
    ensure_topics(admin)
    ensure_buckets(admin)
    # A template apart: what the whole stack uses cannot be cloned while it is used.
    migrate(admin, database=TEMPLATE)
    clone_database(admin, TEMPLATE, mark)
    yield stack.model_copy(update=own_names(mark))
    drop_database(admin, mark)


def own_names(mark: str) -> dict[str, str]:
    """Return the settings that keep one module's things apart."""
    return {
        "topic_prefix": f"{mark}-",
        "bucket_prefix": f"{mark}-",
        "cache_prefix": mark,
        "postgres_database": mark,
    }


def admin_settings(settings: Settings, mark: str | None = None) -> Settings:
    """Return settings with the administrators' keys (PostgreSQL's superuser, MinIO's root)."""
    state = State(settings.state_dir)
    keys = admin_environment(read_secrets(state))
    own = own_names(mark) if mark else {}
    return load_settings({f"{PREFIX}STATE": str(state.root), **keys}, **own)


def as_role(settings: Settings, role: str) -> Settings:
    """Return settings as one of our programs reaches PostgreSQL: by its own login role."""
    return settings.model_copy(update={"postgres_user": f"radiotheque_{role}"})


@dataclass(frozen=True)
class WholeStack:
    """The whole system: services and our programs, as a person would have started it."""

    settings: Settings
    state: State
    web_url: str
    user: str
    password: str
    token: str

    def command(self, *words: str, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run `radiotheque ...` for this stack and return what it printed."""
        return subprocess.run(
            [str(Path(sys.executable).parent / "radiotheque"), *words],
            env=os.environ | {f"{PREFIX}STATE": str(self.state.root)},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        """Return `radiotheque status --json`."""
        answer: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return answer

    def is_healthy(self) -> bool:
        """Return whether every process is healthy."""
        return all(entry["state"] == "healthy" for entry in self.status()["processes"])


@pytest.fixture(scope="session")
def whole_stack(stack: Settings) -> WholeStack:
    """Return the whole system, started. It ends with `stack`."""
    state = State(stack.state_dir)
    start(state, services_only=False)
    secrets = read_secrets(state)
    # Read anew: the start has added the starter model.
    settings = load_settings({f"{PREFIX}STATE": str(state.root)})
    return WholeStack(
        settings=settings,
        state=state,
        web_url=f"http://127.0.0.1:{settings.web_port}",
        user=passwords.WEB_USER,
        password=secrets["web_password"],
        token=secrets["web_token"],
    )
