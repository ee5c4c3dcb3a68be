"""Deletes what has had its days: the bytes of refused drops, and what no steward decided on.

A refused drop's raw version stays for `refused_days`, so that its depositor can ask why; one that
could not be read stays until somebody removes it. A held
one waits `quarantined_days` for a steward and is then refused as `expired`. What a steward
refused, or nobody decided on, goes at the next round.
"""

import logging
import threading
from typing import Final
from uuid import UUID

from ingest.quarantine import Quarantine
from schemas.errors import Dead, Unavailable
from store.ports import Objects, Rows
from store.settings import Settings

log = logging.getLogger(__name__)

_PAGE: Final = 200


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
        while quarantine.expire(days=self._settings.quarantined_days, limit=_PAGE) == _PAGE:
            pass
        deleted = 0
        # What cannot be removed stays at the head of the list: it must not hide the others.
        stuck: set[UUID] = set()
        while spent := [
            receipt
            for receipt in quarantine.spent(
                days=self._settings.refused_days, limit=_PAGE + len(stuck)
            )
            if receipt.id not in stuck
        ]:
            for receipt in spent:
                try:
                    # This version only: another one under the same key is another drop.
                    self._objects.remove(receipt.bucket, receipt.key, receipt.version)
                    self._quarantine.remove(receipt)
                except Dead:
                    stuck.add(receipt.id)
                    continue
                quarantine.swept(receipt.id)
                deleted += 1
        if stuck:
            log.error("Refused drops cannot be removed", extra={"drops": len(stuck)})
        if deleted:
            log.info("Refused drops are deleted", extra={"drops": deleted})
        return deleted
