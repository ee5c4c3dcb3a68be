"""What people say of films, as the API takes it, and what it answers."""

import re
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, Field, field_validator

from schemas.events import Verdict
from schemas.findings import FINDINGS, finding_index
from schemas.plain_text import Plain, Visible
from store.records import Once
from web.api.shapes import Body, FindingName

#: A structured field's string (RFC 9651 3.3.3), as the draft wants it, or the bare key, as most
#: programs send it.
_KEY: Final = r'^(?:"(?:[ !#-\[\]-~]|\\["\\]){1,255}"|[!#-+\--~][!-+\--~]{0,254})$'
VerdictIn = Annotated[Verdict, Field(json_schema_extra={"enum": [1, 0, -1]})]


def _by_name(schema: dict[str, Any]) -> None:
    """Say in a schema of values by finding which names there are."""
    value = schema["additionalProperties"]
    schema["properties"] = dict.fromkeys(FINDINGS, value)
    schema["additionalProperties"] = False


class ReadingIn(Body):
    """Verdicts on a film. `model` is the version the reader saw, by number or as `starter/1`."""

    labels: Annotated[
        dict[FindingName, VerdictIn],
        Field(min_length=1, json_schema_extra=_by_name),
    ]
    answer_visible: bool
    model: (
        Annotated[int, Field(ge=1)]
        | Annotated[str, Field(min_length=1, max_length=64), Plain()]
        | None
    ) = None

    @field_validator("labels")
    @classmethod
    def _known(cls, labels: dict[str, int]) -> dict[str, int]:
        for name in labels:
            finding_index(name)
        return labels


class OnceHeader(BaseModel):
    """A key of the client's own, so that a request may be sent again."""

    idempotency_key: Annotated[str, Field(min_length=1, max_length=257, pattern=_KEY)] | None = (
        Field(
            None,
            alias="Idempotency-Key",
            description="makes it safe to send this again for 24 hours: the same request with the"
            " same key gets the first answer and makes nothing new; 409 with Retry-After while the"
            " first is being done, 422 (key-reused) for another request with it",
        )
    )

    def once(self, film: str, body: Body) -> Once | None:
        """Return how a request about a film is known again; None where its client gave no key."""
        said = self.idempotency_key
        if said is None:
            return None
        key = re.sub(r"\\(.)", r"\1", said[1:-1]) if said.startswith('"') else said
        whole = [film, body.model_dump()]
        return Once(key, orjson.dumps(whole, option=orjson.OPT_SORT_KEYS))


class ReadingSavedOut(BaseModel):
    """The reading's id, and each verdict's."""

    id: UUID
    validations: dict[FindingName, UUID]
    recorded_at: datetime


class CommentIn(Body):
    """A comment. No patient's name belongs in it."""

    text: Annotated[str, Field(min_length=1, max_length=4000), Plain(), Visible()]
