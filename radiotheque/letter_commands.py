"""`radiotheque dead-letters`: what was set aside, and what becomes of it."""

import argparse
import base64
import json
import sys
from typing import Any, Final
from uuid import UUID

from schemas.errors import Conflict, NotFound, Unavailable

#: How many letters `list` shows and one round of `replay --all` takes.
_SHOWN: Final = 1000


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `dead-letters list|show|replay|discard`."""
    group = commands.add_parser("dead-letters", help="records that were set aside")
    actions = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser("list", help="the open ones, newest first, one JSON object a line")
    shown.add_argument("--state", choices=("open", "replayed", "discarded", "all"), default="open")
    shown.set_defaults(run=lambda chosen: _with_letters(run_list, chosen))
    show = actions.add_parser("show", help="one letter with its record whole")
    show.add_argument("id", type=UUID)
    show.set_defaults(run=lambda chosen: _with_letters(run_show, chosen))
    replay = actions.add_parser("replay", help="publish a record again, for its group only")
    replay.add_argument("id", type=UUID, nargs="?")
    replay.add_argument("--all", action="store_true", help="every open letter")
    replay.set_defaults(run=lambda chosen: _with_letters(run_replay, chosen))
    discard = actions.add_parser("discard", help="leave a record aside for good; its row stays")
    discard.add_argument("id", type=UUID)
    discard.set_defaults(run=lambda chosen: _with_letters(run_discard, chosen))


def run_list(chosen: argparse.Namespace, letters: Any) -> int:
    """Print letters without their records."""
    state = None if chosen.state == "all" else chosen.state
    for letter in letters.list(state, _SHOWN):
        print(json.dumps(_summary(letter)))
    return 0


def run_show(chosen: argparse.Namespace, letters: Any) -> int:
    """Print one letter; bytes that are not UTF-8 stand in base64."""
    letter = letters.get(chosen.id)
    if letter is None:
        raise NotFound(f"dead letter {chosen.id}: there is none")
    whole = _summary(letter) | {
        "key": _readable(letter.key),
        "headers": [[name, _readable(value)] for name, value in letter.headers],
        "value": _readable(letter.value),
    }
    print(json.dumps(whole, indent=1))
    return 0


def run_replay(chosen: argparse.Namespace, letters: Any) -> int:
    """Replay one letter, or every open one."""
    if chosen.all == (chosen.id is not None):
        print("wanted the id of one letter, or --all", file=sys.stderr)
        return 2
    if chosen.id is not None:
        letters.replay(chosen.id, account=None)
        print(f"replayed {chosen.id}")
        return 0
    count = 0
    for letter in letters.list("open", _SHOWN):
        letters.replay(letter.id, account=None)
        count += 1
    print(f"replayed {count}")
    return 0


def run_discard(chosen: argparse.Namespace, letters: Any) -> int:
    """Discard one letter."""
    letters.discard(chosen.id, account=None)
    print(f"discarded {chosen.id}")
    return 0


def _with_letters(command: Any, chosen: argparse.Namespace) -> int:
    """Run a command on the letters of this installation; say in a line what went wrong."""
    from store.rows import connect
    from store.settings import load_settings

    rows = connect(load_settings(postgres_user="radiotheque_operator"))
    try:
        code: int = command(chosen, rows.letters)
    except (NotFound, Conflict, Unavailable) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        rows.close()
    return code


def _summary(letter: Any) -> dict[str, Any]:
    return {
        "id": str(letter.id),
        "origin": f"{letter.topic}/{letter.partition}/{letter.offset}",
        "group": letter.group,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "state": letter.state,
        "recorded_at": letter.recorded_at.isoformat(),
        "receipt": str(letter.receipt) if letter.receipt else None,
        "bytes": len(letter.value or b""),
    }


def _readable(value: bytes | None) -> str | dict[str, str] | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
