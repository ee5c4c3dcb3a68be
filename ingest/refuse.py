"""The end of a drop that is refused."""

import logging
from uuid import UUID

from schemas.envelope import to_message
from schemas.errors import Refusal
from schemas.events import RadiographRejected
from store.ports import Receipts
from store.records import Receipt

log = logging.getLogger(__name__)


def reject(
    receipts: Receipts, receipt: Receipt, refusal: Refusal, cause: UUID | None = None
) -> None:
    """End the receipt as rejected. Its raw version stays for whoever wants to know why.

    cause: the event that asked for the drop, where it was one of ours.
    """
    event = RadiographRejected(
        receipt=receipt.id,
        site=receipt.site,
        source=receipt.source,
        code=refusal.code,
        wanted=refusal.wanted,
        came=refusal.came,
        rejected_at=receipt.updated_at,
    )
    said = to_message(event, site=receipt.site, cause=cause)
    state = receipts.reject(
        receipt, code=refusal.code, wanted=refusal.wanted, came=refusal.came, events=[said]
    )
    log.info(
        "A drop is refused",
        extra={"receipt": str(receipt.id), "code": refusal.code, "state": state},
    )
