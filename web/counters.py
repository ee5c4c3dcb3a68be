"""Counters of this process for the library `limits`, without a thread.

The library's own memory starts a timer's thread at nearly every request, to throw away what has
ended; a thread costs a look-alike kept in the cache a tenth of its time. What has ended is thrown
away here by whoever counts next, once a second.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from limits.storage import Storage

_SWEEP_S: Final = 1.0


class Counters(Storage):
    """Fixed windows, by key. `seconds` is the wall clock. Threads may share it."""

    STORAGE_SCHEME = None

    def __init__(self, seconds: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._seconds = seconds
        self._lock = threading.Lock()
        #: Counted, and the moment at which the window ends.
        self._windows: dict[str, tuple[int, float]] = {}
        self._sweep_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what the library wraps where it is told to: nothing here raises."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count in the key's window; one of `expiry` seconds begins where none is open."""
        now = self._seconds()
        with self._lock:
            if now >= self._sweep_at:
                self._windows = {k: kept for k, kept in self._windows.items() if kept[1] > now}
                self._sweep_at = now + _SWEEP_S
            counted, ends = self._windows.get(key, (0, 0.0))
            if ends <= now:
                counted, ends = 0, now + expiry
            self._windows[key] = counted + amount, ends
            return counted + amount

    def get(self, key: str) -> int:
        """Return what was counted in the key's window, 0 where none is open."""
        counted, ends = self._windows.get(key, (0, 0.0))
        return counted if ends > self._seconds() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the key's window ends, now where none is open."""
        return max(self._windows.get(key, (0, 0.0))[1], self._seconds())

    def check(self) -> bool:
        """Return that it works: it cannot be away."""
        return True

    def reset(self) -> int:
        """Forget everything; return how many windows there were."""
        with self._lock:
            count = len(self._windows)
            self._windows = {}
            return count

    def clear(self, key: str) -> None:
        """Forget one key's window."""
        with self._lock:
            self._windows.pop(key, None)
