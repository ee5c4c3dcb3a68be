"""The fourteen findings as screens draw them, always in reading order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.findings import INDEX, READING_ORDER, finding_state
from schemas.model_card import Reliability
from schemas.models import ModelManifest, OperatingPoints
from store.records import LabelRow
from web.pages.formats import logistic_place

#: The findings as a reader looks, without "No Finding": it is a conclusion, not a suspicion.
LOOKED_FOR = tuple(
    name for group, names in READING_ORDER if group != "conclusion" for name in names
)


@dataclass(frozen=True)
class FindingRow:
    """One finding of one film. `score` is None where the model does not assess it.

    `reliability` is the model version's on this finding, None where nobody measured it.
    """

    name: str
    score: float | None
    state: str
    points: OperatingPoints | None
    reliability: Reliability | None = None

    @property
    def bar(self) -> dict[str, float] | None:
        """Return places on the bar, 0..100: score, sensitive and alert thresholds."""
        if self.score is None or self.points is None:
            return None
        parts = {
            "score": self.score,
            "sensitive": self.points.sensitive.threshold,
            "alert": self.points.alert.threshold,
        }
        return {name: round(100 * logistic_place(value), 2) for name, value in parts.items()}


def finding_rows(
    scores: Sequence[float | None], manifest: ModelManifest | None
) -> dict[str, FindingRow]:
    """Return the fourteen by name. Without the model's manifest no state can be told."""
    points = manifest.operating_points if manifest else {}
    return {
        name: _row(
            name,
            scores[index],
            points.get(name),
            manifest.reliability(name) if manifest else None,
        )
        for name, index in INDEX.items()
    }


def _row(
    name: str,
    said: float | None,
    points: OperatingPoints | None,
    reliability: Reliability | None,
) -> FindingRow:
    value = None if said is None or math.isnan(said) else float(said)
    alert, sensitive = (
        (points.alert.threshold, points.sensitive.threshold) if points else (None, None)
    )
    return FindingRow(name, value, finding_state(value, alert, sensitive), points, reliability)


def suspected(rows: Mapping[str, FindingRow]) -> list[FindingRow]:
    """Return what is suspected, in reading order, never sorted by score."""
    return [rows[name] for name in LOOKED_FOR if rows[name].state == "suspected"]


def physicians_labels(labels: Sequence[LabelRow]) -> list[LabelRow]:
    """Return what physicians said, newest first."""
    said = [label for label in labels if label.source == "physician"]
    return sorted(said, key=lambda label: label.recorded_at, reverse=True)
