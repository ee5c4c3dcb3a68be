"""What a served model says of itself: the tensor contract and the manifest beside its weights."""

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from schemas.findings import FINDINGS, FindingState, finding_state
from schemas.model_card import Reliability

EMBEDDING_WIDTH: Final = 512
#: Triton's name of the model; versions are numbers.
TRITON_MODEL: Final = "chest"
#: The input check's numbers, beside a model's weights (schemas/film_check.py).
CHECK_FILE: Final = "check.npz"
#: What the model is worth (schemas/model_card.py), beside its weights.
CARD_FILE: Final = "card.json"
#: What the manifest of a training run says for its version: the system that it is added to gives
#: it the next free number from here on, and the project's own models stay below.
RUN_VERSIONS: Final = 1001

Unit = Annotated[float, Field(ge=0, le=1)]


class OperatingPoint(BaseModel):
    """A threshold on the calibrated probability, with what it was worth when it was chosen."""

    model_config = ConfigDict(frozen=True)

    threshold: Unit
    sensitivity: Unit | None = Field(description="None: nobody measured it")
    specificity: Unit | None = Field(description="None: nobody measured it")


class OperatingPoints(BaseModel):
    """`sensitive` keeps sensitivity at 0.9; `alert` maximises Youden's J (Youden 1950).

    `specific` keeps specificity at 0.95, and false alerts few (docs/adr/0151). None in the
    manifests of before.
    """

    model_config = ConfigDict(frozen=True)

    alert: OperatingPoint
    sensitive: OperatingPoint
    # Left out where there is none: the manifests in rows were written without it, and a version
    # that is added again is compared with its row.
    specific: OperatingPoint | None = Field(default=None, exclude_if=lambda point: point is None)

    @property
    def suspected(self) -> OperatingPoint:
        """Return the point at which *suspected* starts (docs/adr/0154)."""
        return self.specific or self.alert


class FilmCheck(BaseModel):
    """The input check that belongs to a model: its numbers are `check.npz` beside the weights.

    Distances are those of schemas/film_check.py: a film beyond `in_doubt` waits for a steward,
    one beyond `sure` is no chest film. So does a picture whose head `not_chest` is a flag, and it
    is none where that is surer than `sure_not_chest`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(description="of check.npz")
    in_doubt: Annotated[float, Field(gt=0)]
    sure: Annotated[float, Field(gt=0)]
    sure_not_chest: Unit = 1.0
    figures: dict[str, float] = Field(default_factory=dict)


class CardFile(BaseModel):
    """The model card that belongs to a model, `card.json` beside the weights, and its verdicts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(description="of card.json")
    reliability: dict[str, Reliability]


class ModelManifest(BaseModel):
    """`model.json`, beside `model.onnx`.

    Tensors in: `image` UINT8 (n, side, side), 0..255, bright = dense, aspect kept, padded with 0.
    Out: `probabilities` FP32 (n, 14), calibrated, NaN where not assessed; `embedding` FP32
    (n, 512), L2-normalised; `features` FP16 (n, d), pooled; `activation` FP32 (n, 14, h, w).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    version: Annotated[int, Field(ge=1)]
    side: Annotated[int, Field(ge=64, le=1024)]
    features: Annotated[int, Field(gt=0, description="width d of the pooled features")]
    map_height: Annotated[int, Field(gt=0)]
    map_width: Annotated[int, Field(gt=0)]
    embedding_version: str = Field(description="hash of backbone and projection")
    assessed: tuple[str, ...]
    operating_points: dict[str, OperatingPoints]
    sha256: str = Field(default="", description="of model.onnx")
    trained_on: str = ""
    figures: dict[str, float] = Field(default_factory=dict)
    check: FilmCheck | None = Field(default=None, description="None: films are not judged")
    card: CardFile | None = Field(default=None, description="None: no card says its worth")
    # Left out where there are none, as `specific` is.
    verdicts: dict[str, Reliability] = Field(
        default_factory=dict,
        exclude_if=lambda said: not said,
        description="of a model without card: what its validation films say of each finding",
    )

    @property
    def label(self) -> str:
        """Return how events, rows and screens name it, as `starter/1`."""
        return f"{self.name}/{self.version}"

    def reliability(self, finding: str) -> Reliability | None:
        """Return whether a finding's scores can be relied on, None where nobody measured it."""
        said = self.card.reliability if self.card else self.verdicts
        return said.get(finding)

    def thresholds(self) -> tuple[tuple[float | None, float | None], ...]:
        """Return where *suspected* and *borderline* start, of each of the fourteen.

        (None, None) where the finding is not assessed.
        """
        return self._thresholds

    def unreliable(self) -> tuple[bool, ...]:
        """Return whether the card says so, of each of the fourteen."""
        return self._unreliable

    def states(self, probabilities: Sequence[float | None]) -> tuple[FindingState, ...]:
        """Return the states of fourteen scores, None where one is not assessed."""
        return tuple(
            finding_state(score, *points, unreliable=doubt)
            for score, points, doubt in zip(
                probabilities, self._thresholds, self._unreliable, strict=True
            )
        )

    @cached_property
    def _thresholds(self) -> tuple[tuple[float | None, float | None], ...]:
        # Asked for every film of every list.
        found = (self.operating_points.get(name) for name in FINDINGS)
        return tuple(
            (point.suspected.threshold, point.sensitive.threshold) if point else (None, None)
            for point in found
        )

    @cached_property
    def _unreliable(self) -> tuple[bool, ...]:
        return tuple(self.reliability(name) == "unreliable" for name in FINDINGS)


def model_key(manifest: ModelManifest, file: str) -> str:
    """Return the key of a model's file in the bucket `models`."""
    return f"{manifest.name}/{manifest.version}/{file}"
