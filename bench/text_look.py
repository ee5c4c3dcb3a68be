"""Measure the look for text: what it finds, what it takes for text, and what it costs.

`python -m bench.text_look [--films DIR] [--count N] [--json FILE]`: names, dates and numbers are
burned into phantoms (or into the films of a folder, which stay here) in eight sizes, light and
dark, at corners, borders and in the middle (bench/burned_in.py); as many films show marks alone.
Each is looked at twice: by the detector on the whole film, which is what the cheap first look is
measured against, and as ingest does. Nothing is stored and no service is asked.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.burned_in import INKS, SHARES, Writing, marked, written
from ingest.renditions import develop
from ingest.text_in_film import may_name, picture_of
from ingest.text_marks import Marks
from ingest.text_reader import RapidReader
from stack.phantoms import draw, to_8_bits

SIDES: Final = (512, 1024, 1600)
LOOKS: Final = ("whole", "places")
MARKS: Final = Marks()


@dataclass(frozen=True)
class Seen:
    """One film looked at: what is written on it (None: marks alone), and by which look."""

    writing: Writing | None
    look: str
    found: bool
    seconds: float


def look(reader: RapidReader, display: bytes) -> tuple[bool, float]:
    """Return whether there is text that may name somebody, and the processor time in seconds."""
    began = time.process_time()
    lines = reader.read(picture_of(display))
    found = any(may_name(line, MARKS) for line in lines)
    return found, time.process_time() - began


def cases(
    clean: Sequence[NDArray[np.uint8]], count: int
) -> Iterator[tuple[Writing | None, NDArray[np.uint8]]]:
    """Yield `count` films with something to find, and as many with marks alone."""
    for number in range(count):
        film = clean[number % len(clean)]
        writing = Writing.of(number)
        yield writing, written(film, writing, number)
        yield None, marked(film, number)


def measure(
    clean: Sequence[NDArray[np.uint8]], count: int, say: Callable[[int], None]
) -> list[Seen]:
    """Return every case seen by both looks, in turn, so that other work slows both alike."""
    readers = {"whole": RapidReader(whole=True), "places": RapidReader()}
    for reader in readers.values():
        reader.read(to_8_bits(draw(1, 512)))
    seen = []
    for number, (writing, film) in enumerate(cases(clean, count)):
        display = develop(film).display
        for name, reader in readers.items():
            found, seconds = look(reader, display)
            seen.append(Seen(writing, name, found, seconds))
        say(number + 1)
    return seen


def table(seen: Sequence[Seen]) -> dict[str, dict[str, float]]:
    """Return by row and look: films found of films with text, false alarms, milliseconds."""
    rows: dict[str, dict[str, float]] = {}

    def share(name: str, chosen: Callable[[Seen], bool]) -> None:
        some = [one for one in seen if chosen(one)]
        if some:
            rows[name] = {
                kind: float(np.mean([one.found for one in some if one.look == kind]))
                for kind in LOOKS
            }

    for size in SHARES:
        share(
            f"1/{size} of the height",
            lambda one, size=size: one.writing is not None and one.writing.share == size,  # type: ignore[misc]
        )
    for ink in INKS:
        share(ink, lambda one, ink=ink: one.writing is not None and one.writing.ink == ink)  # type: ignore[misc]
    share("all with text", lambda one: one.writing is not None)
    share("marks alone: false alarms", lambda one: one.writing is None)
    rows["processor ms a film, median"] = {
        kind: float(np.median([one.seconds for one in seen if one.look == kind])) * 1000
        for kind in LOOKS
    }
    both = list(zip(seen[::2], seen[1::2], strict=True))
    rows["found by this look alone"] = {
        "whole": float(sum(a.found and not b.found for a, b in both if a.writing)),
        "places": float(sum(b.found and not a.found for a, b in both if a.writing)),
    }
    return rows


def films_of(folder: Path | None) -> list[NDArray[np.uint8]]:
    """Return the films to write on: phantoms of three sizes, or a folder's PNG and JPEG files."""
    if folder is None:
        return [to_8_bits(draw(seed, SIDES[seed % len(SIDES)])) for seed in range(12)]
    paths = sorted(path for path in folder.rglob("*") if path.suffix in {".png", ".jpg"})
    return [np.asarray(Image.open(path).convert("L")) for path in paths[::7]]


def main() -> int:
    """Measure, print the table, write the JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--films", type=Path, help="a folder to write on (else phantoms)")
    arguments.add_argument("--count", type=int, default=120, help="films with something to find")
    arguments.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = arguments.parse_args()
    clean = films_of(chosen.films)

    def say(done: int) -> None:
        if done % 40 == 0:
            print(f"  {done} of {2 * chosen.count} ...", file=sys.stderr, flush=True)

    rows = table(measure(clean, chosen.count, say))
    print(f"{'':32} {'whole film':>10} {'places':>10}")
    for name, row in rows.items():
        print(f"{name:32} {row['whole']:10.3g} {row['places']:10.3g}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
