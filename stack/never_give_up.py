"""The supervisor's event listener: it starts again what the supervisor has given up on.

supervisord waits a second more after each failed start and gives a process up (state FATAL) after
`startretries` of them. An outage may be longer than that. The listener also counts restarts for
`radiotheque status`, and writes down the pid and start time of each process as it begins to run,
so that a later `up` can end what a hard kill of the supervisor left behind.
"""

import json
import sys
import xmlrpc.client
from typing import TextIO

from stack.control import Control, connect
from stack.processes import look_up
from stack.state import State, current_state, read_json, write_whole


def words(line: str) -> dict[str, str]:
    """Return the key:value pairs of a header or of an event's payload."""
    return dict(pair.split(":", 1) for pair in line.split())


class Listener:
    """What happens at each change of state. Counts live in restarts.json, pids in pids.json."""

    def __init__(self, state: State, control: Control) -> None:
        self.state = state
        self.control = control
        self.restarts = read_json(state.restarts_file)
        self.pids = read_json(state.pids_file)

    def handle(self, event: str, payload: dict[str, str]) -> None:
        """Act on one event, named as supervisord does (PROCESS_STATE_FATAL, ...)."""
        name = payload["processname"]
        if event == "PROCESS_STATE_STARTING" and payload["from_state"] != "STOPPED":
            self.restarts[name] = int(self.restarts.get(name, 0)) + 1
            write_whole(self.state.restarts_file, json.dumps(self.restarts) + "\n")
        if event == "PROCESS_STATE_RUNNING":
            process = look_up(int(payload["pid"]))
            if process is not None:
                self.pids[name] = {"pid": process.pid, "started": process.started}
                write_whole(self.state.pids_file, json.dumps(self.pids, indent=1) + "\n")
        if event == "PROCESS_STATE_FATAL":
            print(f"{name} was given up by the supervisor: starting it again", file=sys.stderr)
            self.start_again(name)

    def start_again(self, name: str) -> None:
        """Start a given-up process; somebody else's start or stop in between is fine."""
        try:
            self.control.start(name)
        except xmlrpc.client.Fault as fault:
            print(f"{name} was not started: {fault.faultString}", file=sys.stderr)


def listen(listener: Listener, read: TextIO, write: TextIO) -> None:
    """Speak supervisord's listener protocol until it closes its end."""
    while True:
        write.write("READY\n")
        write.flush()
        line = read.readline()
        if not line:
            return
        header = words(line)
        payload = read.read(int(header["len"]))
        listener.handle(header["eventname"], words(payload.splitlines()[0]))
        write.write("RESULT 2\nOK")
        write.flush()


def main() -> None:
    """Run as supervisord's child: events on standard input, answers on standard output."""
    state = current_state()
    listen(Listener(state, connect(state)), sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
