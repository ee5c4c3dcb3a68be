"""Fits the heads: one regularised logistic regression per finding on pooled features.

Fitted class-balanced, because rare findings would otherwise be answered "no" and rank worse;
that shifts the probabilities, so Platt's scaling (Platt 1999) on out-of-fold scores shifts them
back. Both are linear in the features, so in the end each finding is one row of weights.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from training.data.split import FOLDS
from training.fit.linear import Array, Linear

#: Inverse strength of the L2 penalty on standardised features, tried from strong to weak.
STRENGTHS: Final = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
#: The one that was chosen on all folds (docs/adr/0026), for comparisons of other things than it.
CHOSEN: Final = 1e-4


def fit(
    features: NDArray[np.floating], truth: NDArray[np.floating], strengths: Sequence[float]
) -> Linear:
    """Return heads for features (n, d) and truth (n, k) of 0 and 1, one strength a finding."""
    table = features.astype(np.float64)
    mean, scale = table.mean(axis=0), table.std(axis=0)
    # A channel that never changes says nothing; dividing by its 0 would say NaN.
    scale[scale < 1e-6] = 1.0
    standard = (table - mean) / scale
    columns = []
    # Threads that wait for one another in many small products: twenty times slower with two.
    with threadpool_limits(1):
        for column, strength in enumerate(strengths):
            head = LogisticRegression(C=strength, class_weight="balanced", max_iter=5000)
            head.fit(standard, truth[:, column])
            columns.append((head.coef_[0], head.intercept_[0]))
    weights = np.stack([weights for weights, _ in columns], axis=1)
    return Linear(mean, scale, weights, np.array([bias for _, bias in columns]))


def folds(
    truth: NDArray[np.floating], patients: Sequence[str], *, seed: int = 1
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return five (fitted on, left out) splits by patient, each fold with its share of the rare.

    Stratified by each film's rarest finding, so that no fold is without one.
    """
    commonness = truth.sum(axis=0)
    rarest = np.where(truth == 1, commonness, np.inf).argmin(axis=1)
    rarest[truth.sum(axis=1) == 0] = truth.shape[1]
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(truth)), rarest, np.array(patients)))


def platt(truth: NDArray[np.floating], logits: Array) -> tuple[Array, Array]:
    """Return slope (k,) and shift (k,): sigmoid(slope * logit + shift) is calibrated here.

    Fitted per finding with Platt's own smoothed targets, which keep a rare finding off 0 and 1.
    A slope is kept above 0.05: a head that ranks backwards must not be turned over in silence.
    """
    slopes, shifts = [], []
    for column in range(truth.shape[1]):
        positive = truth[:, column] == 1
        many, few = int((~positive).sum()), int(positive.sum())
        weight_yes = np.where(positive, (few + 1) / (few + 2), 1 / (many + 2))
        scores = np.concatenate([logits[:, column]] * 2)[:, None]
        answers = np.repeat([1, 0], len(positive))
        weights = np.concatenate([weight_yes, 1 - weight_yes])
        line = LogisticRegression(C=1e6, max_iter=1000).fit(scores, answers, weights)
        slopes.append(max(0.05, float(line.coef_[0, 0])))
        shifts.append(float(line.intercept_[0]))
    return np.array(slopes), np.array(shifts)
