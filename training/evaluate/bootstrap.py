"""Figures with intervals, all rounds of a patient bootstrap at once.

Each function takes weights (r, n): how often each of n films was drawn in each round, and returns
one number a round. Row 0 of `draws` is every film once, so the first number is the figure itself.
A thousand rounds of a thousand films take 20 ms a figure; drawing films one round after another
takes seconds.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.model_card import Figure

Array = NDArray[np.float64]
#: Takes truth (n,), scores (n,) and weights (r, n), returns (r,).
Measure = Callable[[Array, Array, Array], Array]
_DIGITS = 4


def draws(patients: Sequence[str], rounds: int, seed: int = 1) -> Array:
    """Return float64 (rounds + 1, n): patients drawn with replacement, their films with them."""
    _, whose = np.unique(np.array(patients), return_inverse=True)
    count = int(whose.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), rounds)
    return np.concatenate([np.ones((1, len(whose))), drawn[:, whose].astype(np.float64)])


def figure(values: Array) -> Figure:
    """Return the first value with the 2.5th and 97.5th percentile of the others."""
    low, high = np.nanpercentile(values[1:], [2.5, 97.5])
    parts = [round(float(part), _DIGITS) for part in (values[0], low, high)]
    return Figure(value=parts[0], low=parts[1], high=parts[2])


def _by_score(truth: Array, scores: Array, weights: Array) -> tuple[Array, Array]:
    """Return the weight (r, g) of positives and of the others at each distinct score, rising."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    drawn = weights[:, order]
    positive = truth[order] == 1
    yes = np.add.reduceat(drawn * positive, starts, axis=1)
    no = np.add.reduceat(drawn * ~positive, starts, axis=1)
    return yes, no


def _shares(parts: Array, wholes: Array) -> Array:
    """Return parts / wholes, NaN where the whole is 0."""
    out: Array = np.full(len(wholes), np.nan)
    return np.asarray(np.divide(parts, wholes, out=out, where=wholes > 0))


def auroc(truth: Array, scores: Array, weights: Array) -> Array:
    """Return the AUROC (r,), ties counted half; NaN in a round without one of the classes."""
    yes, no = _by_score(truth, scores, weights)
    below = np.cumsum(no, axis=1) - no
    pairs = yes.sum(axis=1) * no.sum(axis=1)
    won = (yes * (below + no / 2)).sum(axis=1)
    return _shares(won, pairs)


def auprc(truth: Array, scores: Array, weights: Array) -> Array:
    """Return average precision (r,): precision at each threshold, weighted by recall gained.

    No interpolation (Davis and Goadrich 2006: straight lines between points flatter).
    """
    yes, no = (part[:, ::-1] for part in _by_score(truth, scores, weights))
    hits, alarms = np.cumsum(yes, axis=1), np.cumsum(no, axis=1)
    raised = hits + alarms
    precision = np.divide(hits, raised, out=np.zeros_like(hits), where=raised > 0)
    total = yes.sum(axis=1)
    won = (yes * precision).sum(axis=1)
    return _shares(won, total)


def mean(values: Array, weights: Array) -> Array:
    """Return the mean (r,) of one number a film; NaN in a round that drew none of them."""
    total = weights.sum(axis=1)
    return _shares(weights @ values, total)


def brier(truth: Array, scores: Array, weights: Array) -> Array:
    """Return the mean squared distance (r,) of score and truth."""
    return mean((scores - truth) ** 2, weights)


def calibration_slope(truth: Array, scores: Array, weights: Array) -> Array:
    """Return the slope (r,) of a logistic regression of truth on the scores' log-odds (Cox 1958).

    Newton's method on every round at once. NaN where it does not settle, as in a round whose
    scores part the classes wholly.
    """
    inside = np.clip(scores, 1e-6, 1 - 1e-6)
    odds = np.log(inside / (1 - inside))
    shift, slope = np.zeros(len(weights)), np.ones(len(weights))
    last = np.full(len(weights), np.inf)
    for _ in range(30):
        said = 1 / (1 + np.exp(-np.clip(shift[:, None] + slope[:, None] * odds, -30, 30)))
        pull = weights * (truth - said)
        bend = weights * said * (1 - said)
        g0, g1 = pull.sum(axis=1), pull @ odds
        h00, h01, h11 = bend.sum(axis=1), bend @ odds, bend @ odds**2
        size = h00 * h11 - h01**2
        fine = size > 1e-9
        size = np.where(fine, size, 1.0)
        last = np.where(fine, (h00 * g1 - h01 * g0) / size, np.inf)
        shift = shift + np.where(fine, (h11 * g0 - h01 * g1) / size, 0.0)
        slope = slope + np.where(fine, last, 0.0)
        if (np.abs(last[fine]) < 1e-8).all():
            break
    return np.where(np.abs(last) < 1e-4, slope, np.nan)
