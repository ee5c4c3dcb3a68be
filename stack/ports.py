"""The ports of one state folder: chosen once, kept in ports.json.

The usual port is taken if it is free, another one otherwise. A kept port that somebody else holds
when the stack comes up again is chosen anew, and said. Everything listens on loopback only.
"""

import errno
import json
import random
import socket
from collections.abc import Mapping
from typing import Final

from stack.state import State, read_json, write_whole

LOOPBACK: Final = "127.0.0.1"
#: Below the range from which Linux gives outgoing connections their ports (32768 and up).
OTHERS: Final = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Return whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # Without this, connections of the last run in TIME_WAIT look like a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def another_port(taken: set[int]) -> int:
    """Return a free port that nobody in `taken` has been promised."""
    for port in random.sample(OTHERS, len(OTHERS)):
        if port not in taken and is_free(port):
            return port
    raise RuntimeError(f"want a free port between {OTHERS.start} and {OTHERS.stop}, found none")


def choose_ports(
    state: State, usual: Mapping[str, int], *, prefer_usual: bool = True
) -> dict[str, int]:
    """Return every port by name, kept ones first, and write ports.json.

    Call it only while nothing of this state folder runs: a port in use is then somebody else's.
    """
    kept = read_ports(state)
    chosen: dict[str, int] = {}
    for name, usual_port in usual.items():
        wanted = kept.get(name) or (usual_port if prefer_usual else 0)
        if wanted and wanted not in chosen.values() and is_free(wanted):
            chosen[name] = wanted
            continue
        chosen[name] = another_port(set(chosen.values()) | set(usual.values()))
        if wanted:
            print(f"port {wanted} ({name}) is held by another program: using {chosen[name]}")
    if chosen != kept:
        write_whole(state.ports_file, json.dumps(chosen, indent=1) + "\n")
    return chosen


def read_ports(state: State) -> dict[str, int]:
    """Return the ports as chosen; empty before the first start."""
    return {name: int(port) for name, port in read_json(state.ports_file).items()}
