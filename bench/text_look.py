"""Measure the look for text: what it finds, what it takes for text, and what it costs.

`python -m bench.text_look [--films DIR] [--count N] [--json FILE]`: names, dates and numbers are
burned into phantoms (or into the films of a folder, which stay here) in eight sizes, five inks,
four turns and both mirrors, at corners, borders and in the middle (bench/burned_in.py); as many
films show marks alone, lines of technique, and a name in such a line (bench/mark_places.py); some
have faint writing (bench/faint.py). Each is looked at in the display alone and, as ingest
does, in the samples too. Nothing is stored and no service is asked.
"""

import argparse
import json
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.burned_in import Writing, marked, written
from bench.faint import collimated, faintly, of_12_bits
from bench.mark_places import DATES, NAMES, NUMBERS, TECHNIQUE_LINES
from ingest.renditions import Developed, develop
from ingest.text_in_film import TextLook, picture_of
from ingest.text_marks import Marks
from ingest.text_reader import RapidReader
from schemas.errors import Doubt
from stack.phantoms import draw, to_8_bits

SIDES: Final = (512, 1024, 1600)
MARKS: Final = Marks()
#: Levels of 4,095 of faint writing in a border, and across the film.
IN_A_BORDER: Final = (12, 24, 48)
ANYWHERE: Final = (96, 192, 384)
_SIDE_OF_FAINT: Final = 1280
_TURNS: Final = ("upright", "running up", "upside down", "running down")
#: Width and height of what the cost is told of.
COSTS: Final = ((512, 512), (768, 768), (2000, 2500))
Film = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """A film to look at, and the rows of the table that it counts in."""

    film: Film
    rows: tuple[str, ...]


def cases(clean: Sequence[NDArray[np.uint8]], count: int) -> Iterator[Case]:
    """Yield `count` films with something to find, and as many of each other kind."""
    for number in range(count):
        film = clean[number % len(clean)]
        writing = Writing.of(number)
        writing = replace(writing, turns=number // 8 % 4, mirrored=number // 32 % 2 == 1)
        turn = ("mirrored, " if writing.mirrored else "") + _TURNS[writing.turns]
        size = f"1/{writing.share} of the height"
        rows = ("all with text", size, writing.ink, writing.place, turn)
        yield Case(written(film, writing, number), rows)
        yield Case(marked(film, number), ("marks alone: held",))
        line = TECHNIQUE_LINES[number % len(TECHNIQUE_LINES)]
        name = (*NAMES, *DATES, *NUMBERS)[number % len((*NAMES, *DATES, *NUMBERS))]
        printed = replace(writing, share=(50, 40, 30)[number % 3], ink="light", place="corner")
        printed = replace(printed, turns=0, mirrored=False)
        # The other typefaces have no accents, as many machines.
        if printed.face != "outline":
            line, name = plain(line), plain(name)
        told = written(film, replace(printed, text=line), number)
        yield Case(told, ("words of technique: held",))
        beside = written(film, replace(printed, text=f"{line} {name}"), number)
        yield Case(beside, ("a name beside words of technique",))


def plain(text: str) -> str:
    """Return text without accents."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def faint_cases(clean: Sequence[NDArray[np.uint8]], count: int) -> Iterator[Case]:
    """Yield films with faint writing, of 12 bits, 1,280 pixels a side."""
    for number in range(count):
        film = of_12_bits(clean[number % len(clean)], _SIDE_OF_FAINT, number)
        writing = replace(Writing.of(number), share=(64, 50, 40, 30, 20, 12)[number % 6])
        border = collimated(film, number)
        for levels in IN_A_BORDER:
            row = f"faint in a border, {levels} of 4,095"
            made = faintly(border, replace(writing, place="corner"), number, levels)
            yield Case(made, (row,))
            yield Case(np.ascontiguousarray(np.rot90(made, 3)[:, ::-1]), (f"{row}, turned",))
        for levels in ANYWHERE:
            row = f"faint in the film, {levels} of 4,095"
            yield Case(faintly(film, writing, number, levels), (row,))


def measure(clean: Sequence[NDArray[np.uint8]], count: int) -> dict[str, dict[str, float]]:
    """Return by row and look the share of films that are held."""
    reader = RapidReader()
    look = TextLook([reader], MARKS)
    seen: dict[str, list[tuple[bool, bool]]] = {}
    films = chain(cases(clean, count), faint_cases(clean, count // 2))
    for number, case in enumerate(films, 1):
        film = develop(case.film)
        shown = look.count_in(reader, picture_of(film.display)) > 0
        both = shown, shown or held(look, film)
        for row in case.rows:
            seen.setdefault(row, []).append(both)
        if number % 100 == 0:
            print(f"  {number} films ...", file=sys.stderr, flush=True)
    return shares(seen)


def shares(seen: Mapping[str, Sequence[tuple[bool, bool]]]) -> dict[str, dict[str, float]]:
    """Return by row the share of films held by the display alone and by all, of how many."""
    return {
        row: {
            "display": float(np.mean([shown for shown, _ in some])),
            "all": float(np.mean([whole for _, whole in some])),
            "films": len(some),
        }
        for row, some in seen.items()
    }


def held(look: TextLook, film: Developed) -> bool:
    """Return whether a film waits for a steward."""
    try:
        look.check(film)
    except Doubt:
        return True
    return False


def costs(clean: Sequence[NDArray[np.uint8]]) -> dict[str, dict[str, float]]:
    """Return the processor milliseconds of a film as it is, by size: display alone, and all."""
    reader = RapidReader()
    look = TextLook([reader], MARKS)
    rows = {}
    for wide, high in COSTS:
        films = [Image.fromarray(film).resize((wide, high)) for film in clean[:24]]
        made = [develop(np.asarray(film)) for film in films]
        held(look, made[0])
        spent = np.zeros((len(made), 2))
        for number, film in enumerate(made):
            began = time.process_time()
            reader.read(picture_of(film.display))
            shown = time.process_time()
            held(look, film)
            spent[number] = shown - began, time.process_time() - shown
        mean = 1000 * spent.mean(axis=0)
        rows[f"ms of a film, {wide} x {high}"] = {"display": mean[0], "all": mean[1]}
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
    arguments.add_argument("--count", type=int, default=128, help="films with something to find")
    arguments.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = arguments.parse_args()
    clean = films_of(chosen.films)
    rows = measure(clean, chosen.count) | costs(clean)
    print(f"{'':44} {'display':>8} {'all':>8} {'films':>6}")
    for name, row in rows.items():
        print(f"{name:44} {row['display']:8.3g} {row['all']:8.3g} {row.get('films', 0):6.0f}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
