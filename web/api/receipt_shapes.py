"""What the API says of receipts, and what may be asked of them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from schemas.manifest_faults import FaultKind, Separator, TableEncoding
from schemas.plain_text import Kept, Plain
from schemas.provenance import Sharing
from store.records import Fact, ReceiptState
from web.api.shapes import Request


class ReasonOut(BaseModel):
    """Why a film was refused; the message is in the language of Accept-Language."""

    code: str
    message: str


class ReceiptOut(BaseModel):
    """What became of a drop."""

    id: UUID
    state: ReceiptState
    reason: ReasonOut | None
    radiograph: str | None = Field(description="the film's id, once it is one")
    filename: str | None
    source: str
    site: str
    created_at: datetime
    updated_at: datetime
    already_here: bool = Field(False, description="its film was here by another drop")
    contradicts: list[Fact] = Field([], description="disagrees with its file or earlier drops")
    statement: str | None = Field(None, description="version of what the depositor stated")
    stated_at: datetime | None = None
    sharing: Sharing | None = Field(None, description="who may see the film now")
    kept_private: bool = Field(False, description="it was to be shared and may not be")


class FaultOut(BaseModel):
    """A value that was left out: its line of the file (from 1), its column, what was wanted."""

    line: int
    column: str = Field(description="empty where the whole line was left out")
    kind: FaultKind
    wanted: str
    message: str = Field(description="what was wanted, in the language of Accept-Language")


class FaultKindOut(BaseModel):
    """How many faults of one kind there are; the message names it in the reader's language."""

    kind: FaultKind
    count: int
    message: str


class ManifestOut(BaseModel):
    """What became of a labels.csv. Each line is counted once from `found` to `repeated`."""

    lines: int
    found: int = Field(description="lines whose film is here")
    pending: int = Field(description="lines whose film is being looked at, or in quarantine")
    absent: int = Field(description="lines whose film nobody has dropped yet: they wait")
    refused: int = Field(description="lines whose film was refused: they never match")
    unusable: int = Field(description="lines without a path that can be used, or unreadable")
    repeated: int = Field(description="lines on a path that another line has")
    changed: int = Field(description="lines that change what an earlier manifest said")
    replaced: int = Field(description="lines on whose path a later manifest has one, too")
    absent_lines: list[int] = Field(description="of the absent, the first ten by number")
    encoding: TableEncoding | None
    separator: Separator | None
    own_folder: int = Field(description="paths that began with the manifest's own folder")
    unknown_columns: list[str]
    malformed: int = Field(description="values left out, of all kinds")
    kinds: list[FaultKindOut]
    examples: list[FaultOut] = Field(description="the first ten of each kind")


class ReceiptsOut(BaseModel):
    """Receipts of one object, newest first."""

    items: list[ReceiptOut]


class ReceiptQuery(Request):
    """Which object."""

    # An address: it is asked for as it is, also where no text may be so.
    key: Annotated[str, Field(min_length=1, max_length=1024), Kept()]
    bucket: Annotated[str, Field(min_length=1, max_length=63), Plain()] = "dropzone"
