"""The projection from pooled features to the embedding's 512 numbers, learned from films."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.models import EMBEDDING_WIDTH
from training.fit.linear import Heads

#: How far each axis' variance is drawn to the mean of all; chosen in docs/adr/0026.
SHRINKAGE: Final = 0.99

#: Films that the axes are learned from, at most: more move no axis that is kept.
PROJECTION_FILMS: Final = 16_384

Array = NDArray[np.float64]


def half(numbers: NDArray[np.floating]) -> NDArray[np.float16]:
    """Return the numbers in half precision. Raises ValueError where they do not fit."""
    found = numbers.astype(np.float16)
    if not np.isfinite(found).all():
        raise ValueError(f"wanted numbers under 65,504, came {np.abs(numbers).max():g}")
    return found


def projection(heads: Heads, features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the embedding's projection of features scaled as the heads scale them.

    It is float32 (d, 512), numbers that float16 holds.
    features: (n, d), pooled, of the films fitted on; of more than PROJECTION_FILMS so many,
    evenly spread.
    """
    if len(features) > PROJECTION_FILMS:
        spread = np.linspace(0, len(features) - 1, PROJECTION_FILMS).round().astype(np.intp)
        features = features[spread]
    axes = whitening(features.astype(np.float64) - heads.mean) * heads.scale[:, None]
    # Halves are finest near 0, and no cosine sees a factor.
    return half(axes / np.abs(axes).max()).astype(np.float32)


def whitening(centred: Array, width: int = EMBEDDING_WIDTH, shrinkage: float = SHRINKAGE) -> Array:
    """Return float64 (d, width): principal axes of the films, each divided by its spread.

    centred: (n, d), features less their mean over these films; not scaled, since channels that
    vary more tell more (docs/adr/0026). shrinkage, 0..1: each axis'
    variance is drawn so far to the mean of all, which keeps axes that the films hardly fill from
    being blown up (Ledoit and Wolf 2004); at 1 nothing is whitened. Films that fill fewer axes
    than `width` leave the last columns 0, which no cosine sees.
    """
    # Of films by films or of features by features, whichever are fewer.
    if len(centred) <= centred.shape[1]:
        values, turned = np.linalg.eigh(centred @ centred.T)
        kept = values > values[-1] * 1e-10
        spread = np.sqrt(values[kept][::-1])[:width]
        axes = (turned[:, kept].T @ centred)[::-1][:width] / spread[:, None]
    else:
        values, turned = np.linalg.eigh(centred.T @ centred)
        kept = values > values[-1] * 1e-10
        spread = np.sqrt(values[kept][::-1])[:width]
        axes = turned[:, kept].T[::-1][:width].copy()
    # The sign of an axis is the library's whim; ours is: the largest share is positive.
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    variance = spread**2 / max(1, len(centred) - 1)
    every = np.square(centred).sum() / max(1, len(centred) - 1) / centred.shape[1]
    shrunk = (1 - shrinkage) * variance + shrinkage * every
    found = np.zeros((centred.shape[1], width))
    found[:, : len(axes)] = axes.T / np.sqrt(shrunk)
    return found
