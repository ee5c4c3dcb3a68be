"""What people say of films, as the API takes it, and what it answers."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, field_validator

from schemas.events import Verdict
from schemas.findings import FINDINGS, finding_index
from schemas.plain_text import Plain, Visible
from web.api.shapes import Body, FindingName

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


class ReadingSavedOut(BaseModel):
    """The reading's id, and each verdict's."""

    id: UUID
    validations: dict[FindingName, UUID]
    recorded_at: datetime


class CommentIn(Body):
    """A comment. No patient's name belongs in it."""

    text: Annotated[str, Field(min_length=1, max_length=4000), Plain(), Visible()]
