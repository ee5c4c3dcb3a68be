"""The projection from pooled features to the embedding's 512 numbers, learned from films."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.models import EMBEDDING_WIDTH

#: How far each axis' variance is drawn to the mean of all; chosen in docs/adr/0026.
SHRINKAGE: Final = 0.99

Array = NDArray[np.float64]


def whitening(centred: Array, width: int = EMBEDDING_WIDTH, shrinkage: float = SHRINKAGE) -> Array:
    """Return float64 (d, width): principal axes of the films, each divided by its spread.

    centred: (n, d), features less their mean over these films; not scaled, since channels that
    vary more tell more (docs/adr/0026). shrinkage, 0..1: each axis'
    variance is drawn so far to the mean of all, which keeps axes that the films hardly fill from
    being blown up (Ledoit and Wolf 2004); at 1 nothing is whitened. Films that fill fewer axes
    than `width` leave the last columns 0, which no cosine sees.
    """
    # Of films by films, not features by features: they are half as many.
    values, turned = np.linalg.eigh(centred @ centred.T)
    kept = values > values[-1] * 1e-10
    spread = np.sqrt(values[kept][::-1])[:width]
    axes = (turned[:, kept].T @ centred)[::-1][:width] / spread[:, None]
    # The sign of an axis is the library's whim; ours is: the largest share is positive.
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    variance = spread**2 / max(1, len(centred) - 1)
    every = np.square(centred).sum() / max(1, len(centred) - 1) / centred.shape[1]
    shrunk = (1 - shrinkage) * variance + shrinkage * every
    found = np.zeros((centred.shape[1], width))
    found[:, : len(axes)] = axes.T / np.sqrt(shrunk)
    return found
