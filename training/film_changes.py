"""What goes wrong with good films: turned, inverted, cut too small. Made from films at hand.

`soft` is no fault. A film cut to a part of itself has fewer pixels, and enlarged to the model's
side it is softer; without whole films as soft as that, a head would learn softness and call
every old film cropped.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Film = NDArray[np.uint8]

#: A cropped film keeps this share of each side: less than the lungs.
CROPPED: Final = (0.35, 0.65)
#: What a careless collimator takes away is no fault.
TRIMMED: Final = (0.85, 0.97)


def cut(film: Film, seed: int, low: float, high: float) -> Film:
    """Return a part of the film somewhere in it, `low` to `high` of each side, seeded."""
    rng = np.random.default_rng([seed, 77])
    height, width = (max(16, int(size * rng.uniform(low, high))) for size in film.shape)
    top = int(rng.integers(0, film.shape[0] - height + 1))
    left = int(rng.integers(0, film.shape[1] - width + 1))
    return film[top : top + height, left : left + width]


def softened(film: Film, seed: int) -> Film:
    """Return the whole film with as few pixels as a cropped one has."""
    share = float(np.random.default_rng([seed, 78]).uniform(*CROPPED))
    size = (max(16, int(film.shape[1] * share)), max(16, int(film.shape[0] * share)))
    return np.asarray(Image.fromarray(film).resize(size, Image.Resampling.LANCZOS))


#: Each change by its name: (film, seed) -> film.
CHANGES: Final[dict[str, Callable[[Film, int], Film]]] = {
    "upright": lambda film, _: film,
    "trimmed": lambda film, seed: cut(film, seed, *TRIMMED),
    "soft": softened,
    "inverted": lambda film, _: 255 - film,
    "turned-90": lambda film, _: np.rot90(film, 1),
    "turned-180": lambda film, _: np.rot90(film, 2),
    "turned-270": lambda film, _: np.rot90(film, 3),
    "cropped": lambda film, seed: cut(film, seed, *CROPPED),
}
#: What each head is to call yes; everything else is no.
MEANS: Final[dict[str, tuple[str, ...]]] = {
    "inverted": ("inverted",),
    "rotated": ("turned-90", "turned-180", "turned-270"),
    "cropped": ("cropped",),
}
