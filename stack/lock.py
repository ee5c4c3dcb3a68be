"""One lock per state folder: two `up` or `down` at once wait for each other."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from stack.state import State


@contextmanager
def locked(state: State) -> Iterator[None]:
    """Hold the state folder's lock. The kernel gives it back when the holder dies."""
    state.create()
    with state.lock_file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another up or down of this state folder is at work: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
