"""One finding over some films: its truth, its scores and every figure of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.models import OperatingPoint, OperatingPoints
from training.evaluate import averages, bootstrap
from training.evaluate.bootstrap import Array
from training.evaluate.finding_metrics import bins
from training.evaluate.metrics import calibration_error
from training.evaluate.run_metrics import FindingMetrics, PointMetrics

#: A score at or over it says present, where nothing else is stated: a calibrated even chance.
DECISION: Final = 0.5
#: What a figure is called among those drawn: the finding, then which.
Key = tuple[str, ...]
Statistics = dict[Key, Callable[[Array], Array]]


@dataclass(frozen=True)
class Stated:
    """What the figures depend on besides the films, by finding.

    points:     operating points, chosen on other films; none for a finding not assessed.
    decision:   thresholds of precision, recall and F1, DECISION where there is none.
    prevalence: of the predictive values, the films' own where there is none.
    """

    points: Mapping[str, OperatingPoints]
    decision: Mapping[str, float]
    prevalence: Mapping[str, float]

    def threshold(self, finding: str) -> float:
        """Return the finding's threshold of precision, recall and F1."""
        return self.decision.get(finding, DECISION)


@dataclass(frozen=True)
class Column:
    """One finding: truth 1, 0 or NaN, scores 0..1 (all NaN where not assessed), patients; (n,)."""

    name: str
    truth: Array
    scores: Array
    patients: NDArray[np.str_]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether each film's label is known."""
        return np.isfinite(self.truth)

    @property
    def assessed(self) -> bool:
        """Whether the model says anything of the finding."""
        return bool(np.isfinite(self.scores).any())

    def where(self, mask: NDArray[np.bool_]) -> "Column":
        """Return the films of the mask."""
        return Column(self.name, self.truth[mask], self.scores[mask], self.patients[mask])

    def patients_of(self, value: float) -> int:
        """Return how many patients have a film of this truth."""
        return len(np.unique(self.patients[self.truth == value]))

    def fewest(self) -> int:
        """Return patients with it or without, whichever are fewer; 0 where not assessed."""
        return min(self.patients_of(1), self.patients_of(0)) if self.assessed else 0


def statistics(column: Column, points: OperatingPoints | None) -> Statistics:
    """Return what is drawn of a finding: AUROC, AUPRC and Brier; the shares of each point."""
    known = column.known
    truth, scores = column.truth[known], column.scores[known]
    if not column.assessed or not known.any():
        return {(column.name, "areas"): lambda weights: np.full((3, len(weights)), np.nan)}

    def areas(weights: Array) -> Array:
        drawn = weights[:, known]
        both = bootstrap.areas(truth, scores, drawn)
        return np.stack([*both, bootstrap.brier(truth, scores, drawn)])

    found: Statistics = {(column.name, "areas"): areas}
    for name, point in points_of(points).items():
        found[column.name, "point", name] = _shares_right(column, point.threshold)
    return found


def _shares_right(column: Column, threshold: float) -> Callable[[Array], Array]:
    raised = (column.scores >= threshold).astype(np.float64)

    def shares(weights: Array) -> Array:
        with_it, without = column.truth == 1, column.truth == 0
        return np.stack(
            [
                bootstrap.mean(raised[with_it], weights[:, with_it]),
                bootstrap.mean(1 - raised[without], weights[:, without]),
            ]
        )

    return shares


def group_auroc(column: Column, mask: NDArray[np.bool_]) -> Callable[[Array], Array]:
    """Return what draws a group's AUROC; column: the group's films, of all that the mask takes."""
    known = column.known
    places = np.flatnonzero(mask)[known]
    truth, scores = column.truth[known], column.scores[known]
    return lambda weights: bootstrap.auroc(truth, scores, weights[:, places])[None]


def points_of(points: OperatingPoints | None) -> dict[str, OperatingPoint]:
    """Return the points that there are by name: an older model has fewer."""
    every = {name: getattr(points, name) for name in type(points).model_fields} if points else {}
    return {name: point for name, point in every.items() if point is not None}


def finding(column: Column, drawn: Mapping[Key, Array], stated: Stated) -> FindingMetrics:
    """Return every figure of the finding; drawn: what `statistics` asked for, (m, rounds + 1)."""
    known = column.known
    truth, scores = column.truth[known], column.scores[known]
    with_it, without = int((truth == 1).sum()), int((truth == 0).sum())
    counted: dict[str, Any] = {
        "support": with_it,
        "negatives": without,
        "left_out": int((~known).sum()),
        "patients_with": column.patients_of(1),
        "patients_without": column.patients_of(0),
    }
    if not column.assessed or not len(truth):
        return FindingMetrics(assessed=column.assessed, **counted)
    threshold = stated.threshold(column.name)
    at = averages.counts(truth[:, None], scores[:, None] >= threshold, axis=0).scores()
    auroc, auprc, brier = (bootstrap.interval(each) for each in drawn[column.name, "areas"])
    return FindingMetrics(
        assessed=True,
        auroc=auroc[0], auroc_low=auroc[1], auroc_high=auroc[2],
        auprc=auprc[0], auprc_low=auprc[1], auprc_high=auprc[2],
        precision=float(at.precision[0]), recall=float(at.recall[0]), f1=float(at.f1[0]),
        decision_threshold=threshold,
        ece=calibration_error(truth, scores),
        brier=brier[0], brier_low=brier[1], brier_high=brier[2],
        operating_points={
            name: _point(column, point, drawn[column.name, "point", name], stated)
            for name, point in points_of(stated.points.get(column.name)).items()
        },
        bins=tuple(bins(truth, scores)),
        **counted,
    )  # fmt: skip


def _point(column: Column, point: OperatingPoint, drawn: Array, stated: Stated) -> PointMetrics:
    truth = column.truth
    raised = column.scores >= point.threshold
    with_it, without = int((truth == 1).sum()), int((truth == 0).sum())
    prevalence = stated.prevalence.get(column.name, with_it / (with_it + without))
    sensitivity, specificity = (bootstrap.interval(each) for each in drawn)
    positive, negative = predictive_values(sensitivity[0], specificity[0], prevalence)
    return PointMetrics(
        threshold=point.threshold,
        sensitivity=sensitivity[0],
        sensitivity_low=sensitivity[1],
        sensitivity_high=sensitivity[2],
        specificity=specificity[0],
        specificity_low=specificity[1],
        specificity_high=specificity[2],
        positive_predictive_value=positive,
        negative_predictive_value=negative,
        prevalence=prevalence,
        found=int((raised & (truth == 1)).sum()),
        false_alerts=int((raised & (truth == 0)).sum()),
    )


def predictive_values(
    sensitivity: float, specificity: float, prevalence: float
) -> tuple[float, float]:
    """Return the shares of alerts, and of silences, that are right, by Bayes' rule; NaN for 0 / 0.

    Altman and Bland 1994 (BMJ 309:102).
    """
    hits, misses = prevalence * sensitivity, prevalence * (1 - sensitivity)
    quiet, alarms = (1 - prevalence) * specificity, (1 - prevalence) * (1 - specificity)
    return (
        hits / (hits + alarms) if hits + alarms > 0 else float("nan"),
        quiet / (quiet + misses) if quiet + misses > 0 else float("nan"),
    )
