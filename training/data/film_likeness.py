"""What two copies of one film share and two chests do not: structure, whatever the greys.

A film becomes means over a grid of cells; each cell loses the mean of those around (so a paler or
darker copy is alike), and is divided by the spread around (so contrast counts as little, and ribs
as much as borders). What is left, as one vector of length 1, is compared by its cosine: 1 for a
copy, -1 for an inverted one. Coarse grids hardly notice compression and find who may be alike;
fine ones tell two chests of one build and pose apart.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Cells of a side, and how many cells around a cell make its surroundings.
COARSE: Final = (16, 1)
MIDDLE: Final = (32, 2)
FINE: Final = (64, 3)
#: Grey levels of spread under which a cell counts as flat.
_FLAT: Final = 3.0


def likeness(
    films: NDArray[np.uint8], areas: NDArray[np.int16], grid: tuple[int, int]
) -> NDArray[np.float32]:
    """Return a vector for each film, float32 (n, cells * cells), length 1; 0 for a flat film.

    films: uint8 (n, side, side), as the model sees them; side at least the cells.
    areas: int16 (n, 4), left, top, right, bottom of each film in its square: padding around it
        counts for nothing.
    """
    cells, around = grid
    side = films.shape[1]
    edges = np.linspace(0, side, cells + 1).round().astype(np.intp)
    widths = np.diff(edges).astype(np.float32)
    sums = np.add.reduceat(films, edges[:-1], axis=1, dtype=np.float32)
    sums = np.add.reduceat(sums, edges[:-1], axis=2)
    means = np.asarray(sums / np.outer(widths, widths), np.float32)
    inside = np.ones(means.shape, bool)
    places = np.arange(cells)
    for axis in (1, 2):
        start, end = areas[:, 2 - axis], areas[:, 4 - axis]
        first = np.searchsorted(edges[:-1], start)[:, None]
        last = np.searchsorted(edges[1:], end, side="right")[:, None] - 1
        nearest = np.clip(places, np.minimum(first, last), last)
        inside &= np.expand_dims(nearest == places, 3 - axis)
        means = np.take_along_axis(means, np.expand_dims(nearest, 3 - axis), axis)
    rough = np.asarray(means - _mean_around(means, around), np.float32)
    rough /= np.sqrt(_mean_around(rough * rough, around + 1) + _FLAT**2)
    vectors = np.where(inside, rough, 0).reshape(len(films), -1)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def _mean_around(grid: NDArray[np.floating], around: int) -> NDArray[np.floating]:
    """Return the mean over the square that reaches so far from each cell, edges repeated."""
    width = 2 * around + 1
    for axis in (1, 2):
        beside = [(around + 1, around) if each == axis else (0, 0) for each in range(3)]
        sums = np.cumsum(np.pad(grid, beside, mode="edge"), axis=axis, dtype=np.float64)
        ends = np.arange(width, sums.shape[axis])
        grid = np.asarray(
            (np.take(sums, ends, axis) - np.take(sums, ends - width, axis)) / width, np.float32
        )
    return grid
