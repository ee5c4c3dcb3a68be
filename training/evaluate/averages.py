"""Precision, recall and F1 per finding and averaged four ways, as scikit-learn does.

Formulas and names are those of scikit-learn's `precision_recall_fscore_support`,
`roc_auc_score` and `average_precision_score`; unlike there, single labels may be unknown (NaN)
and are left out. In the averages of precision, recall and F1 what is 0 / 0 counts as 0
(`zero_division=0`, as `classification_report` prints it); a single finding's own is null.
Averages of AUROC and AUPRC are over the findings, or films, that have one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluate import bootstrap

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Three numbers, or three arrays of numbers; NaN where undefined."""

    precision: Array
    recall: Array
    f1: Array


@dataclass(frozen=True)
class Counts:
    """Of k findings, or n films: hits, false alerts, misses; each (k,) or (n,)."""

    hit: Array
    false: Array
    missed: Array

    def scores(self) -> Scores:
        """Return precision, recall and F1 of each, NaN for 0 / 0."""
        return Scores(
            _share(self.hit, self.hit + self.false),
            _share(self.hit, self.hit + self.missed),
            _share(2 * self.hit, 2 * self.hit + self.false + self.missed),
        )

    def together(self) -> "Counts":
        """Return the sums, (1,) each."""
        sums = (each.sum(keepdims=True) for each in (self.hit, self.false, self.missed))
        return Counts(*sums)


def counts(truth: Array, raised: NDArray[np.bool_], axis: int) -> Counts:
    """Count over films (axis 0, per finding) or findings (axis 1, per film).

    truth: (n, k), 1, 0 or NaN. raised: (n, k), whether the score reached its threshold.
    """
    present, absent = truth == 1, truth == 0
    parts = (present & raised, absent & raised, present & ~raised)
    return Counts(*(part.sum(axis=axis).astype(np.float64) for part in parts))


def mean(values: Array, weights: Array | None = None) -> float:
    """Return the (weighted) mean of scores, 0 / 0 counted as 0; NaN where there is none at all."""
    known = np.nan_to_num(values)
    if weights is None:
        return float(known.mean()) if len(known) else float("nan")
    total = weights.sum()
    return float((known * weights).sum() / total) if total > 0 else float("nan")


def mean_of_defined(values: Array, weights: Array | None = None) -> float:
    """Return the (weighted) mean of the values that are defined, NaN where none is."""
    known = np.isfinite(values)
    if weights is None:
        weights = np.ones_like(values)
    total = weights[known].sum()
    return float((values[known] * weights[known]).sum() / total) if total > 0 else float("nan")


def pooled_areas(truth: Array, scores: Array) -> tuple[float, float]:
    """Return AUROC and AUPRC of all films and findings taken as one list (`micro`)."""
    known = np.isfinite(truth)
    if not known.any():
        return float("nan"), float("nan")
    auroc, auprc = bootstrap.areas(truth[known], scores[known], np.ones((1, int(known.sum()))))
    return float(auroc[0]), float(auprc[0])


def areas_by_film(truth: Array, scores: Array) -> tuple[Array, Array]:
    """Return AUROC and AUPRC (n,) of each film's findings, NaN where a film has one class.

    AUPRC is average precision: the mean over a film's findings of the precision at their scores.
    A film with no finding present has neither; one with all of them has AUPRC alone.
    """
    auroc, auprc = np.full(len(truth), np.nan), np.full(len(truth), np.nan)
    # 14 x 14 comparisons a film: some thousand films at once keep them under 20 MB.
    for start in range(0, len(truth), 8192):
        part = slice(start, start + 8192)
        auroc[part], auprc[part] = _areas_of_films(truth[part], scores[part])
    return auroc, auprc


def _areas_of_films(truth: Array, scores: Array) -> tuple[Array, Array]:
    present, absent = truth == 1, truth == 0
    known = present | absent
    # [film, j, i]: whether finding i scores at least, exactly, what finding j does.
    reaches = (scores[:, None, :] >= scores[:, :, None]) & known[:, None, :]
    ties = (scores[:, None, :] == scores[:, :, None]) & absent[:, None, :]
    not_below = (reaches & absent[:, None, :]).sum(axis=2)
    won = absent.sum(axis=1)[:, None] - not_below + ties.sum(axis=2) / 2
    positives = present.sum(axis=1)
    auroc = _share((won * present).sum(axis=1), (positives * absent.sum(axis=1)).astype(float))
    precision = _share(
        (reaches & present[:, None, :]).sum(axis=2).astype(float),
        reaches.sum(axis=2).astype(float),
    )
    summed = np.where(present, np.nan_to_num(precision), 0.0).sum(axis=1)
    return auroc, _share(summed, positives.astype(float))


def _share(parts: Array, wholes: Array) -> Array:
    out: Array = np.full(wholes.shape, np.nan)
    return np.asarray(np.divide(parts, wholes, out=out, where=wholes > 0))
