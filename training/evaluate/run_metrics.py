"""metrics.json: every figure of one evaluation, undefined ones null; no times and no paths."""

import json
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.model_card import Bin
from training.evaluate.groups import Kind
from training.evaluate.label_rule import LabelRule

#: The five findings of the CheXpert competition (Irvin et al. 2019, section 3.2).
COMPETITION_FIVE: Final = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Pleural Effusion",
)
_DIGITS: Final = 6


def _defined(value: object) -> object:
    """Round a number; None for NaN, which JSON does not have."""
    if value is None or not isinstance(value, int | float):
        return value
    number = float(value)
    return None if number != number else round(number, _DIGITS)  # noqa: PLR0124 - NaN


#: A figure: NaN becomes None, which is JSON's null.
Number = Annotated[float | None, BeforeValidator(_defined)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PointMetrics(_Part):
    """What one operating point, chosen on other films, is worth on these.

    found, false_alerts: films, of `support` and of `negatives`. The predictive values are those
    at `prevalence`, by Bayes' rule from sensitivity and specificity: with the films' own
    prevalence they are the plain shares.
    """

    threshold: float
    sensitivity: Number
    sensitivity_low: Number
    sensitivity_high: Number
    specificity: Number
    specificity_low: Number
    specificity_high: Number
    positive_predictive_value: Number
    negative_predictive_value: Number
    prevalence: Number
    found: int
    false_alerts: int


class FindingMetrics(_Part):
    """One finding.

    precision, recall, f1: at `decision_threshold`, at or over which a score says present.
    support, negatives, left_out: films with it, without it, and of unknown label; the patients
    of the first two tell what an interval is worth. ece: over ten equally filled bins
    (Naeini et al. 2015), which are `bins`. brier: Brier 1950.
    """

    assessed: bool
    auroc: Number = None
    auroc_low: Number = None
    auroc_high: Number = None
    auprc: Number = None
    auprc_low: Number = None
    auprc_high: Number = None
    precision: Number = None
    recall: Number = None
    f1: Number = None
    support: int
    negatives: int
    left_out: int
    patients_with: int
    patients_without: int
    decision_threshold: Number = None
    ece: Number = None
    brier: Number = None
    brier_low: Number = None
    brier_high: Number = None
    operating_points: dict[str, PointMetrics] = {}
    bins: tuple[Bin, ...] = ()


class Average(_Part):
    """One of the four averages over the assessed findings (training/evaluate/averages.py)."""

    auroc: Number
    auprc: Number
    precision: Number
    recall: Number
    f1: Number


class MacroAverage(Average):
    """The mean of findings, the one average of which intervals are told."""

    auroc_low: Number
    auroc_high: Number
    auprc_low: Number
    auprc_high: Number


class GroupFinding(_Part):
    """A finding's AUROC within one group; null with too few patients with it or without."""

    auroc: Number
    auroc_low: Number
    auroc_high: Number
    support: int


class GroupMetrics(_Part):
    """One kind of film: `macro` is the mean of the findings that have a figure in it."""

    kind: Kind
    name: str
    films: int
    patients: int
    macro_auroc: Number
    macro_auroc_low: Number
    macro_auroc_high: Number
    findings: dict[str, GroupFinding]


class AlertMetrics(_Part):
    """What films get at one point, all findings that may alert together (alerts.py).

    right: the share of alerts whose finding is there.
    """

    films_without: int
    false_per_film_without: Number
    films_ill: int
    per_film_ill: Number
    alerts: int
    right: Number


class Intervals(_Part):
    """How intervals came about: 95 %, patients drawn with replacement, their films with them."""

    rounds: int
    seed: int
    fewest: int = Field(description="patients with and without, below which an interval is rough")


class RunMetrics(_Part):
    """The whole file. `findings` in CheXpert's order, all fourteen.

    competition_five: mean AUROC of COMPETITION_FIVE, null unless all five have one.
    alerts: by operating point. alerting: the findings that may alert; No Finding never does.
    """

    part: str
    films: int
    patients: int
    competition_five: Number
    competition_five_low: Number
    competition_five_high: Number
    findings: dict[str, FindingMetrics]
    macro: MacroAverage
    micro: Average
    weighted: Average
    samples: Average
    groups: tuple[GroupMetrics, ...]
    alerts: dict[str, AlertMetrics]
    alerting: tuple[str, ...]
    labels: LabelRule
    intervals: Intervals

    def save(self, file: Path) -> None:
        """Write metrics.json: the same figures give the same bytes."""
        said = self.model_dump(mode="json")
        file.write_text(json.dumps(said, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> "RunMetrics":
        """Return what `save` wrote. Raises pydantic's ValidationError, which names the field."""
        return cls.model_validate_json(file.read_bytes())
