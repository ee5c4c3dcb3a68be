"""How far a long step is, and how long it may still take: one line on stderr."""

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

#: Seconds between two lines: on a terminal the line is written over, in a log each one stays.
_EVERY: Final = 1.0
_EVERY_IN_A_LOG: Final = 30.0


class Progress:
    """Says `films read: 4,096 / 224,316, 310 a second, 11 min left`; at the end once more."""

    def __init__(
        self,
        what: str,
        total: int,
        *,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._total, self._clock = what, total, clock
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._began = self._said = clock()
        self._start: int | None = None

    def at(self, done: int) -> None:
        """Say so, where the last time is long enough ago or it is the end.

        The first call sets where the measured part begins: what was done before cost nothing now.
        """
        now = self._clock()
        if self._start is None:
            self._start, self._began = done, now
        ended = done >= self._total
        if not ended and now - self._said < (_EVERY if self._terminal else _EVERY_IN_A_LOG):
            return
        self._said = now
        line = f"{self._what}: {done:,} / {self._total:,}"
        speed = (done - self._start) / (now - self._began) if now > self._began else 0.0
        if speed > 0:
            line += f", {speed:,.1f} a second" if speed < 10 else f", {speed:,.0f} a second"
            line += "" if ended else f", {said_seconds((self._total - done) / speed)} left"
        before, after = ("\r\x1b[K", "\n" if ended else "") if self._terminal else ("", "\n")
        self._stream.write(f"{before}{line}{after}")
        self._stream.flush()


def said_seconds(seconds: float) -> str:
    """Return a time as people say it: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
