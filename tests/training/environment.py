"""Reaching the training environment (TensorFlow, ONNX Runtime) from a test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stack.cache import cache_root, fingerprint, python_tag
from tests.requirements import ROOT


def training_python() -> Path:
    """Return the training environment's Python; skip at a desk without it, fail in CI."""
    name = f"training-env-{fingerprint([ROOT / 'requirements' / 'training.txt'])}-{python_tag()}"
    found = cache_root() / name / "bin" / "python"
    if not found.exists():
        reason = "the training environment is not installed: `make test` installs it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


def training_settings(seed: str = "random") -> dict[str, str]:
    """Return what such a process has in its environment."""
    return {
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": seed,
        "OMP_NUM_THREADS": "2",
    }


def start_training(*words: str | Path, **settings: str) -> "subprocess.Popen[str]":
    """Start a module of training/ there, to be spoken with and ended by whoever started it.

    What it says on stderr comes on stdout.
    """
    return subprocess.Popen(
        [training_python(), "-m", *words],
        cwd=ROOT,
        env=os.environ | training_settings() | settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_training(*words: str | Path, seed: str = "random") -> "subprocess.CompletedProcess[str]":
    """Run a module of training/ there, from the clone's root; print the end of what it said."""
    done = subprocess.run(
        [training_python(), "-m", *words],
        cwd=ROOT,
        env=os.environ | training_settings(seed),
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout[-2000:] + done.stderr[-4000:])
    return done
