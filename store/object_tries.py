"""What one object does is told from what its store does, by asking the store.

A read, put or removal that fails may be the store's fault, and then all wait for it; or this one
object's (damaged on a disk, sealed in an archive, a connection that ends early or stalls each
time), and then it must hold up no other. So after each failed try the store is asked whether it
works: if not, Unavailable, and nothing is anybody's fault. If it does, the object is tried again
a little later, `tries` times in all, and is then a BadObject.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from schemas.errors import BadObject

T = TypeVar("T")

#: Tries of one object before it is a bad one.
TRIES: Final = 3
_GROWS: Final = 4.0


class Fault(Exception):
    """One try failed; whose fault that is, is not known yet. The text never holds a key."""

    def __init__(self, said: str, status: int = 0) -> None:
        super().__init__(said)
        self.status = status


@dataclass(frozen=True)
class Patience:
    """How long one object is waited for: a quarter of a minute where every try stalls."""

    first_pause_s: float = 0.2
    #: A read that brings no byte for so long has failed,
    stall_s: float = 5.0
    #: and so has one that brings fewer in a second, once `stall_s` are over.
    slowest: int = 1 << 20
    #: No further try begins after so long, however few there were.
    in_all_s: float = 30.0

    def ends_at(self, size: int) -> float:
        """Return when a read of so many bytes that begins now must have ended (monotonic)."""
        return time.monotonic() + self.stall_s + size / self.slowest


def tried(call: Callable[[], T], ask: Callable[[], None], patience: Patience) -> T:
    """Return the call's result, of the first try that succeeds.

    `call` raises Fault for a failed try. `ask` asks the store and raises Unavailable when it does
    not work. Raises BadObject after the last try, and whatever else `call` raises.
    """
    began = time.monotonic()
    pause = patience.first_pause_s
    for attempt in range(1, TRIES + 1):
        try:
            return call()
        except Fault as fault:
            ask()
            if attempt == TRIES or time.monotonic() - began > patience.in_all_s:
                # `from None`: what lies beneath may hold the object's key.
                raise BadObject(f"minio: {fault}, {attempt} tries") from None
        time.sleep(pause)
        pause *= _GROWS
    raise AssertionError("the last try always ends")
