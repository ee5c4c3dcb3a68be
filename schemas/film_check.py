"""Is it a frontal chest film, and is something odd about it? Arithmetic on pooled features.

Fitted by training/starter/check/fit.py, asked by ingest/chest.py: it stands here because both must
do exactly this and may not import each other. The file of numbers (`check.npz`) lies beside the
model's weights; the thresholds are in the model's manifest.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.presentation import AS_STORED, Presentation

#: What the pixels tell besides "a chest or not", in the order of the heads.
FROM_PIXELS: Final = ("inverted", "rotated", "cropped")
#: What a steward may correct.
CORRECTED: Final = ("lateral", *FROM_PIXELS, "child")
#: What kind of picture it is, in the order of the heads; numbers of before 2026-11-29 lack them.
KINDS: Final = ("lateral", "not_chest")
#: All that is said of a film, each with how sure, 0..1: those of the pixels, and what is known.
CHECKS: Final = (*CORRECTED, "turned")
#: A check this sure is a flag of the film.
FLAGGED: Final = 0.5

#: A person younger than this is a child, in years.
ADULT: Final = 18

_ARRAYS: Final = ("mean", "scale", "axes", "spread", "rest", "weights", "bias")
_KIND_ARRAYS: Final = ("kind_weights", "kind_bias")


@dataclass(frozen=True)
class CheckNumbers:
    """What was fitted on d pooled features, with k axes.

    mean, scale: float32 (d,), of the films fitted on.
    axes:        float16 (k, d), orthonormal: where those films differ most.
    spread:      float32 (k,), their variance along each axis.
    rest:        float32 (), their mean variance along every other direction.
    weights:     float32 (d, 3), bias float32 (3,): logits of FROM_PIXELS on standard features.
    kind_*:      the same of KINDS, (d, 2) and (2,); None in numbers that do not know them.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    axes: NDArray[np.float16]
    spread: NDArray[np.float32]
    rest: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    kind_weights: NDArray[np.float32] | None = None
    kind_bias: NDArray[np.float32] | None = None

    def distances(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (n,) for features (n, d): 1 is the root mean square of the films fitted on.

        Mahalanobis' distance with the small variances replaced by their mean, as in
        probabilistic principal components (Tipping and Bishop 1999).
        """
        standard = self._standard(features)
        along = standard @ self.axes.astype(np.float64).T
        inside = (along**2 / self.spread).sum(axis=1)
        outside = ((standard**2).sum(axis=1) - (along**2).sum(axis=1)) / float(self.rest)
        return np.asarray(np.sqrt(np.maximum(inside + outside, 0) / standard.shape[1]))

    def sureness(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (n, 3), 0..1: how sure each of FROM_PIXELS is; FLAGGED is a flag."""
        return _sigmoid(self._standard(features) @ self.weights.astype(np.float64) + self.bias)

    def kinds(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (n, 2), 0..1: how sure each of KINDS is; 0 where the numbers do not know them."""
        standard = self._standard(features)
        if self.kind_weights is None or self.kind_bias is None:
            return np.zeros((len(standard), len(KINDS)))
        return _sigmoid(standard @ self.kind_weights.astype(np.float64) + self.kind_bias)

    def _standard(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        if features.ndim != 2 or features.shape[1] != len(self.mean):
            raise ValueError(
                f"wanted features (n, {len(self.mean)}), came {features.shape}: this check"
                " belongs to another model"
            )
        return np.asarray((features.astype(np.float64) - self.mean) / self.scale)

    def to_bytes(self) -> bytes:
        """Return a .npz that `from_bytes` reads; the same numbers give the same bytes."""
        out = io.BytesIO()
        names = _ARRAYS if self.kind_weights is None else (*_ARRAYS, *_KIND_ARRAYS)
        np.savez(out, **{name: getattr(self, name) for name in names})
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "CheckNumbers":
        """Return what `to_bytes` wrote. Raises ValueError or KeyError for anything else."""
        with np.load(io.BytesIO(data), allow_pickle=False) as kept:
            names = (*_ARRAYS, *(name for name in _KIND_ARRAYS if name in kept.files))
            return cls(**{name: kept[name] for name in names})


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -40, 40))))


def flags_of(checks: Mapping[str, float]) -> tuple[str, ...]:
    """Return the names of the checks that are sure enough to be flags, in the order of CHECKS."""
    return tuple(name for name in CHECKS if checks.get(name, 0.0) >= FLAGGED)


def known_checks(
    *, view: Literal["PA", "AP", "LATERAL"] | None, age: int | None
) -> dict[str, float]:
    """Return what view and age (years) say, 0 or 1; what is not known is left out."""
    said: dict[str, float] = {}
    if view is not None:
        said["lateral"] = float(view == "LATERAL")
    if age is not None:
        said["child"] = float(age < ADULT)
    return said


def turned_check(how: Presentation) -> dict[str, float]:
    """Return that a film is turned as its header says; nothing where it is not."""
    return {} if how.orientation == AS_STORED.orientation else {"turned": 1.0}


def is_lateral(view: str | None, checks: Mapping[str, float]) -> bool:
    """Return whether a film is lateral: what its check says, else its view."""
    return checks.get("lateral", float(view == "LATERAL")) >= FLAGGED


def is_inverted(checks: Mapping[str, float]) -> bool:
    """Return whether a film's greys are inverted: it is then shown and scored turned over."""
    return checks.get("inverted", 0.0) >= FLAGGED


def pixel_checks(numbers: CheckNumbers, features: NDArray[np.floating]) -> dict[str, float]:
    """Return what the pixels of one film say, from its features (1, d)."""
    (sure,) = numbers.sureness(features)
    return {name: round(float(value), 3) for name, value in zip(FROM_PIXELS, sure, strict=True)}
