"""*Dépôt*: dropping films in the browser and seeing what becomes of each."""

from datetime import UTC, datetime
from typing import Final, get_args

from flask import Blueprint, render_template

from schemas.provenance import LICENCES, STATEMENT_VERSION, Sharing
from web.auth import current_account
from web.deps import deps, settings
from web.language import current_language
from web.pages.formats import megabytes
from web.receipts import receipt_json

deposit: Final = Blueprint("deposit", __name__)
_RECENT: Final = 60


@deposit.get("/depot")
def page() -> str:
    """Show where to drop, and the account's recent deposits."""
    account = current_account()
    limits = settings()
    recent = [
        receipt_json(receipt, current_language())
        for receipt in deps().rows.receipts.recent(account.id, _RECENT)
    ]
    return render_template(
        "deposit.html",
        recent=recent,
        may_deposit=account.role != "viewer",
        file_megabytes=megabytes(limits.file_limit_bytes),
        file_limit=limits.file_limit_bytes,
        request_limit=limits.request_limit_bytes,
        files_limit=limits.request_limit_files,
        statement=STATEMENT_VERSION,
        licences=LICENCES,
        sharings=get_args(Sharing),
        today=datetime.now(UTC).date().isoformat(),
    )
