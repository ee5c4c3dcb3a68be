import io
import json
import os
import xmlrpc.client
from pathlib import Path
from typing import cast

import pytest

from stack.control import Control
from stack.never_give_up import Listener, listen, words
from stack.processes import look_up
from stack.state import State


class FakeControl:
    """Remembers what was started; the supervisor refuses names in `refused`."""

    def __init__(self, refused: tuple[str, ...] = ()) -> None:
        self.started: list[str] = []
        self.refused = refused

    def start(self, name: str) -> None:
        if name in self.refused:
            raise xmlrpc.client.Fault(60, f"ALREADY_STARTED: {name}")
        self.started.append(name)


def listener(folder: Path, control: FakeControl) -> Listener:
    return Listener(State(folder), cast("Control", control))


def event(name: str, **payload: object) -> str:
    body = " ".join(f"{key}:{value}" for key, value in payload.items())
    header = (
        f"ver:3.0 server:supervisor serial:1 pool:x poolserial:1 eventname:{name} len:{len(body)}"
    )
    return f"{header}\n{body}"


def test_a_process_that_was_given_up_is_started_again(tmp_path: Path) -> None:
    control = FakeControl()
    stream = event(
        "PROCESS_STATE_FATAL", processname="relay", groupname="relay", from_state="BACKOFF"
    )
    answers = io.StringIO()
    listen(listener(tmp_path, control), io.StringIO(stream), answers)
    assert control.started == ["relay"]
    assert answers.getvalue() == "READY\nRESULT 2\nOKREADY\n"


def test_somebody_elses_start_in_between_is_fine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watched = listener(tmp_path, FakeControl(refused=("relay",)))
    watched.handle("PROCESS_STATE_FATAL", {"processname": "relay", "from_state": "BACKOFF"})
    assert "ALREADY_STARTED" in capsys.readouterr().err


def test_restarts_are_counted_and_first_starts_are_not(tmp_path: Path) -> None:
    watched = listener(tmp_path, FakeControl())
    for before in ("STOPPED", "EXITED", "BACKOFF"):
        watched.handle("PROCESS_STATE_STARTING", {"processname": "web", "from_state": before})
    assert json.loads(State(tmp_path).restarts_file.read_text()) == {"web": 2}


def test_counts_outlive_the_listener(tmp_path: Path) -> None:
    for _ in range(2):
        listener(tmp_path, FakeControl()).handle(
            "PROCESS_STATE_STARTING", {"processname": "web", "from_state": "EXITED"}
        )
    assert json.loads(State(tmp_path).restarts_file.read_text()) == {"web": 2}


def test_a_running_process_is_recorded_with_its_start_time(tmp_path: Path) -> None:
    me = look_up(os.getpid())
    assert me is not None
    payload = {"processname": "kafka", "from_state": "STARTING", "pid": str(me.pid)}
    listener(tmp_path, FakeControl()).handle("PROCESS_STATE_RUNNING", payload)
    recorded = json.loads(State(tmp_path).pids_file.read_text())
    assert recorded == {"kafka": {"pid": me.pid, "started": me.started}}


def test_headers_are_read_as_pairs() -> None:
    assert words("a:1 b:x:y") == {"a": "1", "b": "x:y"}
