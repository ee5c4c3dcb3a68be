"""curves.csv: the points of each finding's ROC, precision-recall and reliability curve."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS
from training.evaluate.finding_metrics import bins
from training.evaluate.label_rule import LabelRule
from training.evaluate.predictions import Predictions

Array = NDArray[np.float64]

#: Points of one curve; of a longer one every so many are kept, its ends among them.
LONGEST: Final = 1000
_DIGITS: Final = 6


@dataclass(frozen=True)
class Curve:
    """One curve, m points in the order of falling thresholds (rising scores for reliability).

    kind:       `roc` (x: 1 - specificity, y: sensitivity), `pr` (x: recall, y: precision) or
                `reliability` (x: mean score of a tenth of the films, y: share with the finding).
    thresholds: the score from which a film counts as present, (m,); NaN for reliability and at
                the ROC's origin, which no score reaches.
    """

    finding: str
    kind: str
    x: Array
    y: Array
    thresholds: Array


def curves(predictions: Predictions, rule: LabelRule) -> tuple[Curve, ...]:
    """Return the curves of every assessed finding with films of both classes."""
    truth = rule.truth(predictions.table.labels)
    found: list[Curve] = []
    for place, name in enumerate(FINDINGS):
        known = np.isfinite(truth[:, place]) & np.isfinite(predictions.scores[:, place])
        present, scores = truth[known, place] == 1, predictions.scores[known, place]
        if present.any() and not present.all():
            found += _of(name, present, scores)
    return tuple(found)


def _of(name: str, present: NDArray[np.bool_], scores: Array) -> Iterator[Curve]:
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.flatnonzero(np.concatenate([ranked[1:] != ranked[:-1], [True]]))
    hits = np.cumsum(present[order])[last].astype(np.float64)
    raised = (last + 1).astype(np.float64)
    recall, false = hits / present.sum(), (raised - hits) / (~present).sum()
    kept = _thinned(len(last))
    thresholds = ranked[last][kept]
    yield Curve(
        name,
        "roc",
        np.concatenate([[0.0], false[kept]]),
        np.concatenate([[0.0], recall[kept]]),
        np.concatenate([[np.nan], thresholds]),
    )
    yield Curve(name, "pr", recall[kept], (hits / raised)[kept], thresholds)
    tenths = bins(present.astype(np.float64), scores)
    said, seen = (np.array([getattr(each, what) for each in tenths]) for what in ("said", "seen"))
    yield Curve(name, "reliability", said, seen, np.full(len(tenths), np.nan))


def _thinned(count: int) -> NDArray[np.intp]:
    """Return places of at most LONGEST of so many points, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, LONGEST)).round().astype(np.intp))


def write_curves(curves: Sequence[Curve], file: Path) -> None:
    """Write `finding,curve,threshold,x,y`; an empty threshold is none."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("finding", "curve", "threshold", "x", "y"))
        for curve in curves:
            for x, y, threshold in zip(curve.x, curve.y, curve.thresholds, strict=True):
                said = "" if np.isnan(threshold) else f"{threshold:.{_DIGITS}g}"
                writer.writerow(
                    (curve.finding, curve.kind, said, f"{x:.{_DIGITS}g}", f"{y:.{_DIGITS}g}")
                )
