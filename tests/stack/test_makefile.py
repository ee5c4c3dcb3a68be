"""Which Python `make` picks: the first of the names that really runs and has the right version."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from stack.cache import clone_root


def shim(folder: Path, name: str, *, version: str | None) -> None:
    """Put a stand-in for an interpreter on the path; without version it fails when it is run."""
    fits = version in {"3.11", "3.12"}
    body = f"#!/bin/sh\nexit {0 if fits else 1}\n" if version else "#!/bin/sh\nexit 127\n"
    path = folder / name
    path.write_text(body)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def picked(folder: Path, *words: str) -> str:
    """Return what `make` takes as PYTHON with only these stand-ins before the system's tools."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("bash", "sh", "make", "echo"):
        found = next(
            Path(place) / name
            for place in os.environ["PATH"].split(os.pathsep)
            if (Path(place) / name).exists()
        )
        (tools / name).symlink_to(found)
    done = subprocess.run(
        ["make", "--no-print-directory", "--eval", "say: ; @echo $(PYTHON)", "say", *words],
        cwd=clone_root(),
        env={"PATH": f"{folder}{os.pathsep}{tools}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        ({"python3.12": "3.12", "python3.11": "3.11", "python3": "3.11"}, "python3.12"),
        ({"python3.11": "3.11", "python3": "3.13"}, "python3.11"),
        ({"python3.12": None, "python3.11": "3.11"}, "python3.11"),
        ({"python3": "3.12"}, "python3"),
        ({"python3": "3.13"}, ""),
        ({}, ""),
    ],
)
def test_the_first_name_that_runs_with_the_right_version_is_taken(
    tmp_path: Path, there: dict[str, str | None], wanted: str
) -> None:
    for name, version in there.items():
        shim(tmp_path, name, version=version)
    assert picked(tmp_path) == wanted


def test_a_named_python_comes_before_all(tmp_path: Path) -> None:
    shim(tmp_path, "python3.12", version="3.12")
    assert picked(tmp_path, "PYTHON=/opt/mine/bin/python3.11") == "/opt/mine/bin/python3.11"
