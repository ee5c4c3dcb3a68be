import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.processes import MARKER, Process, end, is_alive, look_up, marked
from tests.waiting import eventually

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
IGNORE_TERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
STUBBORN = [sys.executable, "-c", IGNORE_TERM + SLEEPER[2]]


def started(
    command: list[str], environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | (environment or {})
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = started(SLEEPER)
    yield process
    process.kill()
    process.communicate()


def test_a_living_process_is_found_with_its_start_time(sleeper: subprocess.Popen[bytes]) -> None:
    found = look_up(sleeper.pid)
    assert found is not None
    assert is_alive(found)


def test_a_pid_that_was_given_to_another_process_is_not_ours(
    sleeper: subprocess.Popen[bytes],
) -> None:
    assert not is_alive(Process(sleeper.pid, started=1))


def test_a_zombie_is_gone(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    eventually(lambda: look_up(sleeper.pid) is None, 5)


def test_ending_leaves_a_process_of_the_same_pid_alone(sleeper: subprocess.Popen[bytes]) -> None:
    end([Process(sleeper.pid, started=1)], signal.SIGKILL, 1)
    assert sleeper.poll() is None


def test_what_does_not_listen_is_killed() -> None:
    process = started(STUBBORN)
    found = look_up(process.pid)
    assert found is not None
    killed = end([found], signal.SIGTERM, 0.1)
    assert killed == [found]
    process.communicate()


def test_only_processes_of_this_state_folder_carry_its_mark(tmp_path: Path) -> None:
    ours = started(SLEEPER, {MARKER: str(tmp_path)})
    other = started(SLEEPER, {MARKER: f"{tmp_path}-other"})
    try:
        assert [process.pid for process in marked(tmp_path)] == [ours.pid]
    finally:
        for process in (ours, other):
            process.kill()
            process.communicate()


def test_a_shell_that_names_the_state_folder_is_not_ours(tmp_path: Path) -> None:
    shell = started(SLEEPER, {"RADIOTHEQUE_STATE": str(tmp_path)})
    try:
        assert marked(tmp_path) == []
    finally:
        shell.kill()
        shell.communicate()
