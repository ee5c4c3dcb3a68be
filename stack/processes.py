"""Processes as /proc shows them: who lives, since when, and what belongs to this installation.

A pid alone proves nothing after a hard kill, since Linux gives it away again. A pid with its
start time (field 22 of /proc/PID/stat, in clock ticks since boot) does.
"""

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Set for the supervisor and so for all it starts. Not RADIOTHEQUE_STATE: a person may have that
#: in their shell, and `down` must not end the shell.
MARKER: Final = "SUPERVISED_BY_RADIOTHEQUE"
START_TIME_FIELD: Final = 22


@dataclass(frozen=True)
class Process:
    """A process that was seen: its pid and when it started, in clock ticks since boot."""

    pid: int
    started: int


def look_up(pid: int) -> Process | None:
    """Return the living process of this pid; None when there is none, or only its exit code."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the name in brackets, which may itself hold spaces and brackets.
    fields = text[text.rindex(")") + 2 :].split()
    if fields[0] in {"Z", "X"}:
        return None
    return Process(pid, int(fields[START_TIME_FIELD - 3]))


def is_alive(process: Process) -> bool:
    """Return whether this very process still runs."""
    return look_up(process.pid) == process


def marked(state: Path) -> list[Process]:
    """Return every living process that a supervisor of this state folder has started."""
    wanted = f"{MARKER}={state}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue  # gone meanwhile, or of another user
        process = look_up(int(entry.name)) if wanted in environment.split(b"\0") else None
        if process:
            found.append(process)
    return found


def send(process: Process, signal_number: signal.Signals) -> None:
    """Send a signal to this very process, if it still runs."""
    if is_alive(process):
        try:
            os.kill(process.pid, signal_number)
        except ProcessLookupError:
            return


def end(processes: Iterable[Process], first: signal.Signals, wait_s: float) -> list[Process]:
    """End processes by a signal and, those still there after `wait_s`, by SIGKILL.

    Returns those that had to be killed.
    """
    waiting = [process for process in processes if is_alive(process)]
    for process in waiting:
        send(process, first)
    waiting = wait_until_gone(waiting, wait_s)
    for process in waiting:
        send(process, signal.SIGKILL)
    stuck = wait_until_gone(waiting, 10)
    if stuck:
        pids = ", ".join(str(process.pid) for process in stuck)
        raise RuntimeError(f"processes {pids} do not end, not even by SIGKILL")
    return waiting


def wait_until_gone(processes: Iterable[Process], wait_s: float) -> list[Process]:
    """Wait until the processes are gone; return those that still run after `wait_s`."""
    deadline = time.monotonic() + wait_s
    waiting = [process for process in processes if is_alive(process)]
    while waiting and time.monotonic() < deadline:
        time.sleep(0.05)
        waiting = [process for process in waiting if is_alive(process)]
    return waiting
