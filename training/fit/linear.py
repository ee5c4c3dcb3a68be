"""The heads as numbers, multiplied with pooled features; training/fit/heads.py fits them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.evaluate.metrics import sigmoid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Heads:
    """Everything that was learned. k findings in `names`, d pooled features.

    mean, scale:     float32 (d,), of the features over the films fitted on.
    weights, bias:   float32 (d, k) and (k,), on standardised features, calibration folded in:
                     probability = sigmoid(((features - mean) / scale) @ weights + bias).
    map_scale:       float32 (k,), the push that the map shows as 1 (export/map_scale.py).
    """

    names: tuple[str, ...]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    map_scale: NDArray[np.float32]

    def standard(self, features: NDArray[np.floating]) -> Array:
        """Return pooled features (n, d) centred and scaled."""
        return np.asarray((features.astype(np.float64) - self.mean) / self.scale)

    def scores(self, features: NDArray[np.floating]) -> Array:
        """Return (n, k) calibrated scores, 0..1, of pooled features (n, d)."""
        return sigmoid(self.standard(features) @ self.weights.astype(np.float64) + self.bias)

    def save(self, path: Path) -> None:
        """Write a .npz that `load` reads; the same heads give the same bytes."""
        np.savez(
            path,
            names=np.array(self.names),
            mean=self.mean,
            scale=self.scale,
            weights=self.weights,
            bias=self.bias,
            map_scale=self.map_scale,
        )

    @classmethod
    def load(cls, path: Path) -> "Heads":
        """Return what `save` wrote."""
        with np.load(path, allow_pickle=False) as kept:
            return cls(
                names=tuple(str(name) for name in kept["names"]),
                mean=kept["mean"],
                scale=kept["scale"],
                weights=kept["weights"],
                bias=kept["bias"],
                map_scale=kept["map_scale"],
            )


@dataclass(frozen=True)
class Linear:
    """Uncalibrated heads on standardised features."""

    mean: Array
    scale: Array
    weights: Array
    bias: Array

    def logits(self, features: NDArray[np.floating]) -> Array:
        """Return (n, k) for features (n, d)."""
        standard = (features.astype(np.float64) - self.mean) / self.scale
        return np.asarray(standard @ self.weights + self.bias)
