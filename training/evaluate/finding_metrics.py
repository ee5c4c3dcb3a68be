"""What one finding's scores are worth on some films, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.model_card import RELIABLE_FROM, Bin, Figure, Hundred, Reliability, Worth
from training.data import nih
from training.evaluate import bootstrap
from training.evaluate.bootstrap import Array
from training.evaluate.metrics import calibration_error

#: Patients with the finding, and without: with fewer, a figure says nothing and is not said.
FEWEST: Final = 5
BINS: Final = 10
#: Of the bootstrap that says which findings are reliable.
ROUNDS: Final = 1000
_DIGITS: Final = 4


@dataclass(frozen=True)
class Films:
    """Some films: truth and scores (n, 11), their rows, weights (rounds + 1, n)."""

    rows: tuple[nih.Row, ...]
    truth: Array
    scores: Array
    weights: Array

    def where(self, mask: NDArray[np.bool_]) -> "Films":
        """Return those films of which the mask says so."""
        rows = tuple(row for row, wanted in zip(self.rows, mask, strict=True) if wanted)
        return Films(rows, self.truth[mask], self.scores[mask], self.weights[:, mask])


def films_of(rows: Sequence[nih.Row], scores: Array, rounds: int) -> Films:
    """Return the films with their truth of the assessed findings and their patients' draws."""
    truth = nih.truth_table(rows).astype(np.float64)
    weights = bootstrap.draws([row.patient for row in rows], rounds)
    return Films(tuple(rows), truth, np.asarray(scores, np.float64), weights)


def too_few(films: Films, column: int) -> str:
    """Return why there is no figure of a finding on these films, "" when there is one."""
    patients = np.array([row.patient for row in films.rows])
    positive = films.truth[:, column] == 1
    with_it, without = len(set(patients[positive])), len(set(patients[~positive]))
    if min(with_it, without) >= FEWEST:
        return ""
    return f"{with_it} patients with and {without} without: fewer than {FEWEST}"


def worth(films: Films, column: int, threshold: float) -> Worth:
    """Return what one finding's scores are worth on these films, suspected from `threshold`."""
    truth, scores = films.truth[:, column], films.scores[:, column]
    patients = np.array([row.patient for row in films.rows])
    positive = truth == 1
    why = too_few(films, column)
    raised = (scores >= threshold).astype(np.float64)

    def said(values: Array) -> Figure:
        return bootstrap.figure(values)

    figures: dict[str, Figure]
    if why:
        nothing = Figure(value=None, why=why)
        names = ("auroc", "auprc", "brier", "calibration_error", "slope")
        figures = dict.fromkeys((*names, "sensitivity", "specificity"), nothing)
    else:
        w = films.weights
        slope = bootstrap.calibration_slope(truth, scores, w)
        figures = {
            "auroc": said(bootstrap.auroc(truth, scores, w)),
            "auprc": said(bootstrap.auprc(truth, scores, w)),
            "brier": said(bootstrap.brier(truth, scores, w)),
            # Drawing patients only ever adds to a mean of absolute gaps: no honest interval.
            "calibration_error": Figure(value=round(calibration_error(truth, scores), _DIGITS)),
            "slope": said(slope)
            if np.isfinite(slope[0])
            else Figure(value=None, why="the scores part the classes wholly"),
            "sensitivity": said(bootstrap.mean(raised[positive], w[:, positive])),
            "specificity": said(bootstrap.mean(1 - raised[~positive], w[:, ~positive])),
        }
    return Worth(
        films=len(truth),
        patients=len(set(patients)),
        positives=int(positive.sum()),
        positive_patients=len(set(patients[positive])),
        bins=() if why else tuple(bins(truth, scores)),
        **figures,
    )


def auroc(films: Films, column: int) -> Figure:
    """Return one finding's AUROC with its interval, or why there is none."""
    why = too_few(films, column)
    if why:
        return Figure(value=None, why=why)
    truth, scores = films.truth[:, column], films.scores[:, column]
    return bootstrap.figure(bootstrap.auroc(truth, scores, films.weights))


def reliability(cross_validation: Figure, held_out: Figure) -> Reliability:
    """Return `unreliable` when the AUROC, told by these figures, may be under 0.65.

    That is: the cross-validated interval begins lower, or the held-out one lies lower as a whole,
    or there is no cross-validated figure. Not when the held-out interval begins lower: with ten
    positives every interval does.
    """
    low, high = cross_validation.low, held_out.high
    doubtful = low is None or low < RELIABLE_FROM
    contradicted = high is not None and high < RELIABLE_FROM
    return "unreliable" if doubtful or contradicted else "reliable"


def of_films(
    films: int,
    prevalence: float,
    sensitivity: float,
    specificity: float,
    basis: Literal["cross_validation", "held_out"],
) -> Hundred:
    """Return what becomes of so many films, each part a whole number, with the finding or not."""
    positives = round(films * prevalence)
    found = round(positives * sensitivity)
    quiet = round((films - positives) * specificity)
    return Hundred(
        films=films,
        found=found,
        missed=positives - found,
        false_alarms=films - positives - quiet,
        quiet=quiet,
        basis=basis,
    )


def bins(truth: Array, scores: Array) -> list[Bin]:
    """Return what was said and seen in each tenth of the films, by rising score."""
    parts = np.array_split(np.argsort(scores, kind="stable"), BINS)
    return [
        Bin(
            films=len(part),
            said=round(float(scores[part].mean()), _DIGITS),
            seen=round(float(truth[part].mean()), _DIGITS),
        )
        for part in parts
        if len(part)
    ]
