"""The fourteen findings as screens draw them, always in reading order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.findings import INDEX, READING_ORDER
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
        """Return places on the bar, 0..100: the score, and where each word begins."""
        if self.score is None or self.points is None:
            return None
        parts = {
            "score": self.score,
            "borderline": self.points.sensitive.threshold,
            "suspected": self.points.suspected.threshold,
        }
        return {name: round(100 * logistic_place(value), 2) for name, value in parts.items()}


def finding_rows(
    scores: Sequence[float | None], manifest: ModelManifest | None
) -> dict[str, FindingRow]:
    """Return the fourteen by name. Without the model's manifest no state can be told."""
    values = [None if said is None or math.isnan(said) else float(said) for said in scores]
    if manifest is None:
        return {
            name: FindingRow(name, values[index], "not_assessed", None)
            for name, index in INDEX.items()
        }
    states = manifest.states(values)
    return {
        name: FindingRow(
            name,
            values[index],
            states[index],
            manifest.operating_points.get(name),
            manifest.reliability(name),
        )
        for name, index in INDEX.items()
    }


def suspected(rows: Mapping[str, FindingRow]) -> list[FindingRow]:
    """Return what is suspected, in reading order, never sorted by score."""
    return [rows[name] for name in LOOKED_FOR if rows[name].state == "suspected"]


def physicians_labels(labels: Sequence[LabelRow]) -> list[LabelRow]:
    """Return what physicians said, newest first."""
    said = [label for label in labels if label.source == "physician"]
    return sorted(said, key=lambda label: label.recorded_at, reverse=True)
