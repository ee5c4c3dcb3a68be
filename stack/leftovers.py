"""Ending what a hard kill, or a start that failed half way, has left behind."""

import json
import signal
from pathlib import Path

from stack.native import shared_memory_prefix
from stack.processes import Process, end, look_up, marked
from stack.state import State, read_json, write_whole

#: PostgreSQL's fast stop; everything else understands SIGTERM.
STOP_SIGNALS = {"postgres": signal.SIGINT}


def recorded(state: State) -> dict[str, Process]:
    """Return the processes in pids.json that still run: the same pid and start time."""
    found = {}
    for name, entry in read_json(state.pids_file).items():
        process = Process(int(entry["pid"]), int(entry["started"]))
        if look_up(process.pid) == process:
            found[name] = process
    return found


def record(state: State, name: str, pid: int) -> None:
    """Add a process to pids.json."""
    process = look_up(pid)
    if process is not None:
        entries = read_json(state.pids_file)
        entries[name] = {"pid": process.pid, "started": process.started}
        write_whole(state.pids_file, json.dumps(entries, indent=1) + "\n")


def postmaster(state: State) -> Process | None:
    """Return PostgreSQL's main process by its own pid file, if that is what runs there.

    PostgreSQL overwrites its environment with its title, so its children carry no marker.
    """
    pid_file = state.data("postgres") / "data" / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    ours = str(state.data("postgres")).encode() in command
    return look_up(pid) if ours else None


def everything_left(state: State) -> dict[Process, str]:
    """Return every process of this state folder that runs, with its name where it is known."""
    found = dict.fromkeys(marked(state.root), "")
    main = postmaster(state)
    if main is not None:
        found[main] = "postgres"
    return found | {process: name for name, process in recorded(state).items()}


def end_leftovers(state: State, wait_s: float = 15) -> int:
    """End every process of this state folder, the supervisor first; return how many there were.

    The supervisor goes first and by SIGKILL, since it would start again what is ended.
    """
    left = everything_left(state)
    supervisors = [process for process, name in left.items() if name == "supervisord"]
    end(supervisors, signal.SIGKILL, 5)
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        chosen = [
            process
            for process, name in left.items()
            if STOP_SIGNALS.get(name, signal.SIGTERM) == stop_signal
        ]
        end(chosen, stop_signal, wait_s)
    # What began in between (a worker's child, say) goes at once.
    end(everything_left(state), signal.SIGKILL, 5)
    clear_records(state)
    return len(left)


def clear_records(state: State) -> None:
    """Forget recorded processes, and remove shared memory that a killed Triton left."""
    for path in (state.pids_file, state.restarts_file):
        path.unlink(missing_ok=True)
    for left in Path("/dev/shm").glob(f"{shared_memory_prefix(state)}*"):  # noqa: S108 - Linux's own
        left.unlink(missing_ok=True)
