"""A collection made ready for a fit: pixels at hand, parts given, what is wrong named."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.collection import Collection
from training.data.film_cache import cached_films
from training.data.near_duplicates import kept_groups
from training.data.problems import Problem
from training.data.split import split
from training.data.table import FilmTable


@dataclass(frozen=True)
class PreparedFilms:
    """n films in one order, those that cannot be read among them.

    table:    as the collection has it.
    pixels:   uint8 (n, side, side), on disk; all 0 where a film cannot be read.
    parts:    (n,), "train", "valid" or "test", "" where a film cannot be read.
    problems: the collection's and the films'.
    """

    table: FilmTable
    pixels: NDArray[np.uint8]
    parts: NDArray[np.str_]
    problems: tuple[Problem, ...]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """(n,)."""
        return np.asarray(self.parts != "")


def prepare(
    collection: Collection, side: int, cache: Path, *, test_films: int, seed: int
) -> PreparedFilms:
    """Decode and resize the films once, look for near-duplicates, give each patient a part.

    cache: the folder of pixels (training/data/film_cache.py).
    """
    table = collection.table
    cached = cached_films(table, side, cache)
    alike = kept_groups(cached)
    parts = np.full(len(table), "", "<U5")
    mine = cached.readable
    parts[mine] = split(table.take(mine), test_films=test_films, seed=seed, groups=alike[mine])
    return PreparedFilms(table, cached.pixels, parts, (*collection.problems, *cached.problems))
