"""Decodes the films that take long, apart from all others.

A worker has one batch at a time, so one film of 20 s would hold every other. What has used up the
patience for it (ingest/decoder.py) is noted in its receipt's row, and this clock gives it all the
time that a film may have, in children of its own, a few at a time: a slow film waits for slow ones
only, and no kill forgets it.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from schemas.errors import Unavailable
from store.ports import Receipts
from store.records import Receipt

log = logging.getLogger(__name__)

#: Added to the niceness of its decoding children: other films come first.
NICER: Final = 10
#: Seconds between two looks while none waits, or one has failed.
_LOOK_S: Final = 0.5
_PAUSE_S: Final = 5.0


class Finisher(Protocol):
    """What brings a drop to its end: ingest.handler.IngestHandler."""

    def finish(self, receipt: Receipt) -> None:
        """Bring one drop to its end."""
        ...


class SlowFilms:
    """The clock that brings drops that were set aside to their ends; repeatable."""

    def __init__(self, receipts: Receipts, handler: Finisher, at_once: int) -> None:
        """`at_once`: films that are decoded at a time."""
        self._receipts = receipts
        self._handler = handler
        self._at_once = at_once
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="slow")

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. A service that is down is waited for."""
        while not stop.is_set():
            try:
                pause = 0.0 if self.once() else _LOOK_S
            except Unavailable as error:
                log.warning("Slow films wait", extra={"service": error.service})
                pause = _PAUSE_S
            except Exception:
                log.exception("A slow film failed in a way nobody foresaw")
                pause = _PAUSE_S
            stop.wait(pause)

    def once(self) -> int:
        """Bring the next ones to their ends; return how many.

        Raises the first error; what met it comes again, behind the others.
        """
        waiting = self._receipts.slow(self._at_once)
        running = [(one, self._threads.submit(self._handler.finish, one)) for one in waiting]
        failed = [(one, error) for one, done in running if (error := done.exception())]
        for receipt, error in failed:
            if not isinstance(error, Unavailable):
                self._receipts.set_aside(receipt)
        if failed:
            raise failed[0][1]
        return len(waiting)
