"""Removes bulk drops from dropzone some seconds after they were taken.

A client for bulk drops looks at each object once more after it has put it, and takes one that is
gone for a failure. So the version of a drop that ended well, or lies elsewhere, stays until
`keep_until` of its receipt: a moment in a row, so that no kill forgets it. A browser's upload, an
erased film's bytes, and every drop where RADIOTHEQUE_KEEP_TAKEN_S is 0, go at once instead.
"""

import logging
import threading
from typing import Final

from ingest.removals import Removals
from schemas.errors import Unavailable
from store.ports import Objects, Receipts
from store.records import Receipt

log = logging.getLogger(__name__)

#: Seconds between two looks: what a version may stay beyond its time while all is well.
_LOOK_S: Final = 5.0


class TakenDrops:
    """The clock that lets taken drops go; each step may be repeated."""

    def __init__(self, receipts: Receipts, objects: Objects) -> None:
        self._receipts = receipts
        self._objects = objects

    def run(self, stop: threading.Event) -> None:
        """Look every few seconds until told to stop. A service that is down is waited for."""
        while not stop.is_set():
            try:
                self.once()
            except Unavailable as error:
                log.warning("Taken drops wait", extra={"service": error.service})
            stop.wait(_LOOK_S)

    def once(self) -> int:
        """Remove every version whose time is over; return how many. Raises Unavailable."""
        gone = 0
        removals = Removals(self._receipts.kept, self._remove)
        for page in removals.pages():
            removed = [receipt.id for receipt in page]
            self._receipts.let_go(removed)
            gone += len(removed)
        if removals.stuck:
            log.error("Taken drops cannot be removed", extra={"drops": len(removals.stuck)})
        if gone:
            log.info("Taken drops are removed", extra={"drops": gone})
        return gone

    def _remove(self, receipt: Receipt) -> None:
        # This version only: another one under the same key is another drop.
        self._objects.remove(receipt.bucket, receipt.key, receipt.version)
