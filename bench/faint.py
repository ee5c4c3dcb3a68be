"""Faint writing on films of 12 bits: a few levels of 4,095, in a collimated border or anywhere.

What is written is drawn by bench/burned_in.py. A border of even samples with a little noise is
what collimation leaves; there a few levels can be read by whoever stretches them.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.burned_in import Writing, letters, place_of

#: Level and noise (one standard deviation) of a collimated border, of 4,095.
BORDER: Final = (100, 4)

Film = NDArray[np.uint16]


def of_12_bits(film: NDArray[np.uint8], side: int, number: int) -> Film:
    """Return an 8-bit film as one of 12 bits of this side, with the noise of a detector."""
    rng = np.random.default_rng([number, 80])
    larger = Image.fromarray(film.astype(np.float32) * 16).resize((side, side))
    noisy = np.asarray(larger) + rng.normal(0, 8, (side, side))
    return np.clip(np.rint(noisy), 0, 4095).astype(np.uint16)


def collimated(film: Film, number: int, noise: float = BORDER[1]) -> Film:
    """Return the film, uint16 (h, w), its upper and lower sixth a collimated border."""
    rng = np.random.default_rng([number, 81])
    made = film.copy()
    for rows in (slice(0, len(film) // 6), slice(-(len(film) // 6), None)):
        even = rng.normal(BORDER[0], noise, made[rows].shape)
        made[rows] = np.clip(np.rint(even), 0, 4095)
    return made


def faintly(film: Film, writing: Writing, number: int, levels: int) -> Film:
    """Return the film, uint16 (h, w) of 12 bits, with this written so many levels from it.

    Lighter where the film is dark, else darker. The writing's ink and turn do not count.
    """
    rng = np.random.default_rng([number, 82])
    mask: NDArray[Any] = letters(writing, max(6, len(film) // writing.share))
    mask = mask[:, : int(film.shape[1] * 0.96)]
    top, left = place_of(writing.place, film.shape, mask.shape, rng)
    made = film.astype(np.float32)
    part = made[top : top + mask.shape[0], left : left + mask.shape[1]]
    part += (levels if np.median(part) < 2048 else -levels) * (mask / 255)
    return np.clip(np.rint(made), 0, 4095).astype(np.uint16)
