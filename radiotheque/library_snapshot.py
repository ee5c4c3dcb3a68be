"""The library's labelled films as a folder in CheXpert's form, which the training reads.

`ROOT/films/` holds each film's stored PNG, marked with how it is shown (schemas/marked_png.py), so
that a fit eats what the served model does; a train.csv names them, their labels and codes. A film
is fetched once. What is no longer learned from (erased, private again) goes from ROOT with the
next snapshot, and every older train.csv that names it.
"""

import csv
import fcntl
import hashlib
import io
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from radiotheque.library_labels import left_out, settled
from schemas.errors import BadObject, NotFound, Unavailable
from schemas.film_check import is_inverted, is_lateral
from schemas.findings import FINDINGS
from schemas.marked_png import Mark, marked
from store.ports import Objects, rendition_key
from store.records import FilmRow

_READERS: Final = 8
_FILMS: Final = "films"
_TRAIN: Final = "train.csv"
#: Tells that a folder is a snapshot's: no other folder is written into.
_LOCK: Final = ".snapshot-of-the-library"
_OURS: Final = re.compile(r"[0-9a-f]{64}(-[0-9a-f]{8})?\.png(\.part)?")
_BY_CONTENT: Final = re.compile(r"[0-9a-f]{16}")
_SEXES: Final = {"M": "Male", "F": "Female"}
_COLUMNS: Final = (
    *("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA"),
    *FINDINGS,
    *("Patient", "Source", "Infant"),
)


class SnapshotRefusedError(Exception):
    """There is nothing to learn from, or no place for it; says why in one line."""


@dataclass(frozen=True)
class Snapshot:
    """folder: with train.csv, of `films` films. fetched: how many of them were new."""

    folder: Path
    films: int
    fetched: int
    left_out: Counter[str]

    def __str__(self) -> str:
        said = f"labelled films: {self.films:,}, new ones: {self.fetched:,}, in {self.folder}"
        return said + _counted(self.left_out)


def library_snapshot(root: Path | None) -> Snapshot:
    """Take a snapshot of the running library into a folder; the state folder's own where None.

    Raises SnapshotRefusedError, Unavailable, OSError.
    """
    from radiotheque.preparation import program_settings
    from stack.state import current_state
    from store.labelled_films import labelled_films
    from store.objects import connect as connect_objects
    from store.rows import connect

    state = current_state()
    if not state.settings_file.exists():
        raise Unavailable("stack", f"{state.root} has no settings")
    settings = program_settings(state)
    with closing(connect(settings, most=1)) as rows:
        return write_snapshot(
            labelled_films(rows.database),
            connect_objects(settings),
            state.data("library") if root is None else root.absolute(),
            by_content=root is None,
        )


def write_snapshot(
    rows: Iterable[FilmRow], objects: Objects, root: Path, *, by_content: bool
) -> Snapshot:
    """Write the films to learn from under a folder; return where train.csv lies.

    by_content: in a folder of `root` named by the hash of train.csv, so that several snapshots
    share the films; else in `root` itself. Files have mode 0600, folders 0700.
    Raises SnapshotRefusedError where no film is left or `root` holds something else, Unavailable,
    OSError.
    """
    with _taken(root):
        learned: dict[str, FilmRow] = {}
        out: Counter[str] = Counter()
        for row in rows:
            why = left_out(row)
            if why is None:
                learned[_name(row)] = row
            else:
                out[why] += 1
        folder = _folder(root / _FILMS)
        kept = {file.name for file in folder.iterdir()}
        new = [name for name in learned if name not in kept]
        lost = _fetch(new, learned, objects, folder)
        for name, why in lost.items():
            del learned[name]
            out[why] += 1
        _forget(root, learned)
        if not learned:
            raise SnapshotRefusedError(
                "the library has no film to learn from: wanted films with a physician's or an"
                f" imported label{_counted(out)}"
            )
        text = _csv(learned)
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        there = _folder(root / name) if by_content else root
        _write(there / _TRAIN, text.encode())
        return Snapshot(there, len(learned), len(new) - len(lost), out)


def _counted(out: Counter[str]) -> str:
    if not out:
        return ""
    said = ", ".join(f"{count:,} {why}" for why, count in sorted(out.items()))
    return f"; left out: {said}"


@contextmanager
def _taken(root: Path) -> Iterator[None]:
    """Make the folder this command's own until the end; another one waits.

    Raises SnapshotRefusedError for a folder that holds something else.
    """
    if root.is_dir() and not (root / _LOCK).exists() and any(root.iterdir()):
        raise SnapshotRefusedError(
            f"wanted a new folder or a snapshot of the library; {root} holds something else"
        )
    _folder(root)
    with os.fdopen(_private(root / _LOCK), "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def _private(path: Path, flags: int = 0) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)


def _write(file: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    with os.fdopen(_private(part, os.O_TRUNC), "wb") as opened:
        opened.write(data)
    part.replace(file)


def _mark(row: FilmRow) -> Mark:
    film = row.film
    return Mark(presentation=film.facts.shown_as, inverted=is_inverted(film.checks))


def _name(row: FilmRow) -> str:
    """Return the file's name: the film, and what it is marked with."""
    said = _mark(row).text
    how = f"-{hashlib.sha256(said.encode()).hexdigest()[:8]}" if said else ""
    return f"{row.film.id}{how}.png"


def _fetch(
    names: list[str], rows: dict[str, FilmRow], objects: Objects, folder: Path
) -> dict[str, str]:
    """Fetch these films, several at once; return those that could not be, and why."""
    from training.progress import Progress

    def fetch(name: str) -> str | None:
        row = rows[name]
        try:
            png = objects.read("radiographs", rendition_key(row.film.id, "full"))
            _write(folder / name, marked(png, _mark(row)))
        except NotFound:
            return "whose picture is gone"
        except (BadObject, ValueError):
            return "whose picture cannot be read"
        return None

    lost: dict[str, str] = {}
    progress = Progress("films fetched", len(names), stream=sys.stderr)
    with ThreadPoolExecutor(_READERS) as readers:
        try:
            for done, (name, why) in enumerate(zip(names, readers.map(fetch, names), strict=True)):
                progress.at(done + 1)
                if why is not None:
                    lost[name] = why
        except BaseException:
            readers.shutdown(wait=True, cancel_futures=True)
            raise
    return lost


def _forget(root: Path, learned: dict[str, FilmRow]) -> None:
    """Remove films that are not learned from, and older snapshots that name one."""
    for file in (root / _FILMS).iterdir():
        if file.name not in learned and _OURS.fullmatch(file.name):
            file.unlink()
    for table in (root / _TRAIN, *root.glob(f"*/{_TRAIN}")):
        ours = table.parent == root or _BY_CONTENT.fullmatch(table.parent.name)
        if not ours or not table.is_file():
            continue
        with table.open(newline="") as opened:
            named = {
                (line.get("Path") or "").removeprefix(f"{_FILMS}/")
                for line in csv.DictReader(opened)
            }
        if named <= learned.keys():
            continue
        table.unlink()
        if table.parent != root:
            shutil.rmtree(table.parent)


def _csv(learned: dict[str, FilmRow]) -> str:
    """Return train.csv: codes only, a blank for what is not known."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for name, row in learned.items():
        film, labels = row.film, settled(row.labels)
        lateral = is_lateral(film.view, film.checks)
        age = film.facts.age
        lines.writerow(
            [
                f"{_FILMS}/{name}",
                _SEXES.get(film.facts.sex or "", ""),
                "" if age is None else age,
                "Lateral" if lateral else "Frontal",
                film.view if film.view in {"AP", "PA"} and not lateral else "",
                *(f"{labels[finding]}.0" if finding in labels else "" for finding in FINDINGS),
                film.patient,
                film.site,
                1 if age == 0 else "",
            ]
        )
    return out.getvalue()
