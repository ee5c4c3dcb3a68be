"""Measure what large DICOM films cost ingest: `python -m bench.dicom [--films N] [--json FILE]`.

Films of 2,000 x 2,500 pixels and 12 bits, drawn by the project, in each transfer syntax: read and
developed in decoding children as ingest does (two at once), then looked through for text. Prints
films per second and processor time per film, and each as a ratio of the uncompressed one of the
same run. Nothing is stored and no service is asked.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.text_look import held
from ingest.decoder import Decoder
from ingest.renditions import Developed
from ingest.text_in_film import TextLook
from ingest.text_reader import RapidReader
from stack.phantoms import draw
from store.settings import Settings
from tests.ingest import dicoms

#: By name on the printed table; the first is what the others are compared with.
SYNTAXES: Final = {
    "uncompressed (Explicit VR Little Endian)": dicoms.EXPLICIT,
    "deflated": dicoms.DEFLATED,
    "RLE": dicoms.RLE,
    "JPEG lossless": dicoms.LOSSLESS_SV1,
    "JPEG-LS": dicoms.JPEG_LS,
    "JPEG 2000 lossless": dicoms.JPEG_2000,
    "JPEG 2000": dicoms.JPEG_2000_LOSSY,
}
WIDTH: Final = 2000
HEIGHT: Final = 2500
AT_ONCE: Final = 2


def films(count: int) -> list[NDArray[np.uint16]]:
    """Return phantoms, uint16 (2500, 2000), 0..4095."""
    return [draw(seed, HEIGHT)[:, (HEIGHT - WIDTH) // 2 :][:, :WIDTH] for seed in range(count)]


def processor_s(who: int) -> float:
    """Return the processor time used so far by us or by children that have ended, in seconds."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def decoded(files: Sequence[bytes]) -> tuple[dict[str, float], list[Developed]]:
    """Return films per second and processor seconds per film of decoding and developing."""
    limits: Any = SimpleNamespace(
        **{
            name: Settings.model_fields[name].default
            for name in ("decode_timeout_s", "decode_memory_bytes", "pixel_limit")
        },
        decode_processes=AT_ONCE,
    )
    with ThreadPoolExecutor(AT_ONCE) as threads:
        with closing(Decoder(limits)) as decoder:
            # Children start with their first film: that is no film's cost.
            list(threads.map(decoder.develop, files[:AT_ONCE]))
            warm = processor_s(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            made = list(threads.map(decoder.develop, files))
            took = time.perf_counter() - began
        spent = processor_s(resource.RUSAGE_CHILDREN) - warm
    # Children report their time when they end: the warm-up's films are in it.
    each = spent / (len(files) + AT_ONCE)
    return {"films_per_s": len(files) / took, "processor_s_per_film": each}, made


def looked(made: Sequence[Developed]) -> dict[str, float]:
    """Return the same of looking for text, on one thread."""
    look = TextLook([RapidReader()])
    held(look, made[0])
    began, used = time.perf_counter(), processor_s(resource.RUSAGE_SELF)
    for film in made:
        held(look, film)
    return {
        "films_per_s": len(made) / (time.perf_counter() - began),
        "processor_s_per_film": (processor_s(resource.RUSAGE_SELF) - used) / len(made),
    }


def main(say: Callable[[str], None] = print) -> int:
    """Measure, print the table, write the JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--films", type=int, default=12, help="of each transfer syntax")
    arguments.add_argument("--json", type=Path, help="write the figures there as well")
    chosen = arguments.parse_args()
    drawn = films(chosen.films)
    figures: dict[str, dict[str, float]] = {}
    made: list[Developed] = []
    for name, syntax in SYNTAXES.items():
        print(f"  {name} ...", file=sys.stderr, flush=True)
        files = [dicoms.dicom_of(film, 12, syntax=syntax) for film in drawn]
        figures[name], made = decoded(files)
        figures[name]["megabytes_per_film"] = sum(map(len, files)) / len(files) / 1e6
    figures["looking for text, on one thread"] = looked(made)
    first = next(iter(figures.values()))
    say(f"{'':44}  MB/film  films/s  s/film   ratio")
    for name, row in figures.items():
        ratio = row["processor_s_per_film"] / first["processor_s_per_film"]
        size = f"{row['megabytes_per_film']:7.1f}" if "megabytes_per_film" in row else " " * 7
        say(
            f"{name:44}  {size}  {row['films_per_s']:7.2f}  "
            f"{row['processor_s_per_film']:6.2f}  {ratio:6.2f}"
        )
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
