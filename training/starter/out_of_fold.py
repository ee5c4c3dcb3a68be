"""Out-of-fold logits of tuned networks, and the strength that is chosen by them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluate.metrics import macro_auroc
from training.fit import heads as fitting
from training.fit.linear import Array, Linear
from training.starter.tuned_folds import Fold


def logits_of(
    folds: Sequence[Fold], truth: NDArray[np.floating], strength: float, *, crops: bool = False
) -> Array:
    """Return logits (n, k): each film's by its fold's network, heads fitted on the fold's rest.

    crops: the mean of the whole film's, twice, and each crop's.
    """
    logits = np.full(truth.shape, np.nan)
    for fold in folds:
        fitted_on = fold.features[fold.fitted_on]
        strengths = [strength] * truth.shape[1]
        heads = fitting.fit(fitted_on, truth[fold.fitted_on], strengths)
        logits[fold.left_out] = _asked(heads, fold, crops=crops)
    return logits


def by_own_heads(folds: Sequence[Fold], *, crops: bool = False) -> Array:
    """Return logits (n, k) by the heads that were tuned together with their network."""
    films, findings = len(folds[0].features), len(folds[0].head.bias)
    logits = np.full((films, findings), np.nan)
    for fold in folds:
        logits[fold.left_out] = _asked(fold.head, fold, crops=crops)
    return logits


def by_strength(folds: Sequence[Fold], truth: NDArray[np.floating]) -> dict[float, Array]:
    """Return `logits_of` for each strength that is tried."""
    return {strength: logits_of(folds, truth, strength) for strength in fitting.STRENGTHS}


def best_strength(truth: NDArray[np.floating], tried: Mapping[float, Array]) -> float:
    """Return the strength whose logits have the best macro AUROC.

    One for all findings: chosen one by one, findings with thirty positives would choose noise.
    """
    return max(tried, key=lambda strength: macro_auroc(truth, tried[strength]))


def _asked(head: Linear, fold: Fold, *, crops: bool) -> Array:
    whole = head.logits(fold.features[fold.left_out])
    if not crops:
        return whole
    parts = [head.logits(part) for part in fold.cropped]
    return np.asarray((2 * whole + sum(parts)) / (2 + len(parts)))
