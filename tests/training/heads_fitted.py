"""Run in the training environment: heads on drawn features, what each test asks, as one JSON.

python -m tests.training.heads_fitted
"""

import json
import sys
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from schemas.findings import INDEX
from training.data.table import NOT_MENTIONED
from training.fit import chosen_heads, logistic
from training.fit.policies import targets
from training.fit.run_settings import RunSettings

N, D = 400, 12
NAMES = ("Cardiomegaly", "Edema", "Atelectasis")
RNG = np.random.default_rng(3)
FEATURES = RNG.normal(2, 3, (N, D))
TRUE = RNG.normal(0, 1, (D, len(NAMES))) / 3
CHANCE = 1 / (1 + np.exp(-((FEATURES - 2) @ TRUE - 1)))
TRUTH = (RNG.random(CHANCE.shape) < CHANCE).astype(np.int8)
UNSURE = RNG.random(TRUTH.shape) < 0.3


def labels(*, unsure: Any = UNSURE) -> Any:
    table = np.full((N, 14), NOT_MENTIONED, np.int8)
    for column, name in enumerate(NAMES):
        table[:, INDEX[name]] = np.where(unsure[:, column], -1, TRUTH[:, column])
    return table


def learned(policy: Any, balance: Any = "none", table: Any = None, predicted: Any = None) -> Any:
    settings = RunSettings(backbone="none", policy=policy, balance=balance)
    table = labels() if table is None else table
    return targets(table, settings, NAMES, np.ones(N, np.bool_), predicted)


def heads(target: Any, penalty: float = 0.05, features: Any = FEATURES) -> Any:
    return next(logistic.path(features, target, [penalty]))


def numbers(linear: Any) -> Any:
    return np.concatenate([linear.weights, linear.bias[None]])


def distance(one: Any, other: Any) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


def theirs(answers: Any, weights: Any, penalty: float = 0.05) -> Any:
    """Return scikit-learn's rows for standardised features, one set of weights (n,) a finding."""
    standard = (FEATURES - FEATURES.mean(axis=0)) / FEATURES.std(axis=0)
    rows = []
    for column in range(len(NAMES)):
        weight, answer = weights[:, column], answers[:, column]
        table, counted = standard, weight > 0
        head = LogisticRegression(C=1 / (penalty * weight.sum()), tol=1e-10, max_iter=10_000)
        head.fit(table[counted], answer[counted], weight[counted])
        if len(head.classes_) == 3:
            rows.append(np.append(head.coef_[2] - head.coef_[1], np.diff(head.intercept_)[1]))
        else:
            rows.append(np.append(head.coef_[0], head.intercept_[0]))
    return np.stack(rows, axis=1)


def soft_rows() -> tuple[Any, Any]:
    """Return heads on soft targets, and scikit-learn's on each film twice, once an answer."""
    predicted = RNG.random(TRUTH.shape)
    ours = numbers(heads(learned("self-trained", predicted=predicted)))
    value = np.where(UNSURE, predicted, TRUTH)
    standard = (FEATURES - FEATURES.mean(axis=0)) / FEATURES.std(axis=0)
    rows = []
    for column in range(len(NAMES)):
        head = LogisticRegression(C=1 / (0.05 * N), tol=1e-10, max_iter=10_000)
        share = np.concatenate([value[:, column], 1 - value[:, column]])
        head.fit(np.tile(standard, (2, 1)), np.repeat([1, 0], N), share)
        rows.append(np.append(head.coef_[0], head.intercept_[0]))
    return ours, np.stack(rows, axis=1)


def chosen(policy: Any, table: Any) -> Any:
    parts = np.where(np.arange(N) % 4 == 0, "valid", "train")
    settings = RunSettings(backbone="none", policy=policy)
    return chosen_heads.fit(FEATURES, table, parts, settings, NAMES)


def main() -> None:
    """Print what the tests read."""
    ignored = learned("ignore")
    turned = replace(ignored, values=np.where(UNSURE, 1 - ignored.values, ignored.values))
    third = np.where(UNSURE, -1, TRUTH)
    balanced = learned("zeros", "weights", labels(unsure=np.zeros_like(UNSURE)))
    cost = np.where(TRUTH == 1, 0.5 / TRUTH.mean(axis=0), 0.5 / (1 - TRUTH.mean(axis=0)))
    flat = FEATURES.copy()
    flat[:, 3] = 7.0
    tiny = FEATURES * 1e-12
    as_large = heads(ignored, features=FEATURES).logits(FEATURES)
    sure = labels(unsure=np.zeros_like(UNSURE))
    by_self = chosen("self-trained", labels())
    logits = by_self.linear.logits(FEATURES)
    once, again = heads(ignored), heads(ignored)
    result = {
        "masked": distance(numbers(heads(ignored)), theirs(TRUTH, 1.0 * ~UNSURE)),
        "moved by a masked label": distance(numbers(heads(turned)), numbers(once)),
        "three classes": distance(
            numbers(heads(learned("multi-class"))), theirs(third, np.ones(TRUTH.shape))
        ),
        "soft": distance(*soft_rows()),
        "balanced": distance(numbers(heads(balanced)), theirs(TRUTH, cost)),
        "again": distance(numbers(again), numbers(once)),
        "tiny features": float(
            np.abs(heads(ignored, features=tiny).logits(tiny) - as_large).max()
        ),
        "a flat channel": float(np.abs(heads(ignored, features=flat).logits(flat)).max()),
        "self-trained against ignore": distance(
            numbers(by_self.linear), numbers(chosen("ignore", labels()).linear)
        ),
        "macro": float(
            np.mean([np.corrcoef(logits[:, k], CHANCE[:, k])[0, 1] for k in range(len(NAMES))])
        ),
        "tried": list(by_self.validation),
        "penalty": by_self.penalty,
        "best": max(by_self.validation, key=lambda each: by_self.validation[each]),
        "said": [
            float(each)
            for each in chosen_heads.predicted_by(chosen("ignore", sure), FEATURES).mean(0)
        ],
        "seen": [float(each) for each in TRUTH.mean(axis=0)],
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
