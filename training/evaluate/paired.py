"""Differences between two runs on the same films, with intervals: a paired patient bootstrap.

Both runs are judged on the same drawn patients in every round, so what makes the films of a round
easy or hard for both drops out of the difference (Efron and Tibshirani 1993, chapter 8).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from schemas.findings import FINDINGS
from training.errors import WrongInput
from training.evaluate import bootstrap
from training.evaluate.bootstrap import Array
from training.evaluate.label_rule import LabelRule
from training.evaluate.predictions import Predictions
from training.evaluate.run_metrics import COMPETITION_FIVE, Number

_LABELS: Final = LabelRule()


class Difference(BaseModel):
    """AUROC of the first run less that of the second, 95 %; null where one of them is undefined.

    more_than_chance: whether the interval leaves 0 out; null without an interval. Of twenty
    differences that are none, one does so by chance: no correction for many is made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    difference: Number
    low: Number
    high: Number
    more_than_chance: bool | None


class Differences(BaseModel):
    """Of all findings; `macro` over those that both runs assess and that have an AUROC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    films: int
    macro: Difference
    competition_five: Difference
    findings: dict[str, Difference]


def paired(
    one: Predictions,
    other: Predictions,
    *,
    rule: LabelRule = _LABELS,
    rounds: int = 1000,
    seed: int = 1,
) -> Differences:
    """Return the differences of AUROC, `one` less `other`.

    Raises WrongInput unless both have the same films, in the same order, with the same labels.
    """
    _check(one, other)
    truth = rule.truth(one.table.labels)
    statistics = {
        name: _both(truth[:, place], one.scores[:, place], other.scores[:, place])
        for place, name in enumerate(FINDINGS)
    }
    drawn = bootstrap.every_round(statistics, one.table.patients, rounds, seed)
    by_finding = {name: values[0] - values[1] for name, values in drawn.items()}
    return Differences(
        films=len(one.table),
        macro=_difference(bootstrap.over_findings(list(by_finding.values()))),
        competition_five=_difference(
            bootstrap.over_all([by_finding[name] for name in COMPETITION_FIVE])
        ),
        findings={name: _difference(values) for name, values in by_finding.items()},
    )


def _check(one: Predictions, other: Predictions) -> None:
    for what in ("paths", "patients", "labels"):
        first, second = getattr(one.table, what), getattr(other.table, what)
        if not np.array_equal(first, second):
            raise WrongInput(
                f"wanted two runs on the same films, came other {what}: "
                f"{len(first)} and {len(second)} films"
            )


def _both(truth: Array, one: Array, other: Array) -> Callable[[Array], Array]:
    known = np.isfinite(truth)
    if not known.any() or not (np.isfinite(one).any() and np.isfinite(other).any()):
        return lambda weights: np.full((2, len(weights)), np.nan)

    def areas(weights: Array) -> Array:
        drawn = weights[:, known]
        each = (bootstrap.auroc(truth[known], scores[known], drawn) for scores in (one, other))
        return np.stack(list(each))

    return areas


def _difference(values: Array) -> Difference:
    value, low, high = bootstrap.interval(values)
    known = np.isfinite([value, low, high]).all()
    return Difference(
        difference=value,
        low=low,
        high=high,
        more_than_chance=bool(low > 0 or high < 0) if known else None,
    )
