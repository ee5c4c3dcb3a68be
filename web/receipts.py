"""Receipts as programs and pages read them, and who may read which."""

from typing import Any
from uuid import UUID

from schemas.errors import NotFound
from store.ports import Rows
from store.records import Account, Receipt
from web.language import Language
from web.reasons import reason_of

#: Roles that see everybody's receipts, bulk drops among them.
STEWARDS = frozenset({"steward", "admin"})


def read_receipt(rows: Rows, receipt: UUID, account: Account) -> Receipt:
    """Return a receipt. Raises NotFound also for one that this account may not know of."""
    found = rows.receipts.get(receipt, account=account.id)
    if found is None:
        raise NotFound(f"receipt {receipt}: there is none")
    return found


def receipt_json(receipt: Receipt, language: Language) -> dict[str, Any]:
    """Return the receipt as JSON has it: the same in answers and in live events."""
    return {
        "id": str(receipt.id),
        "state": receipt.state,
        "reason": reason_of(receipt, language),
        "radiograph": receipt.film,
        "filename": receipt.filename,
        "source": receipt.source,
        "site": receipt.site,
        "created_at": receipt.created_at.isoformat(),
        "updated_at": receipt.updated_at.isoformat(),
        "already_here": receipt.already_here,
        "contradicts": list(receipt.contradicts),
        "statement": receipt.statement,
        "stated_at": receipt.stated_at.isoformat() if receipt.stated_at else None,
        "sharing": receipt.sharing,
        "kept_private": receipt.kept_private,
    }
