"""What the API takes and answers, as pydantic models: the OpenAPI document is made from them."""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.events import Verdict
from schemas.facts import KnownFacts
from schemas.findings import FINDINGS, STATES, FindingState, finding_index
from schemas.model_card import Reliability
from schemas.plain_text import Plain, Visible
from schemas.provenance import Sharing
from store.records import LabelSource, LetterState, Role
from web.films import ProvenanceOut

Score = Annotated[float, Field(ge=0, le=1)]
FindingName = Annotated[str, Field(json_schema_extra={"enum": list(FINDINGS)})]


class Request(BaseModel):
    """The root of what is taken: an unknown field is an error that names it."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def model_json_schema(cls, *how: Any, **more: Any) -> dict[str, Any]:
        """Return the JSON Schema; that of a query is asked for anew at every request."""
        return super().model_json_schema(*how, **more) if how or more else _schema(cls)


class Body(Request):
    """The root of what is taken as JSON: `true` is no 1, "1" is no number, 1.0 no whole one."""

    model_config = ConfigDict(strict=True)


@cache
def _schema(model: type[Request]) -> dict[str, Any]:
    # A millisecond, several times that of the query it describes.
    return super(Request, model).model_json_schema()


def known_finding(name: str | None) -> str | None:
    """Return the name. Raises ValueError, listing the fourteen, for one that is not theirs."""
    if name is not None:
        finding_index(name)
    return name


class FilmPath(BaseModel):
    """A film's id in the path; another shape is simply not found."""

    film: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="the film's id")]


class IdPath(BaseModel):
    """A UUID in the path; another shape is simply not found."""

    id: UUID


class FilmsQuery(Request):
    """Filters of the library; `after` is a page's `next`."""

    finding: FindingName | None = None
    min: Score | None = Field(None, description="least score of the finding")
    label: Verdict | None = Field(None, description="1 present, 0 absent, -1 uncertain")
    source: LabelSource | None = Field(None, description="of the label")
    state: str | None = Field(
        None,
        pattern=f"^({'|'.join((*STATES, 'analysed', 'waiting', 'read', 'unread'))})$",
        description="of the finding; or alone: analysed, waiting, read, unread",
    )
    updated_since: datetime | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: str | None = Field(None, description="`next` of the page before")

    _finding = field_validator("finding")(known_finding)


class PointOut(BaseModel):
    """A threshold and what it was worth when it was chosen, null where nobody measured it."""

    threshold: Score
    sensitivity: Score | None
    specificity: Score | None


class PointsOut(BaseModel):
    """`sensitive` keeps sensitivity at 0.9, `alert` maximises Youden's J.

    `specific` keeps specificity at 0.95 and false alerts few; null for a model of before it.
    *Borderline* begins at `sensitive`, *suspected* at `specific`, or at `alert` without it.
    """

    alert: PointOut
    sensitive: PointOut
    specific: PointOut | None


class FindingOut(BaseModel):
    """One finding as the model sees it; `probability` is null where it is not assessed.

    A finding that the model's card calls unreliable is `unreliable`, whatever its score.
    """

    name: FindingName
    probability: Score | None
    state: FindingState | None
    reliability: Reliability | None = Field(
        None,
        description="whether the model's scores of this finding can be relied on, by its card:"
        " unreliable where its AUROC may be under 0.65; null: not assessed, or no card",
    )


class FindingDetailOut(FindingOut):
    """The same with its operating points."""

    operating_point: PointsOut | None


class ModelOut(BaseModel):
    """A model version."""

    name: str
    version: int
    label: str


class ShownModelOut(ModelOut):
    """The model version an analysis is from; `live` says whether it is the one in service."""

    live: bool
    embedding_version: str
    preprocessing: str


class LabelOut(BaseModel):
    """One label as it was said."""

    finding: FindingName
    label: Verdict
    source: LabelSource
    author: str
    recorded_at: datetime


class FilmOut(BaseModel):
    """A film in a list."""

    id: str
    width: int
    height: int
    bits: int
    view: str | None
    site: str
    source: str
    licence: str | None = Field(description="SPDX identifier")
    sharing: Sharing
    flags: list[str]
    checks: dict[str, float] = Field(
        description="how sure the input check is that the film is lateral, inverted, rotated,"
        " cropped, a child's or turned as its header says, 0..1; 0.5 and more are among the flags"
    )
    created_at: datetime | None
    updated_at: datetime
    model: ModelOut | None
    findings: list[FindingOut]
    labels: list[LabelOut]
    readings: int
    comment_count: int


class OverruleIn(Body):
    """A steward's word on what the input check says of a film."""

    check: Literal["lateral", "inverted", "rotated", "cropped", "child"]
    holds: bool = Field(description="whether it is so")


class FilmsOut(BaseModel):
    """A page of films, newest first; `next` is null at the end."""

    items: list[FilmOut]
    next: str | None


class ReadingOut(BaseModel):
    """One person's verdicts on a film."""

    id: UUID
    reader: str = Field(description="pseudonym, as events name the reader")
    reader_name: str
    labels: dict[str, Verdict]
    answer_visible: bool
    others_visible: bool
    model: str | None
    recorded_at: datetime


class CommentOut(BaseModel):
    """What somebody wrote of a film."""

    id: UUID
    author: str
    author_name: str
    text: str
    recorded_at: datetime


class FilmDetailOut(FilmOut):
    """A film with all that is known of it."""

    model: ShownModelOut | None
    findings: list[FindingDetailOut]  # type: ignore[assignment]  # more of each
    patient: str | None = Field(description="pseudonym")
    study: str | None = Field(description="pseudonym")
    provenance: ProvenanceOut
    facts: KnownFacts = Field(description="what else is known; nothing of it names anybody")
    validations: list[ReadingOut]
    comments: list[CommentOut]


class ImageQuery(Request):
    """Which rendition: `full` is the film's PNG at full depth, the others JPEG.

    `inverted`: with the greys turned over, or as they came; left out, as the film's check says.
    `full` is always as it came.
    """

    rendition: Literal["display", "thumbnail", "full"] = "display"
    inverted: bool | None = None

    @model_validator(mode="after")
    def _full_is_as_it_came(self) -> "ImageQuery":
        if self.rendition == "full" and self.inverted:
            raise ValueError("wanted `display` or `thumbnail` to turn over: `full` is as it came")
        return self


class ActivationQuery(Request):
    """Of which finding."""

    finding: FindingName

    _finding = field_validator("finding")(known_finding)


class SimilarQuery(Request):
    """How many films, and which."""

    k: Annotated[int, Field(ge=1, le=100)] = 12
    finding: FindingName | None = None
    same_patient: Literal["exclude", "include"] = "exclude"

    _finding = field_validator("finding")(known_finding)


class NeighbourOut(BaseModel):
    """A look-alike, with its near-duplicates folded under it."""

    id: str
    similarity: Annotated[float, Field(ge=-1, le=1, description="cosine")]
    findings: list[FindingOut]
    labels: list[LabelOut]
    duplicates: list[str]


class SimilarOut(BaseModel):
    """The most alike films, most alike first."""

    items: list[NeighbourOut]


class AccountOut(BaseModel):
    """An account."""

    id: UUID
    name: str
    role: Role
    pseudonym: str
    site: str


class AccountsOut(BaseModel):
    """All accounts."""

    items: list[AccountOut]


class AccountIn(Body):
    """A new account."""

    name: Annotated[str, Field(min_length=1, max_length=200), Plain(), Visible()]
    role: Role
    password: Annotated[str, Field(min_length=12, max_length=256)]


class RoleIn(Body):
    """Another role."""

    role: Role


class PasswordIn(Body):
    """Another password."""

    password: Annotated[str, Field(min_length=12, max_length=256)]


class TokenIn(Body):
    """A token's label: what program it is for."""

    label: Annotated[str, Field(min_length=1, max_length=200), Plain(), Visible()]


class TokenOut(BaseModel):
    """A new token. It is shown this once."""

    id: UUID
    token: str


class LettersQuery(Request):
    """Which dead letters; without `state`, the open ones."""

    state: LetterState | Literal["all"] = "open"
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class LetterOut(BaseModel):
    """A dead letter: which record, why it was set aside, what became of it."""

    id: UUID
    topic: str
    partition: int
    offset: int
    group: str
    reason: str
    attempts: int
    state: LetterState
    recorded_at: datetime
    receipt: UUID | None
    size: int = Field(description="bytes of the record's value")


class LettersOut(BaseModel):
    """Dead letters, newest first."""

    items: list[LetterOut]


class StatusOut(BaseModel):
    """What `radiotheque status --json` prints."""

    model_config = ConfigDict(extra="allow")

    processes: list[dict[str, Any]]
    topics: list[dict[str, Any]]
    dead_letters: int | None
    model: dict[str, Any] | None


class FieldErrorOut(BaseModel):
    """What is wrong where."""

    field: str
    message: str


class ProblemOut(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldErrorOut] = []
