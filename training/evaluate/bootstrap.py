"""Figures with intervals, all rounds of a patient bootstrap at once.

Each function takes weights (r, n): how often each of n films was drawn in each round, and returns
one number a round. Row 0 of `draws` is every film once, so the first number is the figure itself.
A thousand rounds of a thousand films take 20 ms a figure; drawing films one round after another
takes seconds. `draw_blocks` gives the same rounds some at a time, for collections of which a
thousand rounds would fill the memory.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from schemas.model_card import Figure

Array = NDArray[np.float64]
#: Takes truth (n,), scores (n,) and weights (r, n), returns (r,).
Measure = Callable[[Array, Array, Array], Array]
Key = TypeVar("Key", bound=Hashable)
_DIGITS = 4
#: Weights of one block of rounds: 32 MB, and a figure needs a few arrays of that size.
_BLOCK: Final = 4_000_000


def draws(patients: Sequence[str], rounds: int, seed: int = 1) -> Array:
    """Return float64 (rounds + 1, n): patients drawn with replacement, their films with them."""
    blocks = draw_blocks(patients, rounds, seed, cells=(rounds + 1) * len(patients))
    return np.concatenate(list(blocks))


def draw_blocks(
    patients: Sequence[str] | NDArray[np.str_], rounds: int, seed: int = 1, cells: int = _BLOCK
) -> Iterator[Array]:
    """Yield the rows of `draws` in order, (r, n) each, r * n at most `cells` or r = 1.

    However large the blocks, the rows are the same: rounds are drawn one after another.
    """
    _, whose = np.unique(np.array(patients), return_inverse=True)
    count = int(whose.max()) + 1
    chances = np.full(count, 1 / count)
    rng = np.random.default_rng(seed)
    height = max(1, cells // len(whose))
    ones = np.ones((1, len(whose)))
    for start in range(0, rounds + 1, height):
        several = min(height, rounds + 1 - start)
        # Row 0 is no round: the first block draws one fewer.
        drawn = rng.multinomial(count, chances, several - (start == 0))
        block = drawn[:, whose].astype(np.float64)
        yield np.concatenate([ones, block]) if start == 0 else block


def every_round(
    statistics: Mapping[Key, Callable[[Array], Array]],
    patients: Sequence[str] | NDArray[np.str_],
    rounds: int,
    seed: int = 1,
) -> dict[Key, Array]:
    """Return each statistic (m, rounds + 1), the films as they are first, block by block.

    A statistic takes weights (r, n) and returns (m, r): m numbers of each round.
    """
    found: dict[Key, list[Array]] = {key: [] for key in statistics}
    for weights in draw_blocks(patients, rounds, seed):
        for key, statistic in statistics.items():
            found[key].append(statistic(weights))
    return {key: np.concatenate(parts, axis=1) for key, parts in found.items()}


def over_findings(values: Sequence[Array]) -> Array:
    """Return the mean (r,) over the findings that have the figure, whose first value it is.

    A round that misses a class of one finding is the mean of the others; NaN where none has it.
    """
    defined = [each for each in values if np.isfinite(each[0])]
    if not defined:
        return np.full(1, np.nan)
    table = np.stack(defined)
    known = np.isfinite(table)
    return _shares(np.where(known, table, 0).sum(axis=0), known.sum(axis=0).astype(np.float64))


def over_all(values: Sequence[Array]) -> Array:
    """Return the same, NaN unless every finding has it: a mean of fewer is another figure."""
    every = np.isfinite([each[0] for each in values]).all()
    return over_findings(values) if every else np.full(1, np.nan)


def interval(values: Array) -> tuple[float, float, float]:
    """Return the first value, and the 2.5th and 97.5th percentile of the others that are defined.

    NaN each where the first is not defined, or no round is.
    """
    value, others = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not np.isfinite(value) or not len(others):
        return value, float("nan"), float("nan")
    low, high = np.percentile(others, [2.5, 97.5])
    return value, float(low), float(high)


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
    return _auroc(*_by_score(truth, scores, weights))


def _auroc(yes: Array, no: Array) -> Array:
    below = np.cumsum(no, axis=1) - no
    pairs = yes.sum(axis=1) * no.sum(axis=1)
    won = (yes * (below + no / 2)).sum(axis=1)
    return _shares(won, pairs)


def auprc(truth: Array, scores: Array, weights: Array) -> Array:
    """Return average precision (r,): precision at each threshold, weighted by recall gained.

    No interpolation (Davis and Goadrich 2006: straight lines between points flatter).
    """
    return _auprc(*_by_score(truth, scores, weights))


def areas(truth: Array, scores: Array, weights: Array) -> tuple[Array, Array]:
    """Return (auroc, auprc) for the price of one: sorting the films is most of it."""
    yes, no = _by_score(truth, scores, weights)
    return _auroc(yes, no), _auprc(yes, no)


def _auprc(yes: Array, no: Array) -> Array:
    yes, no = yes[:, ::-1], no[:, ::-1]
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
