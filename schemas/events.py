"""The events, one class per topic, in the order data meets them.

Each is the JSON data of a CloudEvents 1.0 message (schemas/envelope.py). A schema only ever gains
optional fields; anything else is a new version. Events carry receipt and film ids, never an
object key, a file name or free text. `object.created` is MinIO's own form and has no class here.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.facts import KnownFacts
from schemas.findings import FindingState
from schemas.model_card import Reliability

FilmId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the samples")]
Verdict = Annotated[int, Field(ge=-1, le=1, description="1 present, 0 absent, -1 uncertain")]


class Event(BaseModel):
    """The root of all events. Unknown fields are ignored: a newer writer may add optional ones."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]
    version: ClassVar[int] = 1

    def natural_key(self) -> str:
        """Return what the event's id is derived from: the same fact always has the same id."""
        raise NotImplementedError

    def partition_key(self) -> str:
        """Return the Kafka key, as the flow table says."""
        raise NotImplementedError


class _OfReceipt(Event):
    receipt: UUID

    def natural_key(self) -> str:
        return str(self.receipt)

    def partition_key(self) -> str:
        return str(self.receipt)


class ObjectUploaded(_OfReceipt):
    """An upload waits in dropzone; its receipt's row says where."""

    topic: ClassVar[str] = "object.uploaded"


class FilmFacts(BaseModel):
    """What a subscriber needs to know of a film, so that facts stand alone."""

    model_config = ConfigDict(frozen=True)

    radiograph: FilmId
    patient: str | None = Field(default=None, description="pseudonym, keyed HMAC")
    study: str | None = Field(default=None, description="pseudonym, keyed HMAC")
    site: str
    source: str
    view: Literal["PA", "AP", "LATERAL"] | None = None
    width: Annotated[int, Field(gt=0, description="pixels")]
    height: Annotated[int, Field(gt=0, description="pixels")]
    bits: Literal[8, 16]
    flags: tuple[str, ...] = ()
    facts: KnownFacts | None = Field(default=None, description="what else is known of the film")
    checks: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = Field(
        default=None,
        description="how sure the input check is that the film is lateral, inverted, rotated,"
        " cropped, a child's or turned as its header says; 0.5 and more are among the flags",
    )


class RadiographReceived(FilmFacts, Event):
    """A film was checked, pseudonymised and stored."""

    topic: ClassVar[str] = "radiograph.received"

    receipt: UUID
    received_at: datetime

    def natural_key(self) -> str:
        return str(self.receipt)

    def partition_key(self) -> str:
        return self.radiograph


class RadiographRejected(_OfReceipt):
    """A drop was refused. `code` is one of the API's fixed words."""

    topic: ClassVar[str] = "radiograph.rejected"

    site: str
    source: str
    code: str
    wanted: str
    came: str
    rejected_at: datetime


class RadiographQuarantined(_OfReceipt):
    """A drop waits for a steward's decision."""

    topic: ClassVar[str] = "radiograph.quarantined"

    site: str
    source: str
    code: str
    quarantined_at: datetime
    wanted: str | None = None
    came: str | None = None


class AnalysisRequested(Event):
    """Analyse this film with the live model: a person is waiting."""

    topic: ClassVar[str] = "analysis.requested"

    radiograph: FilmId
    receipt: UUID | None = None
    requested_for: str = Field(
        description="what asked: `receipt:<id>` or `model:<version>`; part of the event's id"
    )

    def natural_key(self) -> str:
        return f"{self.radiograph}/{self.requested_for}"

    def partition_key(self) -> str:
        return self.radiograph


class AnalysisRequestedBulk(AnalysisRequested):
    """Analyse this film with the live model: from a bulk drop or a re-analysis."""

    topic: ClassVar[str] = "analysis.requested.bulk"


class ScoredFinding(BaseModel):
    """One finding as the model sees it. `probability` is calibrated; None = not assessed.

    `state` has the four words of the first readers: an unreliable finding, which never alerts, is
    `not_assessed` in it. `shown_as` is the word that screens, lists and the API have.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    probability: Annotated[float, Field(ge=0, le=1)] | None
    state: Literal["suspected", "borderline", "not_suspected", "not_assessed"]
    shown_as: FindingState | None = Field(
        default=None, description="`state`, or `unreliable`; None: said before there was one"
    )
    reliability: Reliability | None = Field(
        default=None, description="of the model version on this finding; None: not measured"
    )


class RadiographAnalysed(FilmFacts, Event):
    """A model version has scored and embedded a film."""

    topic: ClassVar[str] = "radiograph.analysed"

    model: str = Field(description="model name and version, as `starter/1`")
    embedding_version: str
    preprocessing: str = Field(description="hash of how samples became the model's input")
    findings: tuple[ScoredFinding, ...]
    analysed_at: datetime
    awaited: bool = Field(
        default=False, description="a person waits for it: it was an upload, not a bulk drop"
    )
    anew: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="how often the film's analyses were made anew, because it became lateral"
        " or is no more: the highest holds",
    )

    def natural_key(self) -> str:
        key = f"{self.radiograph}/{self.model}/{self.embedding_version}"
        return f"{key}/{self.anew}" if self.anew else key

    def partition_key(self) -> str:
        return self.radiograph


class RadiographErased(Event):
    """A film was erased: every store of it, and every subscriber, forgets it."""

    topic: ClassVar[str] = "radiograph.erased"

    radiograph: FilmId
    erased_at: datetime

    def natural_key(self) -> str:
        return f"{self.radiograph}/{self.erased_at.isoformat()}"

    def partition_key(self) -> str:
        return self.radiograph


class ValidationRecorded(Event):
    """A reader's verdict on one finding of one film: one event per verdict."""

    topic: ClassVar[str] = "validation.recorded"

    validation: UUID
    reading: UUID
    radiograph: FilmId
    finding: str
    label: Verdict
    reader: str = Field(description="the reader's pseudonym")
    answer_visible: bool
    others_visible: bool
    model: str | None = Field(default=None, description="the model version the reader saw")
    recorded_at: datetime

    def natural_key(self) -> str:
        return str(self.validation)

    def partition_key(self) -> str:
        return self.radiograph


class CommentRecorded(Event):
    """A reader commented on a film. The words stay in PostgreSQL."""

    topic: ClassVar[str] = "comment.recorded"

    comment: UUID
    radiograph: FilmId
    author: str = Field(description="the author's pseudonym")
    recorded_at: datetime

    def natural_key(self) -> str:
        return str(self.comment)

    def partition_key(self) -> str:
        return self.radiograph


class _OfSnapshot(Event):
    snapshot: UUID

    def natural_key(self) -> str:
        return str(self.snapshot)

    def partition_key(self) -> str:
        return str(self.snapshot)


class TrainingRequested(_OfSnapshot):
    """Train on this frozen snapshot of labels and parts."""

    topic: ClassVar[str] = "training.requested"

    requested_at: datetime


class TrainingFailed(_OfSnapshot):
    """A training ended without a model."""

    topic: ClassVar[str] = "training.failed"

    code: str
    failed_at: datetime


class _OfModel(Event):
    model: str
    decision: Annotated[int, Field(ge=0)] = 0
    at: datetime

    def natural_key(self) -> str:
        return f"{self.model}/{self.decision}"

    def partition_key(self) -> str:
        return self.model


class ModelTrained(_OfModel):
    """A candidate model exists."""

    topic: ClassVar[str] = "model.trained"


class ModelReleased(_OfModel):
    """A model went live."""

    topic: ClassVar[str] = "model.released"


class ModelRefused(_OfModel):
    """The gate refused a model."""

    topic: ClassVar[str] = "model.refused"

    code: str


class DriftDetected(_OfModel):
    """What comes in no longer looks like what the model learned from."""

    topic: ClassVar[str] = "drift.detected"

    measure: str


class DeadLetter(Event):
    """A record was set aside. Its row keeps the record whole."""

    topic: ClassVar[str] = "dead.letter"

    letter: UUID
    origin: str = Field(description="topic/partition/offset")
    group: str
    reason: str
    recorded_at: datetime

    def natural_key(self) -> str:
        return str(self.letter)

    def partition_key(self) -> str:
        return str(self.letter)


#: Every event class by its topic, in the order data meets them.
EVENTS: dict[str, type[Event]] = {
    event.topic: event
    for event in (
        ObjectUploaded,
        RadiographReceived,
        RadiographRejected,
        RadiographQuarantined,
        AnalysisRequested,
        AnalysisRequestedBulk,
        RadiographAnalysed,
        RadiographErased,
        ValidationRecorded,
        CommentRecorded,
        TrainingRequested,
        TrainingFailed,
        ModelTrained,
        ModelReleased,
        ModelRefused,
        DriftDetected,
        DeadLetter,
    )
}
