"""The bench's own installation, in a state folder that is nobody's library: films stay there."""

import sys
from pathlib import Path
from typing import Final

from stack.state import State, current_state

OURS: Final = ".radiotheque-bench"
RESULTS: Final = Path("bench/results")


def own_state() -> State:
    """Return its state. Exits with 2 when RADIOTHEQUE_STATE names another installation's."""
    state = current_state()
    if state.root.name != OURS:
        print(
            f"bench: wanted RADIOTHEQUE_STATE to end in {OURS}, came {state.root.name}: the bench"
            " leaves its films where it runs; use `make bench`",
            file=sys.stderr,
        )
        raise SystemExit(2)
    return state


def say(words: str) -> None:
    """Tell how far we are."""
    print(f"==> {words}", file=sys.stderr, flush=True)
