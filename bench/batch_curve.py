"""Films a second against the size of a batch and the number of decoding children.

`make bench-batches` starts the bench's own installation anew with each setting, warms it, drops
the same number of phantoms in bulk and writes JSON and a picture under bench/results. About six
minutes on two cores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench import whole_way
from bench.own_installation import RESULTS, own_state, say
from bench.svg import COLOURS, picture
from stack.phantoms import write_films

BATCHES: Final = (1, 8, 32)
CHILDREN: Final = (1, 2)
_WIDTH: Final = 640
_ROW: Final = 28


def timed(batch: int, children: int, folder: Path, warm: Path) -> float:
    """Return films a second of a bulk drop with these settings."""
    settings = (f"RADIOTHEQUE_BATCH_FILMS={batch}", f"RADIOTHEQUE_DECODE_PROCESSES={children}")
    subprocess.run(
        ["env", *settings, whole_way.radiotheque(), "up"], check=True, stdout=sys.stderr
    )
    try:
        api = whole_way.connected()
        whole_way.bulk(api, warm, drawn=True)
        count, took = whole_way.bulk(api, folder, drawn=True)
    finally:
        subprocess.run([whole_way.radiotheque(), "down"], check=True, stdout=sys.stderr)
    return count / took


def draw(points: Sequence[tuple[int, int, float]]) -> str:
    """Return an SVG of (batch, children, films a second): a bar each."""
    most = max(speed for _, _, speed in points)
    height = 60 + _ROW * len(points)
    said = []
    for number, (batch, children, speed) in enumerate(points):
        down = 48 + _ROW * number
        long = speed / most * (_WIDTH - 320)
        words = f"batch {batch}, {children} decoding children"
        colour = COLOURS[CHILDREN.index(children) if children in CHILDREN else 0]
        said.append(f'<text x="24" y="{down + 13}">{words}</text>')
        said.append(f'<rect x="220" y="{down}" width="{long:.1f}" height="18" fill="{colour}"/>')
        said.append(f'<text x="{228 + long:.1f}" y="{down + 13}">{speed:.2f}</text>')
    return picture((_WIDTH, height), "Films a second, dropped in bulk", (24, 30), said)


def main() -> int:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--phantoms", type=int, default=60, help="dropped for each setting")
    chosen = arguments.parse_args()
    own_state()
    points = []
    seed = int(time.time()) % 1_000_000 * 1000
    with tempfile.TemporaryDirectory() as scratch:
        for turn, (batch, children) in enumerate((b, c) for b in BATCHES for c in CHILDREN):
            folder = Path(scratch) / str(turn)
            write_films(folder / "warm", 4, first_seed=seed + 1000 * turn)
            write_films(folder / "many", chosen.phantoms, first_seed=seed + 1000 * turn + 100)
            say(f"batch {batch}, {children} decoding children")
            points.append(
                (batch, children, timed(batch, children, folder / "many", folder / "warm"))
            )
            print(f"batch {batch:3} children {children}: {points[-1][2]:.2f} films/s", flush=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = [
        {"batch_films": batch, "decode_processes": children, "films_per_s": round(speed, 3)}
        for batch, children, speed in points
    ]
    (RESULTS / "batches.json").write_text(json.dumps(rows, indent=1) + "\n")
    (RESULTS / "batches.svg").write_text(draw(points))
    return 0


if __name__ == "__main__":
    sys.exit(main())
