"""Commands of the command line about what is kept: migrations, backups, accounts and rows.

They act as the site engineer (login role radiotheque_operator); the audit says `command line`.
"""

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, get_args
from uuid import UUID

from radiotheque.arguments import plain
from schemas.errors import RadiothequeError
from schemas.findings import FINDINGS
from store.grants import OPERATOR
from store.ports import Rows
from store.records import Account, LabelRow, LabelSource, Role
from store.settings import Settings, load_settings

Work = Callable[[Rows, argparse.Namespace], None]

#: Characters of a name and of a comment, as the API has them.
_NAME: Final = 200
_COMMENT: Final = 4000


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add this group's commands."""
    command = commands.add_parser("migrate", help="make or update the database")
    command.set_defaults(run=_told(migrate))
    for name, says, work in (
        ("save", "write the whole database to a file", save),
        ("restore", "fill an empty database from a saved file", restore),
    ):
        command = commands.add_parser(name, help=says)
        command.add_argument("file", type=Path)
        command.set_defaults(run=_told(work))
    _register_export(commands)
    _register_accounts(commands)
    _register_rows(commands)


def _register_export(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `export`, which has two meanings: the library as a zip, and a run's model."""
    command = commands.add_parser(
        "export",
        help="write films, labels, verdicts and embeddings as CSV in a zip; or a run's model",
    )
    command.add_argument("what", type=Path, metavar="FILE.zip|RUN")
    command.add_argument("--name", help="of a run's model; the backbone's unless it is said")
    command.set_defaults(run=_told(export))


def _register_accounts(commands: "argparse._SubParsersAction[Any]") -> None:
    group = commands.add_parser("account", help="people and programs that sign in")
    verbs = group.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser("add", help="add an account; its password is read from the terminal")
    add.add_argument("name", type=plain(_NAME))
    add.add_argument("--role", choices=get_args(Role), default="viewer")
    add.add_argument(
        "--site",
        type=plain(_NAME),
        help="another site than this installation's: it sees its own films",
    )
    role = verbs.add_parser("role", help="give another role")
    role.add_argument("name", type=plain(_NAME))
    role.add_argument("role", choices=get_args(Role))
    for name, says in (
        ("remove", "remove an account; its words stay under its pseudonym"),
        ("password", "give a new password, read from the terminal"),
        ("token", "add a bearer token and print it, once"),
    ):
        verbs.add_parser(name, help=says).add_argument("name", type=plain(_NAME))
    verbs.add_parser("list", help="list all accounts")
    for name, work in (
        ("add", add_account),
        ("role", set_role),
        ("remove", remove_account),
        ("password", set_password),
        ("token", add_token),
        ("list", list_accounts),
    ):
        verbs.choices[name].set_defaults(run=with_rows(work))


def _register_rows(commands: "argparse._SubParsersAction[Any]") -> None:
    audit = commands.add_parser("audit", help="print the journal, newest first, one JSON a line")
    audit.add_argument("--limit", type=int, default=100)
    audit.set_defaults(run=with_rows(print_audit))

    label = commands.add_parser("label", help="add or remove a label of a film")
    label.add_argument("verb", choices=("add", "remove"))
    label.add_argument("film", type=plain(_NAME))
    label.add_argument("finding", choices=FINDINGS, metavar="FINDING")
    label.add_argument("--value", type=int, choices=(1, 0, -1), default=1)
    label.add_argument("--source", choices=get_args(LabelSource), default="imported")
    label.add_argument("--author", type=plain(_NAME), required=True)
    label.set_defaults(run=with_rows(change_label))

    comment = commands.add_parser("comment", help="add a comment as somebody, or remove one")
    verbs = comment.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser("add")
    for name, longest in (("film", _NAME), ("account", _NAME), ("text", _COMMENT)):
        add.add_argument(name, type=plain(longest))
    add.set_defaults(run=with_rows(add_comment))
    remove = verbs.add_parser("remove")
    remove.add_argument("comment", type=UUID)
    remove.set_defaults(run=with_rows(remove_comment))

    embedding = commands.add_parser("embedding", help="add or remove a film's embedding")
    embedding.add_argument("verb", choices=("add", "remove"))
    embedding.add_argument("film", type=plain(_NAME))
    embedding.add_argument("version", type=plain(_NAME))
    embedding.add_argument("--file", type=Path, help="512 numbers as JSON (add)")
    embedding.set_defaults(run=with_rows(change_embedding))


@contextmanager
def _rows() -> Iterator[Rows]:
    from store.rows import connect

    rows = connect(operator_settings(), most=1)
    try:
        yield rows
    finally:
        rows.close()


def operator_settings() -> Settings:
    """Return the settings of the command line's login role."""
    return load_settings(postgres_user=OPERATOR)


def _told(work: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Return the command with its refusals told in one line, exit code 1."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            return work(arguments)
        except (RadiothequeError, ValueError, FileNotFoundError) as error:
            print(error, file=sys.stderr)
            return 1

    return run


def with_rows(work: Work) -> Callable[[argparse.Namespace], int]:
    """Return the command that does this work on the rows, as the site engineer."""

    def run(arguments: argparse.Namespace) -> int:
        with _rows() as rows:
            work(rows, arguments)
        return 0

    return _told(run)


def migrate(arguments: argparse.Namespace) -> int:
    """Make roles, tables and functions what this version expects."""
    from store.migrate import migrate as run

    del arguments
    settings = _with_admin()
    run(settings)
    print(f"database {settings.postgres_database}: up to date")
    return 0


def _with_admin() -> Settings:
    """Return settings with the administrator's password: given, else the native stack's own."""
    from stack.passwords import read_secrets
    from stack.settings_file import admin_environment
    from stack.state import current_state

    given = operator_settings()
    if given.postgres_admin_password is not None:
        return given
    kept = admin_environment(read_secrets(current_state()))
    password = kept["RADIOTHEQUE_POSTGRES_ADMIN_PASSWORD"]
    return load_settings(postgres_user=OPERATOR, postgres_admin_password=password)


def export(arguments: argparse.Namespace) -> int:
    """Write the library as CSV files in a zip; or a run's model, where a folder is named."""
    from radiotheque import training_commands
    from store.backup import export as run

    if arguments.what.is_dir():
        name = [] if arguments.name is None else ["--name", arguments.name]
        words = [str(arguments.what), *name]
        return training_commands.run(argparse.Namespace(command="export", words=words))
    if arguments.what.suffix.lower() != ".zip" or arguments.name is not None:
        wanted = "wanted a run's folder, or a file .zip for the library"
        print(f"radiotheque export: {wanted}; came {arguments.what}", file=sys.stderr)
        return 2
    counts = run(operator_settings(), arguments.what)
    print(", ".join(f"{name}: {count} rows" for name, count in counts.items()))
    return 0


def save(arguments: argparse.Namespace) -> int:
    """Write the whole database to a file."""
    from stack.postgres_server import binaries
    from store.backup import save as run

    run(operator_settings(), arguments.file, binaries() / "pg_dump")
    print(f"saved to {arguments.file}")
    return 0


def restore(arguments: argparse.Namespace) -> int:
    """Fill an empty database from a saved file."""
    from stack.postgres_server import binaries
    from store.backup import restore as run

    settings = _with_admin()
    run(settings, arguments.file, binaries() / "pg_restore")
    print(f"restored into database {settings.postgres_database}")
    return 0


def _named(rows: Rows, name: str) -> Account:
    for account in rows.accounts.list(by=None):
        if account.name.lower() == name.lower():
            return account
    raise ValueError(f"account {name!r}: there is none")


def _password() -> str:
    """Return the hash of a password read from the terminal, or from a pipe's first line."""
    from web.accounts import hash_password

    if sys.stdin.isatty():
        word = getpass.getpass("password: ")
    else:
        word = sys.stdin.readline().rstrip("\n")
    return hash_password(word)


def add_account(rows: Rows, arguments: argparse.Namespace) -> None:
    """Add an account."""
    account = rows.accounts.add(
        arguments.name, arguments.role, _password(), by=None, site=arguments.site
    )
    print(f"{account.name}: {account.role}, pseudonym {account.pseudonym}")


def set_role(rows: Rows, arguments: argparse.Namespace) -> None:
    """Give another role."""
    rows.accounts.set_role(_named(rows, arguments.name).id, arguments.role, by=None)


def remove_account(rows: Rows, arguments: argparse.Namespace) -> None:
    """Remove an account."""
    rows.accounts.remove(_named(rows, arguments.name).id, by=None)


def set_password(rows: Rows, arguments: argparse.Namespace) -> None:
    """Give a new password."""
    account = _named(rows, arguments.name)
    rows.accounts.set_password(account.id, _password(), by=None)


def add_token(rows: Rows, arguments: argparse.Namespace) -> None:
    """Add a bearer token and print it: only its hash is kept."""
    from web.accounts import new_token, token_hash

    token = new_token()
    account = _named(rows, arguments.name)
    rows.accounts.add_token(account.id, token_hash(token), "command line", by=None)
    print(token)


def list_accounts(rows: Rows, arguments: argparse.Namespace) -> None:
    """Print all accounts."""
    del arguments
    for account in rows.accounts.list(by=None):
        print(f"{account.name}\t{account.role}\t{account.pseudonym}")


def print_audit(rows: Rows, arguments: argparse.Namespace) -> None:
    """Print the journal."""
    for row in rows.audit.list(by=None, limit=arguments.limit):
        print(json.dumps(asdict(row) | {"at": row.at.isoformat()}, ensure_ascii=False))


def change_label(rows: Rows, arguments: argparse.Namespace) -> None:
    """Add or remove a label."""
    at = (arguments.finding, arguments.source, arguments.author)
    if arguments.verb == "remove":
        rows.films.remove_label(arguments.film, *at)
        return
    finding, source, author = at
    row = LabelRow(finding, arguments.value, source, author, datetime.now(UTC))
    rows.films.add_labels(arguments.film, [row])


def add_comment(rows: Rows, arguments: argparse.Namespace) -> None:
    """Add a comment in somebody's name."""
    account = _named(rows, arguments.account)
    print(rows.readings.comment(arguments.film, arguments.text, account=account.id).id)


def remove_comment(rows: Rows, arguments: argparse.Namespace) -> None:
    """Remove a comment."""
    rows.readings.remove_comment(arguments.comment, account=None)


def change_embedding(rows: Rows, arguments: argparse.Namespace) -> None:
    """Add or remove an embedding."""
    if arguments.verb == "remove":
        rows.vectors.remove(arguments.film, arguments.version)
        return
    import numpy as np

    if arguments.file is None:
        raise ValueError("--file: wanted a file of 512 numbers as JSON")
    values = np.array(json.loads(arguments.file.read_text()), np.float32)
    length = float(np.linalg.norm(values))
    if values.shape != (512,) or abs(length - 1) > 1e-2:
        raise ValueError(f"wanted 512 numbers of length 1, came {values.shape}, {length:.3f}")
    rows.vectors.add(arguments.film, arguments.version, values)
