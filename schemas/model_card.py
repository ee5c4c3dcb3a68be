"""The model card as data: what a model version is worth, for whom, and where it fails.

One JSON file, `card.json`, lies beside a model's weights and travels with them. The training code
writes it (training/starter/judge.py), the model's page and docs/model-card-starter.md are drawn
from it. `cross_validation`: films fitted on, each scored by a model that never saw its patient.
`held_out`: films of the patients that nothing was ever fitted on or chosen by.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Reliability = Literal["reliable", "unreliable"]
#: A finding whose cross-validated AUROC interval begins lower is unreliable.
RELIABLE_FROM: Final = 0.65

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Piece(BaseModel):
    """The root of every part: frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(Piece):
    """A figure with its 95 % interval, patients drawn with replacement.

    `value` is None where there is too little to say it, and `why` tells what there was.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""

    @model_validator(mode="after")
    def _said_or_explained(self) -> "Figure":
        if self.value is None and not self.why:
            raise ValueError("wanted the reason why there is no figure, came none")
        if self.value is None and (self.low, self.high) != (None, None):
            raise ValueError("wanted no interval without a figure, came one")
        return self


class Bin(Piece):
    """One tenth of the films by score: what was said of them on average, and what was seen."""

    films: Count
    said: Share
    seen: Share


class Worth(Piece):
    """What one finding's scores are worth on some films.

    brier: mean squared distance of score and truth (Brier 1950); calibration_error: over ten
    equally filled bins (Naeini et al. 2015); slope: of the truth on the score's log-odds, 1 is
    right, less says that scores are too extreme (Cox 1958). sensitivity, specificity: where
    *suspected* starts (docs/adr/0154).
    """

    films: Count
    patients: Count
    positives: Count
    positive_patients: Count
    auroc: Figure
    auprc: Figure
    brier: Figure
    calibration_error: Figure
    slope: Figure
    sensitivity: Figure
    specificity: Figure
    bins: tuple[Bin, ...] = ()


class Hundred(Piece):
    """What becomes of `films` films where *suspected* starts, in whole films."""

    films: Annotated[int, Field(gt=0)]
    found: Count
    missed: Count
    false_alarms: Count
    quiet: Count
    basis: Literal["cross_validation", "held_out"] = Field(
        description="whose sensitivity and specificity"
    )

    @model_validator(mode="after")
    def _adds_up(self) -> "Hundred":
        came = self.found + self.missed + self.false_alarms + self.quiet
        if came != self.films:
            raise ValueError(f"wanted parts that add up to {self.films}, came {came}")
        return self


class PointFigures(Piece):
    """What an operating point's alerts are worth, by one side's sensitivity and specificity."""

    found_of_100: Annotated[int, Field(ge=0, le=100)] = Field(
        description="of 100 films with the finding"
    )
    false_alerts_per_1000: Annotated[int, Field(ge=0, le=1000)] = Field(
        description="of 1,000 films, as many with the finding as the prevalence says"
    )
    right: Share | None = Field(description="of the alerts among them; None: no alert at all")


class PointCard(Piece):
    """One operating point of a finding."""

    point: Literal["sensitive", "alert", "specific"]
    threshold: Share
    prevalence: Share
    prevalence_of: Literal["collection", "these"] = Field(
        description="of the whole collection the films come from, or of these films"
    )
    cross_validation: PointFigures | None
    held_out: PointFigures | None


class AlertsCard(Piece):
    """How many alerts films get, all findings together; training/evaluate/alerts.py defines them.

    `alert`: every finding but No Finding from Youden's point, as screens had it. `specific`: the
    reliable ones from their specific point. nested: each fold by what the other folds chose.
    """

    point: Literal["alert", "specific"]
    basis: Literal["cross_validation", "nested", "held_out"]
    films_without: Count
    false_per_film_without: Annotated[float, Field(ge=0)] | None
    films_ill: Count
    per_film_ill: Annotated[float, Field(ge=0)] | None
    alerts: Count
    right: Share | None


class FindingCard(Piece):
    """One finding."""

    finding: str
    reliability: Reliability
    cross_validation: Worth
    held_out: Worth
    like_these: Hundred | None = Field(description="100 films mixed as these are")
    like_all: Hundred | None = Field(
        default=None, description="1,000 films mixed as the whole of the collection is"
    )
    points: tuple[PointCard, ...] = ()


class Group(Piece):
    """The same by one kind of film: AUROC of each finding, and the mean of those that have one."""

    kind: Literal["view", "sex", "age", "source"]
    name: str
    films: Count
    patients: Count
    macro: Figure
    findings: dict[str, Figure]


class Split(Piece):
    """All findings on one side of the hold-out."""

    films: Count
    patients: Count
    macro_auroc: Figure
    macro_auprc: Figure
    groups: tuple[Group, ...]


class Boxes(Piece):
    """How often the map's strongest cell lies in a box that a radiologist drew.

    inside: its centre is in the box. near: in the box, or one cell beside it. chance, chance_near:
    the share of all cells that would count. Of films with several boxes any one counts. Intervals
    are Wilson's, on as many as there are patients.
    """

    finding: str
    drawn_by: Literal["NIH", "RSNA"]
    films: Count
    held_out: Count = Field(description="how many of them are held out")
    inside: Figure
    near: Figure
    chance: Share
    chance_near: Share


class Against(Piece):
    """A finding's AUROC against what radiologists of the RSNA said of the same films."""

    finding: str
    versus: str = Field(description="which class against which")
    films: Count
    positives: Count
    auroc: Figure


class Reference(Piece):
    """The same films by another, published model: DenseNet121 trained on the whole collection."""

    finding: str
    films: Count
    positives: Count
    ours: Figure
    theirs: Figure


class Precision(Piece):
    """The held-out films by the same model in another arithmetic."""

    name: str
    macro_auroc: Figure
    largest_gap: Share = Field(description="of any score to the first precision's")
    speed: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="films a second over the first precision's"
    )


class ModelCard(Piece):
    """The whole card. `findings` in CheXpert's order, only those that are assessed."""

    name: str
    version: Annotated[int, Field(ge=1)]
    trained_on: str
    rounds: Count = Field(description="of the bootstrap")
    fewest: Count = Field(description="patients with and without, for a figure to be said")
    cross_validation: Split
    held_out: Split
    findings: tuple[FindingCard, ...]
    alerts: tuple[AlertsCard, ...] = ()
    boxes: tuple[Boxes, ...] = ()
    radiologists: tuple[Against, ...] = ()
    reference: tuple[Reference, ...] = ()
    precisions: tuple[Precision, ...] = ()

    def reliability(self) -> dict[str, Reliability]:
        """Return what the manifest says of each assessed finding."""
        return {each.finding: each.reliability for each in self.findings}
