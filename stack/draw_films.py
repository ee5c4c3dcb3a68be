"""Draws the films that the input check is judged on: `python -m stack.draw_films OUT_DIR`.

OUT_DIR/<kind>/<seed>.png: phantoms in `phantom` (8 bits) and `phantom-16`, lateral ones in
`lateral`, and every kind of stack/other_films.py. training.starter.check.fit reads the folder.
"""

import argparse
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from stack.lateral_phantom import draw_lateral
from stack.other_films import KINDS, draw_other
from stack.phantoms import draw, to_8_bits, write_film

SIDE: Final = 512


def draw_all(out: Path, count: int) -> None:
    """Write `count` films of each kind."""
    for seed in range(count):
        phantom = draw(seed, SIDE)
        films: dict[str, NDArray[Any]] = {
            "phantom": to_8_bits(phantom),
            "phantom-16": phantom,
            "lateral": draw_lateral(seed, SIDE),
        }
        films |= {kind: draw_other(kind, seed, SIDE) for kind in KINDS}
        for kind, film in films.items():
            folder = out / kind
            folder.mkdir(parents=True, exist_ok=True)
            write_film(folder / f"{seed:04d}.png", film)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--count", type=int, default=40, help="films of each kind")
    chosen = parser.parse_args()
    draw_all(chosen.out, chosen.count)


if __name__ == "__main__":
    main()
