"""Where a drop waits for a steward: its bytes, and a picture of it, in the bucket `quarantine`."""

import logging
from typing import Final
from uuid import UUID

from ingest.renditions import Developed
from schemas.envelope import to_message
from schemas.errors import Doubt
from schemas.events import RadiographQuarantined
from schemas.greys import jpeg_turned_over
from store.ports import Objects, Rows, held_key
from store.records import Receipt, ReceiptState

log = logging.getLogger(__name__)

BUCKET: Final = "quarantine"
#: What lies there of a held drop: the file as it came, and a picture of it (JPEG).
_HELD: Final = ("raw", "display")


class Quarantine:
    """Takes drops in and lets them out again; who decides is in web/."""

    def __init__(self, rows: Rows, objects: Objects) -> None:
        self._rows = rows
        self._objects = objects

    def hold(
        self, receipt: Receipt, doubt: Doubt, raw: bytes, film: Developed, cause: UUID | None
    ) -> ReceiptState:
        """Keep a drop until a steward decides; return its receipt's state. Repeatable.

        Objects first: a receipt in quarantine never lacks what is to be looked at.
        """
        self._objects.put(BUCKET, held_key(receipt.id, "raw"), raw)
        shown = film.display
        if doubt.inverted:
            shown = jpeg_turned_over(shown, film.width, film.height, film.presentation)
        self._objects.put(BUCKET, held_key(receipt.id, "display"), shown, "image/jpeg")
        event = RadiographQuarantined(
            receipt=receipt.id,
            site=receipt.site,
            source=receipt.source,
            code=doubt.code,
            wanted=doubt.wanted,
            came=doubt.came,
            quarantined_at=receipt.updated_at,
        )
        said = to_message(event, site=receipt.site, cause=cause)
        state = self._rows.quarantine.hold(
            receipt, code=doubt.code, wanted=doubt.wanted, came=doubt.came, events=[said]
        )
        log.info(
            "A drop waits for a steward",
            extra={"receipt": str(receipt.id), "code": doubt.code, "state": state},
        )
        return state

    def read(self, receipt: Receipt, limit_bytes: int) -> bytes:
        """Return the bytes of a drop that was held. Raises NotFound, ValueError, BadObject."""
        return self._objects.read(BUCKET, held_key(receipt.id, "raw"), limit_bytes=limit_bytes)

    def remove(self, receipt: Receipt) -> None:
        """Delete what lies here of a drop, if it was held. Deleting what is gone is done."""
        if receipt.held_at is not None:
            for what in _HELD:
                self._objects.remove(BUCKET, held_key(receipt.id, what))
