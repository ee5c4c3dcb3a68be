"""Dead letters: what was set aside, and what a steward does about it."""

from typing import Any

from schemas.errors import NotFound
from store.records import Letter
from web.api.routes import subject
from web.api.shapes import IdPath, LetterOut, LettersOut, LettersQuery
from web.auth import current_account, require_role
from web.deps import deps

letters = subject("dead letters", "Records that were set aside, replayed or discarded.")


@letters.get("/dead-letters", responses={200: LettersOut})
def page(query: LettersQuery) -> dict[str, Any]:
    """Return dead letters, newest first. Stewards and admins."""
    account = require_role("steward", "admin")
    state = None if query.state == "all" else query.state
    found = deps().rows.letters.list(state, query.limit, account=account.id)
    return {"items": [letter_json(letter) for letter in found]}


@letters.get("/dead-letters/<id>", responses={200: LetterOut})
def read(path: IdPath) -> dict[str, Any]:
    """Return one dead letter, without the record itself. Stewards and admins."""
    account = require_role("steward", "admin")
    found = deps().rows.letters.get(path.id, account=account.id)
    if found is None:
        raise NotFound(f"dead letter {path.id}: there is none")
    return letter_json(found)


@letters.post("/dead-letters/<id>/replay", responses={200: LetterOut})
def replay(path: IdPath) -> dict[str, Any]:
    """Publish the record again for the group that set it aside. Stewards and admins."""
    return letter_json(deps().rows.letters.replay(path.id, account=current_account().id))


@letters.post("/dead-letters/<id>/discard", responses={200: LetterOut})
def discard(path: IdPath) -> dict[str, Any]:
    """Close the letter without another try. Stewards and admins."""
    return letter_json(deps().rows.letters.discard(path.id, account=current_account().id))


def letter_json(letter: Letter) -> dict[str, Any]:
    """Return a letter without its bytes: they may hold an object's key."""
    return {
        "id": str(letter.id),
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "group": letter.group,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "state": letter.state,
        "recorded_at": letter.recorded_at,
        "receipt": str(letter.receipt) if letter.receipt else None,
        "size": len(letter.value or b""),
    }
