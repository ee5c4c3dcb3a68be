"""Commands of the command line about what is kept: migrations, backups, accounts and rows."""

import argparse
from typing import Any

from store.settings import load_settings


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add this group's commands."""
    command = commands.add_parser("migrate", help="make or update the database")
    command.set_defaults(run=migrate)


def migrate(arguments: argparse.Namespace) -> int:
    """Make roles, tables and functions what this version expects."""
    from store.migrate import migrate as run

    del arguments
    settings = load_settings()
    run(settings)
    print(f"database {settings.postgres_database}: up to date")
    return 0
