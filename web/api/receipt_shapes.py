"""What the API says of receipts, and what may be asked of them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from schemas.plain_text import Plain
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
    contradicts: list[Fact] = Field([], description="disagrees with its file or earlier drops")
    statement: str | None = Field(None, description="version of what the depositor stated")
    stated_at: datetime | None = None
    sharing: Sharing | None = Field(None, description="who may see the film now")
    kept_private: bool = Field(False, description="it was to be shared and may not be")


class FaultOut(BaseModel):
    """A value that was left out: its line (the header is 1), its column, what was wanted."""

    line: int
    column: str
    wanted: str


class ManifestOut(BaseModel):
    """What became of a bulk drop's labels.csv."""

    lines: int
    absent: int = Field(description="lines whose film nobody has dropped yet")
    unknown_columns: list[str]
    malformed: int
    examples: list[FaultOut] = Field(description="of the malformed values, the first twenty")


class ReceiptsOut(BaseModel):
    """Receipts of one object, newest first."""

    items: list[ReceiptOut]


class ReceiptQuery(Request):
    """Which object."""

    key: Annotated[str, Field(min_length=1, max_length=1024), Plain()]
    bucket: Annotated[str, Field(min_length=1, max_length=63), Plain()] = "dropzone"
