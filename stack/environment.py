"""The environment that the supervisor, and so every process, is given: little, and said here."""

import os
from typing import Final

from stack.processes import MARKER
from stack.state import State

#: Passed on from whoever calls `up`, where set. Anything else of a desk stays at the desk.
PASSED_ON: Final = ("PATH", "HOME", "USER", "LOGNAME", "TZ", "TMPDIR", "JAVA_HOME")


def child_environment(state: State) -> dict[str, str]:
    """Return the environment of the supervisor and its processes."""
    given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return given | {
        "PATH": given.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "RADIOTHEQUE_STATE": str(state.root),
        MARKER: str(state.root),
        # Logs reach their files line by line.
        "PYTHONUNBUFFERED": "1",
    }


def command_environment(state: State) -> dict[str, str]:
    """Return the environment of a command of ours that `up` runs to its end."""
    return os.environ | {"RADIOTHEQUE_STATE": str(state.root)}
