"""What goes wrong with good films: turned, inverted, cut too small. Made from films at hand.

`soft` and `varied` are no faults. A film cut to a part of itself has fewer pixels, and enlarged
to the model's side it is softer; without whole films as soft as that, a head would learn softness
and call every old film cropped. Films of one collection are alike: varied ones stand for those of
other hospitals.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

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


def varied(film: Film, seed: int) -> Film:
    """Return the whole film as another hospital might have made and sent it, seeded.

    Rotated by up to 10 degrees, with another window, gamma, sharpness and noise, mirrored or not,
    cut a little or with a border: nothing that makes it another film.
    """
    rng = np.random.default_rng([seed, 80])
    turned = Image.fromarray(film).rotate(
        rng.uniform(-10, 10), Image.Resampling.BICUBIC, expand=bool(rng.integers(2))
    )
    grey = np.asarray(turned).astype(np.float64) / 255
    low, high = np.quantile(grey, [rng.uniform(0, 0.06), rng.uniform(0.93, 1)])
    grey = np.clip((grey - low) / max(high - low, 1e-6), 0, 1) ** rng.uniform(0.5, 2)
    grey = gaussian_filter(grey, rng.uniform(0, 2))
    grey += rng.normal(0, rng.uniform(0, 0.05), grey.shape)
    if rng.random() < 0.5:
        grey = grey[:, ::-1]
    top, left = (int(rng.uniform(0, 0.12) * length) for length in grey.shape)
    if rng.random() < 0.5:
        grey = np.pad(grey, ((top, top // 2), (left // 2, left)))
    else:
        height, width = grey.shape
        grey = grey[top // 2 : height - top // 2, left // 2 : width - left // 2]
    return np.ascontiguousarray(np.clip(np.rint(grey * 255), 0, 255).astype(np.uint8))


#: Each change by its name: (film, seed) -> film.
CHANGES: Final[dict[str, Callable[[Film, int], Film]]] = {
    "upright": lambda film, _: film,
    "trimmed": lambda film, seed: cut(film, seed, *TRIMMED),
    "soft": softened,
    "varied": varied,
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
