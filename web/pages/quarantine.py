"""*Quarantaine*: doubtful films, for a steward to look at, black out, let pass or refuse."""

from typing import Final

from flask import Blueprint, render_template

from web.auth import require_role
from web.deps import deps, settings
from web.language import current_language
from web.receipts import receipt_json

quarantine: Final = Blueprint("quarantine", __name__)
#: Films on the page: each is a picture of up to 1,600 pixels.
_PAGE: Final = 20


@quarantine.get("/quarantaine")
def page() -> str:
    """Show what waits at the steward's site, longest first."""
    account = require_role("steward", "admin")
    waiting = deps().rows.quarantine.waiting(account=account.id, limit=_PAGE + 1)
    language = current_language()
    return render_template(
        "quarantine.html",
        waiting=[
            receipt_json(row, language) | {"held_at": row.held_at} for row in waiting[:_PAGE]
        ],
        more=len(waiting) > _PAGE,
        days=f"{settings().quarantined_days:g}",
    )
