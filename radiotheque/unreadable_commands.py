"""`radiotheque unreadable`: drops whose object the store could not give, and their second chance.

Their objects stay in dropzone. Whoever has seen why (a disk, an encryption, an archive) lets
them come in again, or removes the object with any S3 client.
"""

import argparse
import json
from typing import Any
from uuid import UUID

from radiotheque import store_commands
from store.ports import Rows


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `unreadable list|again`."""
    group = commands.add_parser("unreadable", help="drops whose object could not be read")
    verbs = group.add_subparsers(dest="verb", required=True)
    shown = verbs.add_parser("list", help="longest first, one JSON object a line")
    shown.set_defaults(run=store_commands.with_rows(print_unreadable))
    again = verbs.add_parser("again", help="read one again, or all of them")
    which = again.add_mutually_exclusive_group(required=True)
    which.add_argument("receipt", type=UUID, nargs="?")
    which.add_argument("--all", action="store_true")
    again.set_defaults(run=store_commands.with_rows(read_again))


def print_unreadable(rows: Rows, arguments: argparse.Namespace) -> None:
    """Print each drop with where its object lies: its key, which may name a patient."""
    del arguments
    for receipt in rows.quarantine.unreadable():
        said = {
            "receipt": str(receipt.id),
            "bucket": receipt.bucket,
            "key": receipt.key,
            "version": receipt.version,
            "bytes": receipt.size,
            "refused_at": receipt.updated_at.isoformat(),
        }
        print(json.dumps(said))


def read_again(rows: Rows, arguments: argparse.Namespace) -> None:
    """Let one drop, or all, come in again. Raises Conflict for one that is none of them."""
    from schemas.envelope import to_message
    from schemas.events import ObjectUploaded

    site = store_commands.operator_settings().site
    chosen = [arguments.receipt] if arguments.receipt else []
    for receipt in chosen or [row.id for row in rows.quarantine.unreadable()]:
        event = to_message(ObjectUploaded(receipt=receipt), site=site)
        rows.quarantine.again(receipt, event=event)
        print(f"again {receipt}")
