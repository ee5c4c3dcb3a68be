"""The three operating points of all findings together, from scores that no film's own fit gave.

Out-of-fold scores, or those of a validation part. `sensitive` is the highest threshold that keeps
sensitivity at 0.9; `alert` maximises Youden's J (sensitivity + specificity - 1; Youden 1950);
`specific` is where *suspected* starts (training/evaluate/alerts.py says what an alert is):

1. Each finding's specificity is at least 0.95.
2. All reliable findings together give at most 0.3 false alerts per film without finding.

Where the second asks for more than the first, one specificity is raised for all findings alike, in
steps of a thousandth, until it holds: none pays for another. Both hold twice: on the films
that thresholds are chosen on, and nested, where the thresholds that judge a fold's films were
chosen, at the same wanted specificity, on the other folds alone. So they are not optimistic.
Unreliable findings get a point too; they alert nobody and are no part of the second.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from schemas.models import OperatingPoint, OperatingPoints
from training.evaluate.alerts import Alerts, count, raised_at

Array = NDArray[np.float64]

SENSITIVITY: Final = 0.9
SPECIFICITY: Final = 0.95
#: False alerts per film without finding, all reliable findings together.
BUDGET: Final = 0.3
FOLDS: Final = 5
#: Wanted specificities, in thousandths.
_LEVELS: Final = range(round(SPECIFICITY * 1000), 1001)
_DIGITS: Final = 6


@dataclass(frozen=True)
class Chosen:
    """points: of each finding with films with and without it; the others have none.

    level:    the specificity wanted of all findings, 0.95 unless the budget asked for more.
    wanted:   the specificity wanted of each, no less than `level`.
    nested:   the specificity of each, films having no part in the threshold that judges them.
    alerts:   by these points, on the films they were chosen on.
    crossed:  the same films, each by thresholds that the other folds chose.
    """

    points: dict[str, OperatingPoints]
    level: float
    wanted: dict[str, float]
    nested: dict[str, float]
    alerts: Alerts
    crossed: Alerts


def by_patient(patients: Sequence[str], folds: int = FOLDS) -> NDArray[np.intp]:
    """Return a fold (n,) for each film, the same for all of a patient's, evenly many patients."""
    known = sorted(set(patients), key=lambda name: hashlib.sha256(name.encode()).digest())
    place = {name: number % folds for number, name in enumerate(known)}
    return np.array([place[name] for name in patients], np.intp)


def choose(
    labels: NDArray[np.integer],
    scores: NDArray[np.floating],
    names: Sequence[str],
    folds: NDArray[np.integer],
    reliable: Collection[str],
) -> Chosen:
    """Return the three points of every finding that has films with and without it.

    labels:   (n, 14), as FilmTable's, after the choice of what *not mentioned* means: 1 or 0;
              films with another value are left out of that finding's thresholds.
    scores:   (n, k), 0..1, columns as `names`, each by a model that was not fitted on its film.
    folds:    (n,), one patient's films in one fold.
    reliable: the findings that may alert; No Finding never does.
    Raises ValueError for arrays of other films. With no film without finding, the budget says
    nothing: `alerts.false_per_film_without` is None, and specificity alone chooses. A budget
    that no specificity holds (scores of 1 on films without finding) is told by `alerts`.
    """
    table = np.asarray(scores, np.float64)
    if not (len(labels) == len(table) == len(folds) and table.shape[1:] == (len(names),)):
        raise ValueError(
            f"wanted labels, folds and scores of the same films and {len(names)} findings,"
            f" came {labels.shape}, {folds.shape} and {table.shape}"
        )
    found = [_Column(labels[:, INDEX[name]], table[:, k], folds) for k, name in enumerate(names)]
    films = _Films(labels, table, names, folds, reliable)
    usable = [column.usable for column in found]
    own = [column.level() if column.usable else _LEVELS[-1] for column in found]
    for level in _LEVELS:
        wanted = [max(level, each) for each in own]
        alerts, crossed = _both(films, found, wanted)
        if all((each.false_per_film_without or 0) <= BUDGET for each in (alerts, crossed)):
            break
    return Chosen(
        points={
            name: column.points(wanted[k])
            for k, (name, column) in enumerate(zip(names, found, strict=True))
            if usable[k]
        },
        level=level / 1000,
        wanted={name: wanted[k] / 1000 for k, name in enumerate(names) if usable[k]},
        nested={
            name: round(found[k].nested(wanted[k]), 4) for k, name in enumerate(names) if usable[k]
        },
        alerts=alerts,
        crossed=crossed,
    )


def _both(
    films: "_Films", found: "Sequence[_Column]", wanted: Sequence[int]
) -> tuple[Alerts, Alerts]:
    """Return alerts by thresholds chosen on all films, and by those of the other folds."""
    usable = [k for k, column in enumerate(found) if column.usable]

    def raised(mine: NDArray[np.bool_], but: int | None) -> NDArray[np.bool_]:
        limits = {films.names[k]: found[k].threshold(wanted[k], but=but) for k in usable}
        return raised_at(films.scores[mine], films.names, limits, films.reliable)

    every = np.ones(len(films.scores), bool)
    nested = np.zeros(films.scores.shape, bool)
    for fold in np.unique(films.folds):
        mine = films.folds == fold
        nested[mine] = raised(mine, int(fold))
    told = (count(films.labels, films.names, each) for each in (raised(every, None), nested))
    alerts, crossed = told
    return alerts, crossed


@dataclass(frozen=True)
class _Films:
    labels: NDArray[np.integer]
    scores: Array
    names: Sequence[str]
    folds: NDArray[np.integer]
    reliable: Collection[str]


class _Column:
    """One finding's scores of the films that are labelled 1 or 0."""

    def __init__(
        self, labels: NDArray[np.integer], scores: Array, folds: NDArray[np.integer]
    ) -> None:
        known = np.isin(labels, (0, 1)) & np.isfinite(scores)
        present = labels[known] == 1
        self._scores = scores[known]
        self._calm = self._scores[~present]
        self._calm_folds = folds[known][~present]
        self._hits = np.sort(self._scores[present])
        self.usable = bool(present.any() and not present.all())
        self._sorted = {None: np.sort(self._calm)} | {
            int(fold): np.sort(self._calm[self._calm_folds != fold]) for fold in np.unique(folds)
        }

    def threshold(self, level: int, but: int | None = None) -> float:
        """Return the lowest threshold that keeps specificity at so many thousandths.

        but: a fold whose films are left out; infinite where no other has a film without finding.
        """
        calm = self._sorted[but]
        if not len(calm):
            return float("inf")
        # In whole thousandths, so that 0.95 of 20 films are 19 of them and never 20.
        under = -(-level * len(calm) // 1000)
        # A film at the threshold counts, so the highest that must stay calm lies under it.
        return _up(min(1.0, float(np.nextafter(calm[under - 1], np.inf))))

    def nested(self, level: int) -> float:
        """Return the specificity, each film by the threshold of the other folds."""
        calm = [
            self._calm[self._calm_folds == fold] < self.threshold(level, but=int(fold))
            for fold in np.unique(self._calm_folds)
        ]
        return float(np.concatenate(calm).mean())

    def level(self) -> int:
        """Return the lowest wanted specificity, in thousandths, that is 0.95 when nested."""
        return next((one for one in _LEVELS if self.nested(one) >= SPECIFICITY), _LEVELS[-1])

    def points(self, level: int) -> OperatingPoints:
        """Return the three points, each with what it is worth on these films."""
        cuts = np.unique(self._scores)
        sensitivity = 1 - np.searchsorted(self._hits, cuts) / len(self._hits)
        specificity = np.searchsorted(self._sorted[None], cuts) / len(self._calm)
        keeps = np.flatnonzero(sensitivity >= SENSITIVITY)
        return OperatingPoints(
            alert=self._point(_down(float(cuts[int(np.argmax(sensitivity + specificity))]))),
            sensitive=self._point(_down(float(cuts[keeps[-1]]))),
            specific=self._point(self.threshold(level)),
        )

    def _point(self, threshold: float) -> OperatingPoint:
        return OperatingPoint(
            threshold=threshold,
            sensitivity=round(float((self._hits >= threshold).mean()), 4),
            specificity=round(float((self._calm < threshold).mean()), 4),
        )


def _down(threshold: float) -> float:
    """Return the threshold in six digits, no higher: what it kept, it keeps."""
    return _digits(threshold, -1)


def _up(threshold: float) -> float:
    """Return the threshold in six digits, no lower, 1 at most."""
    return _digits(threshold, 1)


def _digits(number: float, way: int) -> float:
    short = float(f"{number:.{_DIGITS}g}")
    if (short - number) * way >= 0:
        return short
    step = 10.0 ** (np.floor(np.log10(number)) - _DIGITS + 1)
    return float(min(1.0, float(f"{short + way * step:.{_DIGITS}g}")))
