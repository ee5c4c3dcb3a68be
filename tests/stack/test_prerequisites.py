import subprocess
import sys
from pathlib import Path

import pytest

from stack import prerequisites

PROGRAM = Path(prerequisites.__file__)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put(folder: Path, name: str, says: str, code: int = 0) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    program.chmod(0o755)


def test_missing_programs_are_named_with_how_to_get_them(programs: Path) -> None:
    found = prerequisites.find_problems(
        (prerequisites.java_problem, prerequisites.maven_problem, prerequisites.go_problem)
    )
    assert [problem.split(" or newer")[0] for problem in found] == [
        "Java 17",
        "Maven 3.8",
        "Go 1.24",
    ]
    assert "apt-get install openjdk-17-jre-headless" in found[0]
    assert "apt-get install maven" in found[1]


@pytest.mark.parametrize(
    ("says", "fine"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "21" 2023-09-19', True),
        ('java version "1.8.0_392"', False),
        ('openjdk version "11.0.2"', False),
    ],
)
def test_java_is_judged_by_its_own_words(programs: Path, says: str, *, fine: bool) -> None:
    put(programs, "java", says)
    assert (prerequisites.java_problem() is None) == fine


@pytest.mark.parametrize(
    ("version", "fine"), [("1.24.0", True), ("1.26.8", True), ("1.19.8", False)]
)
def test_go_is_judged_by_its_own_words(programs: Path, version: str, *, fine: bool) -> None:
    put(programs, "go", f"go version go{version} linux/amd64")
    assert (prerequisites.go_problem() is None) == fine


def test_a_shim_that_fails_when_run_counts_as_missing(programs: Path) -> None:
    put(programs, "mvn", "Apache Maven 3.9.9", code=127)
    assert prerequisites.maven_problem() is not None


def test_another_python_is_told_which_one_to_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 1, "final", 0))
    problem = prerequisites.python_problem()
    assert problem is not None
    assert "CPython 3.11 or 3.12" in problem
    assert "3.13" in problem


def test_another_system_is_pointed_to_compose(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert prerequisites.main([]) == 1
    said = capsys.readouterr().out
    assert "needs Linux, this is Darwin" in said
    assert "docker compose up" in said


def test_little_memory_is_said_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prerequisites, "MEMORY_KB", 10**12)
    problem = prerequisites.memory_problem()
    assert problem is not None
    assert problem.startswith("8 GB of memory, this machine has")


def test_it_needs_nothing_but_the_standard_library() -> None:
    """Run as `make` does: by a bare Python, from anywhere, without our packages."""
    done = subprocess.run(
        [sys.executable, "-S", "-I", str(PROGRAM), "python"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stdout + done.stderr
