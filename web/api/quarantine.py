"""What waits for a steward: seen, let pass, refused."""

from typing import Annotated, Any
from uuid import UUID

from flask import Response
from pydantic import BaseModel, Field, model_validator

from schemas.envelope import to_message
from schemas.events import ObjectUploaded
from schemas.plain_text import Plain, Visible
from store.ports import held_key
from store.quarantine import NOTE_MAX
from web.api.receipt_shapes import ReceiptOut
from web.api.routes import picture, subject
from web.api.shapes import Body, IdPath, Request
from web.auth import current_account
from web.deps import deps
from web.language import current_language
from web.receipts import receipt_json

quarantine = subject("quarantine", "Doubtful drops, which a steward of their site decides on.")

BUCKET = "quarantine"
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class QuarantineQuery(Request):
    """Which page; `after` is the last receipt of the page before."""

    after: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class QuarantineOut(BaseModel):
    """Receipts that wait, longest first."""

    items: list[ReceiptOut]


class PartIn(Body):
    """A part of the film, as shares of its width and height from its upper left corner."""

    left: _Share
    top: _Share
    width: Annotated[float, Field(gt=0, le=1)]
    height: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _inside(self) -> "PartIn":
        # A hair over the edge is the browser's rounding.
        if self.left + self.width > 1.001 or self.top + self.height > 1.001:
            raise ValueError("wanted a part inside the film")
        return self


class ReleaseIn(Body):
    """What to black out before the film goes on: nothing, unless it is said."""

    black_out: Annotated[list[PartIn], Field(max_length=50, default_factory=list)]


class RefuseIn(Body):
    """Why, for the depositor."""

    note: Annotated[
        str, Field(min_length=1, max_length=NOTE_MAX, pattern=r"\S"), Plain(), Visible()
    ]


@quarantine.get("/quarantine", responses={200: QuarantineOut})
def waiting(query: QuarantineQuery) -> dict[str, Any]:
    """Return what waits at one's site, longest first. Stewards and admins."""
    found = deps().rows.quarantine.waiting(
        account=current_account().id, limit=query.limit, after=query.after
    )
    language = current_language()
    return {"items": [receipt_json(row, language) for row in found]}


@quarantine.get("/receipts/<id>/picture", responses={200: picture("image/jpeg")})
def look(path: IdPath) -> Response:
    """Return a picture (JPEG) of a film that waits. Written to the audit; kept nowhere."""
    # First the audit, which also says who may: what is seen here may name a patient.
    deps().rows.quarantine.look(path.id, account=current_account().id)
    data = deps().objects.read(BUCKET, held_key(path.id, "display"))
    return Response(data, content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@quarantine.post("/receipts/<id>/release", responses={204: None})
def release(path: IdPath, body: ReleaseIn) -> tuple[str, int]:
    """Let a film go on, with parts of it blacked out; then it is as any upload is."""
    parts = [(part.left, part.top, part.width, part.height) for part in body.black_out]
    account = current_account()
    event = to_message(ObjectUploaded(receipt=path.id), site=account.site)
    deps().rows.quarantine.release(path.id, account=account.id, black_out=parts, event=event)
    return "", 204


@quarantine.post("/receipts/<id>/refuse", responses={204: None})
def refuse(path: IdPath, body: RefuseIn) -> tuple[str, int]:
    """Refuse a film; its bytes are deleted. The note is shown to its depositor alone."""
    deps().rows.quarantine.refuse(path.id, account=current_account().id, note=body.note)
    return "", 204
