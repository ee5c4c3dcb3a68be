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


def run_training(*words: str | Path, seed: str = "random") -> "subprocess.CompletedProcess[str]":
    """Run a module of training/ there, from the clone's root; print the end of what it said."""
    settings = {
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": seed,
        "OMP_NUM_THREADS": "2",
    }
    done = subprocess.run(
        [training_python(), "-m", *words],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout[-2000:] + done.stderr[-4000:])
    return done
