"""Commands about films: `drop` puts them into the bucket, `predict` asks without storing."""

import argparse
import json
import math
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from radiotheque.arguments import drop_prefix
from radiotheque.regular_files import read_file
from schemas.film_files import is_manifest
from schemas.provenance import LICENCES, STATEMENT_VERSION, STATEMENTS, DepositorSays, Sharing

if TYPE_CHECKING:
    from radiotheque.drop_journal import DropJournal
    from schemas.models import ModelManifest
    from stack.state import State

#: MinIO takes this many at once well; more only queue up in it.
SENDERS: Final = 8
#: Files that are named at the end; the others were named when their turn came.
_NAMED: Final = 20


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `drop` and `predict`."""
    drop = commands.add_parser("drop", help="put films, and all under a folder, into the bucket")
    drop.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="folder whose films are dropped, at any depth, or a file; what is no film is left",
    )
    drop.add_argument(
        "--prefix", type=drop_prefix, default="", help="put before every key, as `site-a/2026`"
    )
    drop.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="what is known of the films (CheXpert's columns; docs/manifests.md), as labels.csv",
    )
    drop.add_argument("--source", help="the collection they come from, as `nih-cxr14`")
    drop.add_argument("--licence", choices=LICENCES, help="SPDX identifier")
    drop.add_argument(
        "--sharing",
        choices=get_args(Sharing),
        default="private",
        help="who may see them: this site, every site, anybody (default: private)",
    )
    drop.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="send only what is new or changed since FILE says, and note there what is sent",
    )
    add_authorised(drop)
    drop.set_defaults(run=run_drop)
    predict = commands.add_parser(
        "predict", help="print what the pipeline would say of films, storing nothing"
    )
    predict.add_argument("files", type=Path, nargs="+", metavar="FILE")
    predict.set_defaults(run=run_predict)


def add_authorised(parser: argparse.ArgumentParser) -> None:
    """Add the flag that stands for the depositor's statement."""
    parser.add_argument(
        "--i-am-authorised",
        action="store_true",
        help="state, without being asked: " + " ".join(STATEMENTS[STATEMENT_VERSION]),
    )


def ask_statement(*, authorised: bool) -> bool:
    """Print the depositor's statement and return whether it is made.

    By the flag, or by a yes on a terminal; where there is neither, it is not.
    """
    print("\n".join(STATEMENTS[STATEMENT_VERSION]), file=sys.stderr)
    if authorised:
        return True
    if not sys.stdin.isatty():
        print("drop: want --i-am-authorised, or a terminal to ask on", file=sys.stderr)
        return False
    print("[o/y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"o", "oui", "y", "yes"}


def keys_of(chosen: argparse.Namespace) -> tuple[dict[Path, str], list[Path]] | None:
    """Return the key of each file that is dropped, and the files that cannot be.

    None, having said why, where none may be. What is no film is left, and counted in one line; of
    manifests it is printed what is not understood.
    """
    from radiotheque.drop_sources import sources_of
    from radiotheque.manifest_summary import print_summary

    found = sources_of(chosen.paths, chosen.prefix, chosen.manifest)
    asked = ", ".join(str(path) for path in chosen.paths)
    if not found.there:
        print(f"drop: want a folder, or films, got {asked}", file=sys.stderr)
        return None
    if found.no_films:
        left = len(found.no_films)
        print(f"left {left} files that are no films (DICOMDIR, programs, pages, ...)")
    if not found.keys:
        print(f"drop: want a folder with films, found none under {asked}", file=sys.stderr)
        return None
    dropped = frozenset(found.keys.values())
    for path, key in found.keys.items():
        if is_manifest(key) and not print_summary(path, key, dropped):
            return None
    return found.keys, found.missed


def run_drop(chosen: argparse.Namespace) -> int:
    """Drop folders and files; 1 if one did not reach the bucket, 2 if nothing may be dropped.

    What cannot be read is said at once and once more at the end; all else is dropped.
    """
    found = keys_of(chosen)
    if found is None:
        return 2
    try:
        says = DepositorSays(
            statement=STATEMENT_VERSION,
            source=chosen.source,
            licence=chosen.licence,
            sharing=chosen.sharing,
        )
    except ValueError:
        print(f"drop: want a source of small letters, got {chosen.source!r}", file=sys.stderr)
        return 2
    if says.sharing == "open" and says.licence is None:
        print("drop: want --licence for open films, got none", file=sys.stderr)
        return 2
    if not ask_statement(authorised=chosen.i_am_authorised):
        return 2
    return _send(chosen.journal, *found, says)


def _send(
    path: Path | None, keys: Mapping[Path, str], missed: Sequence[Path], says: DepositorSays
) -> int:
    """Send all files, or what a journal does not know as it is; say what became of them."""
    from radiotheque.drop_journal import DropJournal, JournalError
    from stack.state import current_state

    if path is None:
        failed = drop_files(current_state(), keys, says)
        print(f"{len(keys) - len(failed)} of {len(keys)} files are in the bucket")
    else:
        try:
            with DropJournal.open(path) as journal:
                files = journal.compare(keys)
                to_send = {path: keys[path] for path in (*files.new, *files.changed)}
                failed = drop_files(current_state(), to_send, says, journal) if to_send else {}
        except JournalError as error:
            print(f"drop: {error}", file=sys.stderr)
            return 2
        new, changed = (sum(one not in failed for one in of) for of in (files.new, files.changed))
        missing, same = len(failed) + len(missed), len(files.unchanged)
        print(f"{new} new, {changed} changed, {same} unchanged, {missing} failed")
    _say_missing("drop", [*missed, *failed])
    return 1 if failed or missed else 0


def _say_missing(command: str, paths: Sequence[Path]) -> None:
    """Name once more what was not done: far up it is overlooked."""
    from radiotheque.drop_sources import shown

    if paths:
        named = ", ".join(shown(path) for path in paths[:_NAMED])
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        print(f"{command}: not done: {named}{more}", file=sys.stderr)


def drop_files(
    state: "State",
    keys: Mapping[Path, str],
    says: DepositorSays,
    journal: "DropJournal | None" = None,
) -> dict[Path, str]:
    """Put each file under its key, as the user that may only drop; return refusals by file.

    What the depositor says goes along as each object's metadata. What reached the bucket is noted
    in the journal, file by file.
    Shows a line of progress on standard error and each refusal, with the store's own words.
    """
    from radiotheque.drop_journal import look
    from schemas.errors import RadiothequeError
    from stack import passwords
    from store.objects import connect
    from store.settings import PREFIX, load_settings

    settings = load_settings(
        {f"{PREFIX}STATE": str(state.root)},
        s3_access_key=passwords.S3_DROP_USER,
        s3_secret_key=passwords.read_secrets(state)["s3_drop_secret"],
    )
    objects = connect(settings)
    refused: dict[Path, str] = {}
    done = 0
    counting = threading.Lock()

    def send(path: Path) -> None:
        nonlocal done
        try:
            now = look(path) if journal else None
            version = objects.put_file("dropzone", keys[path], path, says.metadata())
            if journal and now:
                journal.keep(path, keys[path], now, version)
        except (RadiothequeError, OSError, ValueError) as error:
            refused[path] = str(error)
            print(f"\r  refused {path}: {error}", file=sys.stderr)
        with counting:
            done += 1
            if done % 25 == 0 or done == len(keys):
                end = "\n" if done == len(keys) else ""
                print(f"\r  {done}/{len(keys)} files sent", end=end, file=sys.stderr, flush=True)

    with ThreadPoolExecutor(SENDERS) as senders:
        for _ in senders.map(send, keys):
            pass
    return refused


def run_predict(chosen: argparse.Namespace) -> int:
    """Print one JSON object a line, in the order given; 1 if a file was refused or unreadable."""
    refused = False
    unreadable: list[Path] = []
    for answer in predictions(chosen.files):
        refused = refused or "refused" in answer
        if "unreadable" in answer:
            unreadable.append(Path(answer["file"]))
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    _say_missing("predict", unreadable)
    return 1 if refused or unreadable else 0


def predictions(files: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield what the live model says of each file, by the pipeline's own steps.

    A file that cannot be read says so, and the next one is asked about.
    The same reader, the same looks, the same tensor, the same served model and the same states: a
    test holds these answers equal to what the pipeline stores.
    """
    import numpy as np

    from ingest.chest import ChestCheck
    from ingest.deidentify import deidentify
    from ingest.film_of_file import film_of_file
    from ingest.looks import Looks
    from ingest.text_in_film import TextLook
    from ingest.text_marks import Marks
    from ingest.text_reader import RapidReader
    from radiotheque.preparation import program_settings
    from schemas.errors import Refusal
    from schemas.film_check import flags_of, is_inverted, is_lateral, turned_check
    from stack.state import current_state
    from store.objects import connect as connect_objects
    from store.records import FormSays
    from store.rows import connect
    from workers.triton import TritonModel

    settings = program_settings(current_state())
    secret = settings.site_secret.get_secret_value()
    with (
        closing(connect(settings)) as rows,
        TritonModel(settings.triton_grpc) as triton,
    ):
        live = rows.models.live()
        if live is None:
            raise LookupError("no model is live: `radiotheque status` says what runs")
        manifest = live.manifest
        chest = ChestCheck(rows.models, connect_objects(settings), triton)
        marks = Marks(settings.own_marks.split(","))
        text = TextLook([RapidReader()], marks) if settings.look_for_text else None
        looks = Looks(rows.films, chest, text)
        for path in files:
            try:
                data = read_file(path)
            except OSError as error:
                yield {"file": str(path), "unreadable": error.strerror}
                continue
            try:
                film = film_of_file(data, settings.pixel_limit, side=manifest.side)
                here = rows.films.get(film.film)
                if here is not None and here.facts.shown_as != film.presentation:
                    film = film_of_file(
                        data,
                        settings.pixel_limit,
                        side=manifest.side,
                        presentation=here.facts.shown_as,
                    )
                known = deidentify(
                    film.says,
                    FormSays(),
                    secret=secret,
                    data_set=settings.site,
                    presentation=film.presentation,
                )
                checks = looks.look(film, known, released=False, urgent=True).checks
                checks |= turned_check(film.presentation)
            except Refusal as refusal:
                why = {"code": refusal.code, "wanted": refusal.wanted, "came": refusal.came}
                yield {"file": str(path), "refused": why}
                continue
            tensor = film.model_input(manifest.side, inverted=is_inverted(checks))
            scores = triton.score(tensor[None], str(manifest.version)).probabilities[0]
            if is_lateral(known.view, checks):
                scores = np.full_like(scores, np.nan)
            yield {
                "file": str(path),
                "radiograph": film.film,
                "model": manifest.label,
                "checks": checks,
                "flags": flags_of(checks),
                "findings": _findings(scores.tolist(), manifest),
            }


def _findings(scores: list[float], manifest: "ModelManifest") -> list[dict[str, Any]]:
    """Return what is said of each finding; a score that is not a number is not assessed."""
    from schemas.findings import FINDINGS

    found = [None if math.isnan(value) else float(value) for value in scores]
    return [
        {
            "name": name,
            "probability": value,
            "state": state,
            "reliability": manifest.reliability(name),
        }
        for name, value, state in zip(FINDINGS, found, manifest.states(found), strict=True)
    ]
