"""`radiotheque demo`: the whole system with films in it, and what to try with it.

Installs, starts, drops films in bulk as a site would (with the user that may only drop), follows
each to its end, and says where to look. It returns 0 only when every process is healthy and every
film that was not refused is analysed and found by its look-alikes.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from radiotheque.film_commands import ask_statement, drop_files
from radiotheque.preparation import program_settings
from schemas.film_files import ENDINGS
from schemas.provenance import STATEMENT_VERSION, DepositorSays
from stack import lifecycle, passwords
from stack.services import SERVICES
from stack.state import State, current_state
from stack.status import take_status
from store.ports import Rows
from store.records import FINAL_STATES, Receipt

PHANTOMS: Final = 48
#: A demo that sees nothing change for this long has failed, and says so.
PATIENCE_S: Final = 180.0
#: The project draws them itself: they show nobody, and it may say so for whoever runs the demo.
PHANTOMS_SAY: Final = DepositorSays(
    statement=STATEMENT_VERSION, source="phantom", licence="CC0-1.0", sharing="open"
)


class DemoFailedError(RuntimeError):
    """The demo did not come to its end; the message says at what."""


@dataclass
class Dropped:
    """A dropped film: its key in the bucket, and its receipt once there is one."""

    key: str
    receipt: Receipt | None = None

    @property
    def state(self) -> str:
        """Return the receipt's state; `waiting` before there is one."""
        return self.receipt.state if self.receipt else "waiting"


def run_demo(chosen: argparse.Namespace) -> int:
    """Run the whole demo, saying each step."""
    state = current_state()
    print("==> 1/4 installing and starting")
    lifecycle.up(state)
    print("==> 2/4 films")
    folder = Path(chosen.films).resolve() if chosen.films else draw_phantoms(state)
    paths = films_in(folder)
    says = PHANTOMS_SAY
    if chosen.films:
        if not ask_statement(authorised=chosen.i_am_authorised):
            raise DemoFailedError("these films are not stated to be yours to deposit")
        says = DepositorSays(statement=STATEMENT_VERSION)
    print(f"==> 3/4 dropping {len(paths)} films into the bucket")
    prefix = f"demo/{time.strftime('%Y%m%d-%H%M%S')}/"
    dropped = drop(state, folder, paths, prefix, says)
    began = time.monotonic()
    print("==> 4/4 following each film to its end")
    films = follow(state, dropped, began)
    require_health(state)
    say_what_to_try(state, films)
    refused = [film for film in dropped if film.state != "analysed"]
    if refused and not chosen.films:
        raise DemoFailedError(f"{len(refused)} phantom films were not analysed")
    return 0


def draw_phantoms(state: State) -> Path:
    """Draw the phantom films, unless they are there, and return their folder."""
    from stack.phantoms import write_films

    folder = state.root / "phantoms"
    if len(films_in(folder, none_is_fine=True)) != PHANTOMS:
        folder.mkdir(exist_ok=True)
        write_films(folder, PHANTOMS)
    print(f"  {PHANTOMS} phantom films are drawn (synthetic: they show nobody)")
    return folder


def films_in(folder: Path, *, none_is_fine: bool = False) -> list[Path]:
    """Return the files under a folder that are films by their names, in order."""
    files = (path for path in folder.rglob("*") if path.is_file())
    found = sorted(path for path in files if path.suffix.lower() in ENDINGS)
    if not found and not none_is_fine:
        raise DemoFailedError(
            "want a folder of PNG, JPEG, TIFF, JPEG XL or DICOM (.dcm) films, found none under"
            f" {folder}"
        )
    return found


def drop(
    state: State, folder: Path, paths: Sequence[Path], prefix: str, says: DepositorSays
) -> list[Dropped]:
    """Put every film into dropzone, as `radiotheque drop` does; return their keys."""
    began = time.monotonic()
    keys = {path: f"{prefix}{path.relative_to(folder).as_posix()}" for path in paths}
    failed = drop_files(state, keys, says)
    if failed:
        raise DemoFailedError(f"{len(failed)} films did not reach the bucket")
    seconds = time.monotonic() - began
    print(f"  {len(paths)} films in {seconds:.1f} s ({len(paths) / seconds:.0f} a second)")
    return [Dropped(key) for key in keys.values()]


def follow(state: State, dropped: list[Dropped], began: float) -> list[str]:
    """Wait until every film is at its end and searchable; return the analysed films' ids."""
    from store.rows import connect

    rows = connect(program_settings(state))
    try:
        wait_for_all(rows, dropped, began)
        receipts = (film.receipt for film in dropped if film.receipt)
        films = sorted({receipt.film for receipt in receipts if receipt.film})
        require_searchable(rows, films)
    finally:
        rows.close()
    return films


def wait_for_all(rows: Rows, dropped: list[Dropped], began: float) -> None:
    """Poll the receipts until each is final, saying how many are where."""
    changed_at = time.monotonic()
    before: Counter[str] = Counter()
    while True:
        for film in dropped:
            if film.state not in FINAL_STATES:
                found = rows.receipts.find("dropzone", film.key, limit=1)
                film.receipt = found[0] if found else None
        now = Counter(film.state for film in dropped)
        if now != before:
            seconds = time.monotonic() - began
            counts = ", ".join(f"{count} {name}" for name, count in sorted(now.items()))
            print(f"  {seconds:5.1f} s: {counts}", flush=True)
            before, changed_at = now, time.monotonic()
        if all(film.state in FINAL_STATES for film in dropped):
            seconds = time.monotonic() - began
            print(f"  {len(dropped) / seconds:.1f} films a second from bucket to findings")
            return
        if time.monotonic() - changed_at > PATIENCE_S:
            raise DemoFailedError(f"nothing changed for {PATIENCE_S:.0f} s: {dict(now)}")
        time.sleep(0.5)


def require_searchable(rows: Rows, films: Sequence[str]) -> None:
    """Raise DemoFailedError unless every film has look-alikes."""
    for film in films:
        _, nearest = rows.vectors.nearest(film, count=12)
        if not nearest and len(films) > 1:
            raise DemoFailedError(f"film {film} is analysed but finds no look-alike")
    print(f"  {len(films)} films are searchable by their picture")


def require_health(state: State) -> None:
    """Raise DemoFailedError unless every process is healthy within a minute."""
    lifecycle.wait_until_healthy(state, SERVICES, within_s=60)


def say_what_to_try(state: State, films: Sequence[str]) -> None:
    """Print the address, the account and what to try."""
    kept = passwords.read_secrets(state)
    status = take_status(state)
    print(
        f"""
Radiothèque runs, with {len(films)} films in its library.

  Open        {status["web"]["url"]}
  Sign in as  {passwords.WEB_USER}
  Password    {kept["web_password"]}

What to try:
  - Dépôt: drop the two phantom films of demo/ and watch them get their findings.
  - Clichés: open a film, show the map of a finding, look at its most alike films.
  - Système: kill a process (`kill -9`) and watch it come back with nothing lost.
  - .venv/bin/radiotheque drop DIR   drops a folder into the bucket ({status["s3"]["endpoint"]}).
  - make status, make logs, make down.

Research use only: this is not a medical device."""
    )
