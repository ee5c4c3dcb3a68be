"""How good scores are: area under the ROC curve, its uncertainty, calibration.

Plain numpy, so that anybody can check it in any environment.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sigmoid(logits: NDArray[np.floating]) -> Array:
    """Return the probabilities of logits, elementwise."""
    return np.asarray(1 / (1 + np.exp(-logits)), np.float64)


def auroc(truth: NDArray[np.floating], scores: NDArray[np.floating]) -> float:
    """Return the chance that a positive scores above a negative, ties counted half.

    truth: 0 or 1, (n,). scores: any order-preserving number, (n,). NaN when a class is missing.
    Mann-Whitney's U over the pairs (Hanley and McNeil 1982).
    """
    positive = truth == 1
    count = int(positive.sum())
    others = len(truth) - count
    if count == 0 or others == 0:
        return float("nan")
    _, where, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(sizes) - (sizes - 1) / 2
    rank_sum = float(mean_rank[where][positive].sum())
    return (rank_sum - count * (count + 1) / 2) / (count * others)


def macro_auroc(truth: NDArray[np.floating], scores: NDArray[np.floating]) -> float:
    """Return the mean AUROC of the columns that have both classes, NaN when none has.

    truth, scores: (n, k). A film of which a finding is not known, NaN, is left out of it.
    """
    each = []
    for column in range(truth.shape[1]):
        mine = np.isfinite(truth[:, column])
        each.append(auroc(truth[mine, column], scores[mine, column]))
    known = np.array(each)[np.isfinite(each)]
    return float(known.mean()) if len(known) else float("nan")


def patient_bootstrap(
    truth: NDArray[np.floating],
    scores: NDArray[np.floating],
    patients: Sequence[str],
    *,
    rounds: int = 1000,
    seed: int = 1,
) -> tuple[float, float]:
    """Return the 95 % interval of the macro AUROC, patients drawn with replacement.

    Films of one patient are alike, so drawing films would make the interval too narrow.
    """
    names = np.array(patients)
    films_of = [np.flatnonzero(names == name) for name in sorted(set(patients))]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(rounds):
        drawn = rng.integers(0, len(films_of), len(films_of))
        films = np.concatenate([films_of[number] for number in drawn])
        found.append(macro_auroc(truth[films], scores[films]))
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)


def calibration_error(truth: NDArray[np.floating], scores: Array, bins: int = 10) -> float:
    """Return the expected calibration error over equally filled bins (Naeini et al. 2015)."""
    order = np.argsort(scores, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [
        abs(truth[part].mean() - scores[part].mean()) * len(part) for part in parts if len(part)
    ]
    return float(sum(gaps) / len(truth))


def wilson(share: float, count: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` (Wilson 1927): honest near 0 and 1."""
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    half /= 1 + z * z / count
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
