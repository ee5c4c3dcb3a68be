"""What the stores hand out: frozen records, one per subject. No driver is needed to read this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from schemas.facts import KnownFacts
from schemas.film_check import flags_of
from schemas.models import ModelManifest
from schemas.provenance import Sharing, TextCheck

Lane = Literal["first", "bulk"]
ReceiptState = Literal[
    "received", "accepted", "analysed", "rejected", "quarantined", "failed", "manifest"
]
Role = Literal["viewer", "radiologist", "steward", "admin"]
LabelSource = Literal["physician", "imported", "synthetic"]
ModelState = Literal["live", "former", "candidate", "retired"]
LetterState = Literal["open", "replayed", "discarded"]
Rendition = Literal["full", "display", "thumbnail"]
View = Literal["PA", "AP", "LATERAL"]
#: Facts in which drops of one film, or a file and the deposit form, may disagree.
Fact = Literal["patient", "study", "view", "sex", "age"]

#: A part of a film: left, top, width, height, as shares (0..1) of its width and height.
Part = tuple[float, float, float, float]

#: Receipts in these states end their way; `failed` may become `analysed` after a replay.
FINAL_STATES = frozenset({"analysed", "rejected", "quarantined", "failed", "manifest"})


@dataclass(frozen=True)
class FormSays:
    """What a depositor said of a film, as it may be kept: pseudonyms and a shifted day.

    `sharing` is a wish, None where none was said; the film's own says what became of it.
    """

    patient: str | None = None
    study: str | None = None
    study_date: date | None = None
    view: View | None = None
    source: str | None = None
    licence: str | None = None
    sharing: Sharing | None = None


@dataclass(frozen=True)
class Drop:
    """One version of one object in dropzone, as MinIO or the web tells of it.

    keep_s: seconds for which that version stays readable to its depositor once it is taken.
    """

    bucket: str
    key: str
    version: str
    size: int
    lane: Lane
    site: str
    source: str
    filename: str | None = None
    depositor: UUID | None = None
    form: FormSays = field(default_factory=FormSays)
    statement: str | None = None
    keep_s: float = 0.0


@dataclass(frozen=True)
class Receipt:
    """What became of a drop. `code`, `wanted` and `came` tell why, when it was refused.

    `form` is what the depositor said; `contradicts` names what of it, or of the file, disagrees
    with the file or with what other drops of the film had said: there the earlier word stands.
    `held_at`: since then its bytes lie in the bucket `quarantine`, under its id; `released_at`:
    a steward let it pass, with the parts `black_out` of the film blacked out. `note` is why a
    steward refused it, for its depositor alone.
    `statement` is the version of what the depositor stated (schemas/provenance.py); `sharing` is
    the film's, as it is now. `keep_until`: once taken, its version stays in dropzone until then
    and is removed by the clock of ingest/taken.py; None where it goes at once, or is gone.
    `already_here`: when it was taken, its film was here by another drop. `slow_at`: since then it
    waits to be decoded apart, or did, for it takes long.
    """

    id: UUID
    bucket: str
    key: str
    version: str
    lane: Lane
    state: ReceiptState
    site: str
    source: str
    created_at: datetime
    updated_at: datetime
    size: int = 0
    filename: str | None = None
    depositor: UUID | None = None
    code: str | None = None
    wanted: str | None = None
    came: str | None = None
    film: str | None = None
    form: FormSays = field(default_factory=FormSays)
    contradicts: tuple[Fact, ...] = ()
    held_at: datetime | None = None
    released_at: datetime | None = None
    black_out: tuple[Part, ...] = ()
    note: str | None = None
    statement: str | None = None
    stated_at: datetime | None = None
    sharing: Sharing | None = None
    keep_until: datetime | None = None
    already_here: bool = False
    slow_at: datetime | None = None

    @property
    def kept_private(self) -> bool:
        """Return whether the depositor wished to share the film, and it is private."""
        return self.form.sharing not in {None, "private"} and self.sharing == "private"


@dataclass(frozen=True)
class Film:
    """A stored film. `signature` is 32 x 32 uint8, row by row: the film's tiny grey picture.

    `checks` is what the input check says of it, by name, each with how sure (0..1). `anew` counts
    how often its analyses were made anew, because it became lateral or inverted, or is no more.
    """

    id: str
    width: int
    height: int
    bits: Literal[8, 16]
    site: str
    source: str
    signature: bytes
    patient: str | None = None
    study: str | None = None
    view: View | None = None
    flags: tuple[str, ...] = ()
    created_at: datetime | None = None
    facts: KnownFacts = field(default_factory=KnownFacts)
    text_check: TextCheck = "unseen"
    licence: str | None = None
    sharing: Sharing = "private"
    checks: Mapping[str, float] = field(default_factory=dict)
    anew: int = 0

    @property
    def flagged(self) -> tuple[str, ...]:
        """Return the flags, with those of the checks that are sure enough."""
        return (*self.flags, *flags_of(self.checks))


@dataclass(frozen=True)
class SaidBefore:
    """What an earlier drop of the same bytes said of its film; `also` as in Receipts.accept."""

    film: Film
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Analysis:
    """What one model version says of one film.

    `probabilities` float32 (14,), NaN where not assessed; `embedding` float32 (512,), unit
    length; `features` float16 (d,); `activation` uint8 (14, h, w), 0..255, scaled per finding.
    `anew` is the film's when it was read: where the film's is another by now, saving refuses.
    """

    film: str
    model: int
    model_label: str
    embedding_version: str
    preprocessing: str
    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]
    features: NDArray[np.float16]
    activation: NDArray[np.uint8]
    analysed_at: datetime | None = None
    anew: int = 0


@dataclass(frozen=True)
class LabelRow:
    """One label: of one finding, from one source and author. Stored as it was said."""

    finding: str
    value: int
    source: LabelSource
    author: str
    recorded_at: datetime


@dataclass(frozen=True)
class Comment:
    """What somebody wrote of a film. `author_name` is shown to signed-in people only."""

    id: UUID
    film: str
    author: str
    author_name: str
    text: str
    recorded_at: datetime


@dataclass(frozen=True)
class Reading:
    """One person's verdicts on one film, saved together."""

    id: UUID
    film: str
    reader: str
    reader_name: str
    labels: Mapping[str, int]
    answer_visible: bool
    others_visible: bool
    model: str | None
    recorded_at: datetime
    validations: Mapping[str, UUID] = field(default_factory=dict)


# Without a repr: what was said may be a comment.
@dataclass(frozen=True, repr=False)
class Once:
    """A request that its client may send again: its own key for it, and all that it says."""

    key: str
    said: bytes


@dataclass(frozen=True)
class FilmRow:
    """A film in a list: enough to draw its card. `position` orders the list (newest first)."""

    film: Film
    position: int
    updated_at: datetime
    model: str | None
    probabilities: tuple[float | None, ...] | None
    labels: tuple[LabelRow, ...]
    readings: int
    comments: int


@dataclass(frozen=True)
class FilmPage:
    """A page of films; `next` is the position to go on after, None at the end."""

    items: tuple[FilmRow, ...]
    next: int | None


@dataclass(frozen=True)
class Provenance:
    """Where a film comes from: what its own site's drops said of it, the first of each."""

    site: str
    source: str
    licence: str | None
    sharing: Sharing
    statement: str | None
    stated_at: datetime | None
    deposited_at: datetime | None


@dataclass(frozen=True)
class FilmDetail:
    """A film with all that is known of it. The analysis is the live model's, else the newest."""

    row: FilmRow
    analysis: Analysis | None
    manifest: ModelManifest | None
    live: bool
    readings: tuple[Reading, ...]
    comments: tuple[Comment, ...]
    provenance: Provenance


@dataclass(frozen=True)
class Neighbour:
    """A look-alike: cosine similarity (-1..1) and the near-duplicates folded under it."""

    film: str
    similarity: float
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A film near another in embedding space, before near-duplicates are folded."""

    film: str
    similarity: float
    signature: bytes


@dataclass(frozen=True)
class Account:
    """A person or a program that may sign in. `pseudonym` is how events name it."""

    id: UUID
    name: str
    role: Role
    pseudonym: str
    site: str
    disabled: bool = False


@dataclass(frozen=True)
class ModelRow:
    """A registered model version and its state."""

    manifest: ModelManifest
    state: ModelState
    registered_at: datetime


@dataclass(frozen=True)
class Letter:
    """A dead letter: the record whole, why it was set aside, and what became of it."""

    id: UUID
    topic: str
    partition: int
    offset: int
    group: str
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None
    reason: str
    attempts: int
    state: LetterState
    recorded_at: datetime
    receipt: UUID | None = None


@dataclass(frozen=True)
class OutboxRow:
    """A message that waits to be published. Key and value are None only in a replayed record."""

    number: int
    topic: str
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None


@dataclass(frozen=True)
class RawVersion:
    """One version of one object, as a drop left it."""

    bucket: str
    key: str
    version: str


@dataclass(frozen=True)
class Erasure:
    """An erased film whose objects are still to be removed: at once, and again at `again_at`.

    `done_at` is when the first pass was done.
    """

    film: str
    raws: tuple[RawVersion, ...]
    erased_at: datetime
    again_at: datetime
    done_at: datetime | None = None


@dataclass(frozen=True)
class AuditRow:
    """Who did what, when. Appended by the stored functions themselves, never changed."""

    at: datetime
    account: str | None
    action: str
    subject: str | None
    detail: Mapping[str, Any]
