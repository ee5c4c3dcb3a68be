import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemas.flow import TOPICS
from stack.control import Supervised
from stack.services import SERVICES
from stack.state import State
from stack.status import as_table, ask_together, is_well, state_of, take_status

COMMAND = str(Path(sys.executable).parent / "radiotheque")


@pytest.fixture
def down(tmp_path: Path) -> State:
    """Return a state folder that has its ports, where nothing runs."""
    state = State(tmp_path)
    names = [port.name for service in SERVICES for port in service.ports]
    # Port 1 is never listened on: every probe is refused.
    state.ports_file.write_text(json.dumps(dict.fromkeys([*names, "supervisor"], 1)))
    return state


def test_with_everything_down_every_process_is_named_as_stopped(down: State) -> None:
    status = take_status(down)
    assert [entry["name"] for entry in status["processes"]] == [item.name for item in SERVICES]
    assert {entry["state"] for entry in status["processes"]} == {"stopped"}
    assert [entry["name"] for entry in status["topics"]] == [topic.name for topic in TOPICS]
    assert status["dead_letters"] is None
    assert status["model"] is None
    assert status["kafka"]["bootstrap"] == "127.0.0.1:1"
    assert not is_well(status)


def test_before_the_first_start_the_addresses_are_null(tmp_path: Path) -> None:
    status = take_status(State(tmp_path))
    assert status["web"] == {"url": None}
    assert status["s3"] == {"endpoint": None}
    assert "never started" in as_table(status)


def test_the_command_prints_one_object_from_any_folder_and_fails(
    down: State, tmp_path: Path
) -> None:
    done = subprocess.run(
        [COMMAND, "status", "--json"],
        cwd="/",
        env={"RADIOTHEQUE_STATE": str(down.root), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert set(json.loads(done.stdout)) == {
        "web", "s3", "kafka", "processes", "topics", "dead_letters", "model",
    }  # fmt: skip
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("statename", "seconds", "healthy", "expected"),
    [
        ("RUNNING", 5, True, "healthy"),
        ("STARTING", 0, True, "healthy"),
        ("STARTING", 0, False, "starting"),
        ("RUNNING", 5, False, "starting"),
        ("RUNNING", 500, False, "running"),
        ("BACKOFF", 0, False, "backoff"),
        ("FATAL", 0, False, "backoff"),
        ("EXITED", 0, False, "backoff"),
        ("STOPPED", 0, False, "stopped"),
        ("STOPPING", 0, False, "stopped"),
    ],
)
def test_states(statename: str, seconds: int, *, healthy: bool, expected: str) -> None:
    assert state_of(Supervised(statename, 1, seconds), healthy=healthy) == expected


def test_a_process_the_supervisor_does_not_know_is_stopped() -> None:
    assert state_of(None, healthy=False) == "stopped"


def test_a_late_answer_and_a_failed_one_are_none_and_the_others_stand() -> None:
    began = time.monotonic()
    answers = ask_together(
        {"good": lambda: 1, "late": lambda: time.sleep(0.5), "broken": lambda: 1 // 0}, 0.05
    )
    assert answers == {"good": 1, "late": None, "broken": None}
    assert time.monotonic() - began < 0.4
