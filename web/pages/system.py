"""*Système*: what runs, what waits, what failed. It answers with any service down."""

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from schemas.errors import Conflict, NotFound, Unavailable
from store.records import Account, Letter
from web.auth import account_for_status, require_role
from web.deps import deps
from web.receipts import STEWARDS

system: Final = Blueprint("system", __name__)
_LETTERS: Final = 100
_WELL: Final = frozenset({"running", "healthy"})


@system.get("/systeme")
def page() -> str:
    """Show the whole page."""
    return render_template("system.html", **view())


@system.get("/systeme/etat")
def state() -> str:
    """Return only what changes, for the page to refresh itself."""
    return render_template("system_state.html", **view())


@system.post("/systeme/messages/<uuid:letter>/rejouer")
def replay(letter: UUID) -> Response:
    """Publish a dead letter again."""
    return _decide(letter, "replay")


@system.post("/systeme/messages/<uuid:letter>/ecarter")
def discard(letter: UUID) -> Response:
    """Set a dead letter aside for good."""
    return _decide(letter, "discard")


def _decide(letter: UUID, decision: str) -> Response:
    account = require_role("steward", "admin")
    letters = deps().rows.letters
    try:
        if decision == "replay":
            letters.replay(letter, account=account.id)
        else:
            letters.discard(letter, account=account.id)
    except Conflict:
        said = "system.conflict"
    except NotFound:
        said = "system.gone"
    else:
        said = "system.replayed" if decision == "replay" else "system.discarded"
    flash(said)
    return redirect(url_for("system.page"))


def view() -> dict[str, Any]:
    """Return what the templates draw. What cannot be known is None, and said so."""
    account, known = account_for_status()
    status = deps().status()
    processes = status.get("processes") or []
    down = sum(1 for process in processes if process["state"] not in _WELL)
    steward = account is not None and account.role in STEWARDS
    letters = open_letters(account) if steward and known else None
    return {
        "status": status,
        "processes": processes,
        "down": down,
        "lags": lags(status.get("topics") or []),
        "steward": steward,
        "letters": letters,
        "signed_in": account,
    }


def open_letters(account: Account | None) -> list[Letter] | None:
    """Return the open dead letters; None while PostgreSQL is down."""
    if account is None:
        return None
    try:
        return deps().rows.letters.list("open", _LETTERS, account=account.id)
    except Unavailable:
        return None


def lags(topics: list[dict[str, Any]]) -> list[tuple[str, str, int | None]]:
    """Return (topic, group, lag) of every group that reads; a lag of None is unknown."""
    return [
        (topic["name"], group, count)
        for topic in topics
        for group, count in sorted((topic.get("lag") or {}).items())
    ]
