"""Reads the manifests that wait, beside films and never among them.

A manifest may have two million lines, a film a second: so ingest only notes that a manifest has
come, in a row, and this clock reads what the rows say waits, a page of lines in a transaction.
Several are read in turns, a page each, so a short one does not wait for a long one. Cut anywhere,
a manifest is read again from its beginning, which changes nothing (store/manifest_lines.py).
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ingest.manifest import Manifest
from ingest.quarantine import Quarantine
from ingest.raw_files import RawFiles
from ingest.refuse import reject
from schemas.errors import Refusal, Unavailable
from store.ports import Objects, Rows
from store.records import Receipt
from store.settings import Settings

log = logging.getLogger(__name__)

#: Lines that are read, and kept, between two looks at what else waits.
_PAGE: Final = 500
#: Manifests that are read in turns.
_AT_ONCE: Final = 8
#: Seconds between two looks while none waits.
_LOOK_S: Final = 0.5
#: So often a manifest may fail in a way nobody foresaw.
_ATTEMPTS: Final = 3
_PAUSE_S: Final = 5.0
#: Added to this thread's niceness: films come first where processors are few.
_NICER: Final = 10


@dataclass
class _Reading:
    """One manifest on its way: the steps still to do, and how often it failed before."""

    steps: Iterator[None]
    failed: int = 0
    not_before: float = 0.0


class ManifestReader:
    """The clock that reads manifests; each step may be repeated."""

    def __init__(self, settings: Settings, rows: Rows, objects: Objects) -> None:
        self._secret = settings.site_secret.get_secret_value()
        self._rows = rows
        self._raw = RawFiles(objects, Quarantine(rows, objects), settings.file_limit_bytes)
        self._open: dict[UUID, _Reading] = {}

    def run(self, stop: threading.Event) -> None:
        """Read until told to stop. A service that is down is waited for."""
        with suppress(OSError):
            # Of this thread only: Linux keeps a niceness for each.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICER)
        while not stop.is_set():
            try:
                is_busy = self.turn()
            except Unavailable as error:
                log.warning("Manifests wait", extra={"service": error.service})
                is_busy = False
            if not is_busy:
                stop.wait(_LOOK_S)

    def turn(self) -> bool:
        """Do the next step of each manifest that waits; return whether there was one.

        Raises Unavailable: the manifest under way is begun anew.
        """
        waiting = {receipt.id: receipt for receipt in self._rows.manifests.waiting(_AT_ONCE)}
        # Refused meanwhile, or erased.
        self._open = {of: one for of, one in self._open.items() if of in waiting}
        now = time.monotonic()
        due = [
            receipt
            for of, receipt in waiting.items()
            if of not in self._open or self._open[of].not_before <= now
        ]
        for receipt in due:
            reading = self._open.setdefault(receipt.id, _Reading(self._steps(receipt)))
            try:
                next(reading.steps)
            except StopIteration:
                del self._open[receipt.id]
            except Refusal as refusal:
                # Of a manifest that was not read whole no line meets a film.
                del self._open[receipt.id]
                reject(self._rows.receipts, receipt, refusal)
            except Unavailable:
                reading.steps = self._steps(receipt)
                raise
            except Exception:
                log.exception(
                    "A manifest failed in a way nobody foresaw",
                    extra={"receipt": str(receipt.id), "attempt": reading.failed + 1},
                )
                self._failed(receipt, reading)
        return bool(due)

    def _failed(self, receipt: Receipt, reading: _Reading) -> None:
        reading.failed += 1
        if reading.failed >= _ATTEMPTS:
            # It stays in dropzone, and its receipt says so, rather than wait unseen for ever.
            del self._open[receipt.id]
            failed = Refusal("manifest", wanted="a table that can be kept", came="one that cannot")
            reject(self._rows.receipts, receipt, failed)
            return
        reading.steps = self._steps(receipt)
        reading.not_before = time.monotonic() + _PAUSE_S * reading.failed

    def _steps(self, receipt: Receipt) -> Iterator[None]:
        """Keep what a manifest says, page by page; then it is due to go (ingest/taken.py)."""
        manifest = Manifest(receipt.bucket, receipt.key, self._secret, receipt.site)
        for page in manifest.pages(self._raw.chunks(receipt), _PAGE):
            if page:
                self._rows.manifests.put(receipt, page)
            yield
        summary = manifest.summary()
        yield from self._rows.manifests.ending(receipt, summary)
        log.info(
            "A manifest is read",
            extra={
                "receipt": str(receipt.id),
                "lines": summary.lines,
                "malformed": summary.malformed,
                "unknown_columns": len(summary.unknown),
            },
        )
