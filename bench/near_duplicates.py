"""Measure what is told to be the same film: `python -m bench.near_duplicates DATA`.

Reads a collection, prints how many of its films are told to be one and the most alike pair; then
changes films in stated ways (compression, size, greys, and three that make another film of it)
and prints how many are found again. `--scale N` compares N made films too, each the mean of two
real ones moved and mirrored at random, 64 pixels wide: seconds and memory.
"""

import argparse
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.film_tensor import picture_area, to_tensor
from training.data.collection import read_collection
from training.data.film_cache import CachedFilms, cached_films
from training.data.film_likeness import FINE, likeness
from training.data.near_duplicates import groups

Grey = NDArray[np.float64]
SIDE: Final = 224
SMALL: Final = 64
CHANGED: Final = 200


def jpeg(film: Grey, quality: int, share: float = 1.0) -> NDArray[np.uint8]:
    """Return a film written as JPEG, its sides this share of what they were."""
    image = Image.fromarray(np.clip(np.rint(film), 0, 255).astype(np.uint8))
    if share != 1:
        size = (round(image.width * share), round(image.height * share))
        image = image.resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out).convert("L"))


def turned(film: Grey, degrees: float) -> NDArray[np.uint8]:
    """Return a film turned by so much, black where nothing was."""
    return np.asarray(
        Image.fromarray(film.astype(np.uint8)).rotate(degrees, Image.Resampling.BICUBIC)
    )


CHANGES: Final[dict[str, Callable[[Grey], NDArray[np.uint8]]]] = {
    "JPEG 50": lambda film: jpeg(film, 50),
    "JPEG 20": lambda film: jpeg(film, 20),
    "JPEG 10": lambda film: jpeg(film, 10),
    "half the size, JPEG 50": lambda film: jpeg(film, 50, 0.5),
    "a third of the size, JPEG 60": lambda film: jpeg(film, 60, 1 / 3),
    "paler (0.8 x + 30)": lambda film: jpeg(film * 0.8 + 30, 75),
    "darker (0.6 x)": lambda film: jpeg(film * 0.6, 75),
    "gamma 0.7": lambda film: jpeg(255 * (film / 255) ** 0.7, 75),
    "gamma 1.5": lambda film: jpeg(255 * (film / 255) ** 1.5, 75),
    "window 40 to 210, clipped": lambda film: jpeg((film - 40) * 255 / 170, 75),
    "inverted": lambda film: jpeg(255 - film, 75),
    "cut by 2 % on each side": lambda film: jpeg(
        film[
            film.shape[0] // 50 : -(film.shape[0] // 50),
            film.shape[1] // 50 : -(film.shape[1] // 50),
        ],
        75,
    ),
    "turned by 1 degree": lambda film: turned(film, 1),
    "turned by 3 degrees": lambda film: turned(film, 3),
}


def of_films(films: list[NDArray[np.uint8]]) -> CachedFilms:
    """Return films as the cache gives them."""
    return CachedFilms(
        pixels=np.stack([to_tensor(film, SIDE) for film in films]),
        areas=np.array([picture_area(SIDE, *film.shape[::-1]) for film in films], np.int16),
        readable=np.ones(len(films), bool),
        problems=(),
        folder=Path(),
    )


def found_again(first: CachedFilms, second: CachedFilms) -> float:
    """Return the share of films whose changed copy is told to be the same."""
    both = CachedFilms(
        pixels=np.concatenate([first.pixels, second.pixels]),
        areas=np.concatenate([first.areas, second.areas]),
        readable=np.ones(2 * len(first.pixels), bool),
        problems=(),
        folder=Path(),
    )
    found = groups(both)
    return float((found[: len(first.pixels)] == found[len(first.pixels) :]).mean())


def scale(films: CachedFilms, count: int, folder: Path) -> None:
    """Compare so many made films; print seconds and memory."""
    small = films.pixels[:, ::3, ::3][:, :SMALL, :SMALL]
    rng = np.random.default_rng(1)
    made = np.lib.format.open_memmap(
        folder / "made.npy", mode="w+", dtype=np.uint8, shape=(count, SMALL, SMALL)
    )
    for place in range(count):
        one, other = (
            np.roll(small[rng.integers(len(small))], rng.integers(-6, 7, 2), (0, 1))[
                :, :: rng.choice((1, -1))
            ]
            for _ in range(2)
        )
        made[place] = (one.astype(np.uint16) + other) // 2
    areas = np.tile(np.array([0, 0, SMALL, SMALL], np.int16), (count, 1))
    began = time.perf_counter(), time.process_time()
    found = groups(CachedFilms(made, areas, np.ones(count, bool), (), folder))
    took, used = time.perf_counter() - began[0], time.process_time() - began[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    joined = int((found != np.arange(count)).sum())
    print(f"{count:,} made films: {took:.0f} s, {used:.0f} s of processor, peak {peak:.1f} GB")
    print(f"  {joined:,} told to be the same as one before")


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--scale", type=int, default=0, metavar="N")
    chosen = arguments.parse_args()
    table = read_collection(chosen.data).table
    with tempfile.TemporaryDirectory() as scratch:
        films = cached_films(table, SIDE, Path(scratch))
        found = groups(films)
        joined = int((found != np.arange(len(found))).sum())
        print(f"{len(table):,} films: {joined} told to be the same as one before")
        vectors = likeness(films.pixels, films.areas, FINE)
        cosines = np.triu(vectors @ vectors.T, 1)
        one, other = np.unravel_index(cosines.argmax(), cosines.shape)
        print(f"most alike: {table.paths[one]} {table.paths[other]}, {cosines.max():.3f}")
        some = np.random.default_rng(0).choice(len(table), min(CHANGED, len(table)), replace=False)
        greys = [np.asarray(Image.open(table.files[n]).convert("L")) for n in np.sort(some)]
        first = of_films(greys)
        for name, change in CHANGES.items():
            second = of_films([change(grey.astype(np.float64)) for grey in greys])
            print(f"{name:<32} {100 * found_again(first, second):5.1f} % found again")
        if chosen.scale:
            scale(films, chosen.scale, Path(scratch))
    return 0


if __name__ == "__main__":
    sys.exit(main())
