"""Deletes what has had its days: the bytes of refused drops, and what no steward decided on.

A refused drop's raw version stays for `refused_days`, so that its depositor can ask why; one that
could not be read stays until somebody removes it. A held
one waits `quarantined_days` for a steward and is then refused as `expired`. What a steward
refused, or nobody decided on, goes at the next round.
"""

import logging
import threading

from ingest.quarantine import Quarantine
from ingest.removals import PAGE, Removals
from schemas.errors import Unavailable
from store.ports import Objects, Rows
from store.records import Receipt
from store.settings import Settings

log = logging.getLogger(__name__)


class Housekeeper:
    """Looks every `sweep_every_s`; each step may be repeated."""

    def __init__(self, settings: Settings, rows: Rows, objects: Objects) -> None:
        self._settings = settings
        self._rows = rows
        self._objects = objects
        self._quarantine = Quarantine(rows, objects)

    def run(self, stop: threading.Event) -> None:
        """Look now and every so often until told to stop. A service that is down is waited for."""
        while not stop.is_set():
            try:
                self.once()
            except Unavailable as error:
                log.warning("The housekeeper waits", extra={"service": error.service})
            stop.wait(self._settings.sweep_every_s)

    def once(self) -> int:
        """Do all that is due; return how many drops' bytes were deleted. Raises Unavailable."""
        quarantine = self._rows.quarantine
        while quarantine.expire(days=self._settings.quarantined_days, limit=PAGE) == PAGE:
            pass
        deleted = 0
        days = self._settings.refused_days
        removals = Removals(lambda limit: quarantine.spent(days=days, limit=limit), self._remove)
        for page in removals.pages():
            for receipt in page:
                quarantine.swept(receipt.id)
                deleted += 1
        if removals.stuck:
            log.error("Refused drops cannot be removed", extra={"drops": len(removals.stuck)})
        if deleted:
            log.info("Refused drops are deleted", extra={"drops": deleted})
        return deleted

    def _remove(self, receipt: Receipt) -> None:
        # This version only: another one under the same key is another drop.
        self._objects.remove(receipt.bucket, receipt.key, receipt.version)
        self._quarantine.remove(receipt)
