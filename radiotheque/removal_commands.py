"""Commands that remove: a film or a patient everywhere, and what lets them be dropped again."""

import argparse
import getpass
import json
import re
import sys
from dataclasses import asdict
from typing import Any

from radiotheque import store_commands
from radiotheque.arguments import plain
from store.ports import Rows


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `film` and `patient`."""
    film = commands.add_parser("film", help="remove a film, or lift its erasure")
    film.add_argument("verb", choices=("remove", "lift"))
    film.add_argument("film", type=plain(64))
    film.set_defaults(run=store_commands.with_rows(change_film))

    patient = commands.add_parser("patient", help="erase all films of a patient, or lift that")
    verbs = patient.add_subparsers(dest="verb", required=True)
    for verb, says in (
        ("erase", "erase every film of a patient everywhere, and refuse new ones"),
        ("lift", "let the films of an erased patient be dropped again"),
    ):
        command = verbs.add_parser(verb, help=says)
        command.add_argument("code", nargs="?", help="the patient's pseudonym")
        command.add_argument(
            "--id",
            dest="identity",
            help="the patient's own id, hashed here and never shown; - reads it from the terminal",
        )
        command.add_argument("--issuer", help="who gave that id; without it this site")
        command.set_defaults(run=store_commands.with_rows(change_patient))


def change_film(rows: Rows, arguments: argparse.Namespace) -> None:
    """Remove a film, leaving a tombstone; or lift it."""
    if arguments.verb == "remove":
        rows.films.erase(arguments.film, account=None)
    else:
        rows.films.lift_erasure(arguments.film, account=None)


def change_patient(rows: Rows, arguments: argparse.Namespace) -> None:
    """Erase a patient's films and print which, with those to decide about; or lift that."""
    from store.removal import erase_patient

    patient = _code(arguments)
    if arguments.verb == "lift":
        rows.patients.lift(patient, account=None)
        return
    print(json.dumps({"patient": patient} | asdict(erase_patient(rows, patient, account=None))))


def _code(arguments: argparse.Namespace) -> str:
    """Return the pseudonym that the arguments name. Raises ValueError, never with the id in it."""
    from schemas.identities import patient_code

    if (arguments.code is None) == (arguments.identity is None):
        raise ValueError("wanted either a pseudonym or --id, came both or neither")
    if arguments.code is not None:
        # An id typed here by mistake must reach neither the database nor its log.
        if not re.fullmatch("[0-9a-f]{32}", arguments.code):
            raise ValueError(
                "wanted a pseudonym of 32 hex digits; a patient's own id goes by --id"
            )
        return str(arguments.code)
    settings = store_commands.operator_settings()
    identity = _read() if arguments.identity == "-" else arguments.identity
    issuer = settings.site if arguments.issuer is None else arguments.issuer
    return patient_code(settings.site_secret.get_secret_value(), issuer, identity)


def _read() -> str:
    """Return the id from the terminal, where no history keeps it, or from a pipe's first line."""
    if sys.stdin.isatty():
        return getpass.getpass("patient id: ")
    return sys.stdin.readline().rstrip("\n")
