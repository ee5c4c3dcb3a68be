"""Heads of one run: fitted on the training part, chosen and calibrated by the validation part."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from training.evaluate.metrics import macro_auroc, sigmoid
from training.fit import logistic
from training.fit.heads import platt
from training.fit.linear import Array, Linear
from training.fit.policies import targets, truth
from training.fit.run_settings import RunSettings
from training.fit.targets import Targets

#: Tried from strong to weak; ImageNet's features of a thousand films want about 10.
PENALTIES: Final = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
#: So many weaker penalties in a row that rank no better end the search.
_PATIENCE: Final = 3


@dataclass(frozen=True)
class Chosen:
    """linear: float64, calibration folded in. penalty: the chosen one.

    validation: macro AUROC of the validation part by each penalty that was tried.
    """

    names: tuple[str, ...]
    linear: Linear
    penalty: float
    validation: dict[float, float]


def fit(
    features: NDArray[np.floating],
    labels: NDArray[np.int8],
    parts: NDArray[np.str_],
    settings: RunSettings,
    names: tuple[str, ...],
) -> Chosen:
    """Return heads of `names` for features (n, d) of films in these parts (n,).

    labels: (n, 14), `policies.consistent`. A finding under self-trained is fitted twice: first
    without its uncertain films, then on what that fit, calibrated, says of them.
    """
    columns = [INDEX[name] for name in names]
    train, valid = parts == "train", parts == "valid"
    known = truth(labels[valid], settings.not_mentioned)[:, columns]

    def fitted(predicted: Array | None) -> Chosen:
        learned = targets(labels, settings, names, train, predicted).take(np.flatnonzero(train))
        return _chosen(features[train], learned, features[valid], known)

    first = fitted(None)
    if not any(settings.policy_of(name) == "self-trained" for name in names):
        return first
    return fitted(predicted_by(first, features))


def predicted_by(chosen: Chosen, features: NDArray[np.floating]) -> Array:
    """Return (n, k) calibrated probabilities, 0..1, of features (n, d)."""
    return sigmoid(chosen.linear.logits(features))


def _chosen(
    features: NDArray[np.floating],
    learned: Targets,
    asked: NDArray[np.floating],
    known: Array,
) -> Chosen:
    """Return heads fitted on `learned`, the penalty chosen and calibrated by films `asked`."""
    best, tried, since = None, {}, 0
    steps = logistic.path(features, learned, PENALTIES)
    for penalty, heads in zip(PENALTIES, steps, strict=False):
        # One choice for all findings: chosen one by one, rare findings would choose noise.
        tried[penalty] = macro_auroc(known, heads.logits(asked))
        if best is None or tried[penalty] > tried[best[0]]:
            best, since = (penalty, heads), 0
        else:
            since += 1
        if since == _PATIENCE:
            break
    if best is None:
        raise ValueError("wanted a penalty, came none")
    penalty, heads = best
    return Chosen(learned.names, _calibrated(heads, known, heads.logits(asked)), penalty, tried)


def _calibrated(heads: Linear, known: Array, logits: Array) -> Linear:
    """Return the heads with Platt's slope and shift of the validation part folded in."""
    slopes, shifts = np.ones(len(heads.bias)), np.zeros(len(heads.bias))
    for column in range(known.shape[1]):
        mine = np.isfinite(known[:, column])
        slope, shift = platt(known[mine, column : column + 1], logits[mine, column : column + 1])
        slopes[column], shifts[column] = slope[0], shift[0]
    return Linear(heads.mean, heads.scale, heads.weights * slopes, heads.bias * slopes + shifts)
