"""Talking to the supervisor: its XML-RPC interface on loopback, behind a generated password.

HTTP and not a Unix socket: the path of a socket in a deep folder can pass the 107 bytes that
Linux allows.
"""

import contextlib
import http.client
import xmlrpc.client
from dataclasses import dataclass
from typing import Any

from stack.passwords import SUPERVISOR_USER, read_secrets
from stack.ports import read_ports
from stack.state import State

#: What a supervisor that is away, or not yet up, makes a call raise.
AWAY = (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError)


@dataclass(frozen=True)
class Supervised:
    """A process as the supervisor sees it: supervisord's own word, pid (0: none), age."""

    statename: str
    pid: int
    seconds: int


class Timeout(xmlrpc.client.Transport):
    """A transport that does not wait for ever, and keeps no connection between calls."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self.timeout_s = timeout_s

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """Return a connection with the timeout set."""
        connection = super().make_connection(host)
        connection.timeout = self.timeout_s
        return connection

    def request(self, *arguments: Any, **named: Any) -> Any:
        """Make one call."""
        try:
            return super().request(*arguments, **named)
        finally:
            self.close()


class Control:
    """The few calls that are needed."""

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        # Only our own supervisor on loopback answers here; its XML is not hostile.
        self.proxy = xmlrpc.client.ServerProxy(url, transport=Timeout(timeout_s))

    def pid(self) -> int:
        """Return the supervisor's own pid."""
        return int(str(self.proxy.supervisor.getPID()))

    def processes(self) -> dict[str, Supervised]:
        """Return every process by name."""
        answer: Any = self.proxy.supervisor.getAllProcessInfo()
        return {
            info["name"]: Supervised(info["statename"], info["pid"], info["now"] - info["start"])
            for info in answer
        }

    def start(self, name: str) -> None:
        """Ask for a process to be started; do not wait for it."""
        self.proxy.supervisor.startProcess(name, False)

    def stop(self, name: str) -> None:
        """Ask for a process to be stopped; do not wait for it."""
        self.proxy.supervisor.stopProcess(name, False)

    def shut_down(self) -> None:
        """Ask the supervisor to stop what still runs and to end.

        Ending, it looks at each process once a second, stopped ones too: those are taken away.
        """
        for name, process in self.processes().items():
            if process.pid == 0:
                with contextlib.suppress(xmlrpc.client.Fault):  # it was started meanwhile
                    self.proxy.supervisor.removeProcessGroup(name)
        self.proxy.supervisor.shutdown()


def connect(state: State, timeout_s: float = 10.0) -> Control:
    """Return the control of this state folder's supervisor. Nothing is opened before a call."""
    port = read_ports(state).get("supervisor", 0)
    password = read_secrets(state).get("supervisor_password", "")
    return Control(f"http://{SUPERVISOR_USER}:{password}@127.0.0.1:{port}/RPC2", timeout_s)


def is_up(state: State) -> bool:
    """Return whether this state folder's supervisor answers."""
    try:
        connect(state, timeout_s=2.0).pid()
    except AWAY:
        return False
    return True
