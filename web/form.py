"""A deposit's form and answer. What the form says is reduced before anything is stored.

A patient's code is hashed and the exam's day shifted here, in memory: neither is put into a row,
an object, an event or a log line. The same rules as for what a file says (schemas/pseudonyms.py),
with the depositor's site as the data set, so that both name a patient alike.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NamedTuple, Self
from uuid import UUID, uuid4

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from schemas.plain_text import Plain
from schemas.provenance import STATEMENTS, Licence, Sharing, SourceName
from schemas.pseudonyms import FIRST_FILM, day_code, patient_code, shifted
from store.records import FormSays, View
from store.settings import Settings
from web.api.shapes import Request
from web.problems import validation_problem


class DepositForm(Request):
    """What may be said of the films of an upload, in fields beside the files."""

    # What came is in no error's text.
    model_config = ConfigDict(str_strip_whitespace=True, hide_input_in_errors=True)

    patient: (
        Annotated[
            str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f\\]+$"), Plain()
        ]
        | None
    ) = Field(
        None,
        description="the patient's code: kept only as a keyed hash",
    )
    exam_date: date | None = Field(
        None, description="YYYY-MM-DD, with a patient's code: kept only shifted by whole weeks"
    )
    view: View | None = None
    statement: str = Field(
        description="version of the depositor's statement, "
        + "; ".join(f"{name}: {english}" for name, (_, english) in STATEMENTS.items()),
        json_schema_extra={"enum": list(STATEMENTS)},
    )
    source: SourceName | None = None
    licence: Licence | None = Field(None, description="SPDX identifier; an open film has one")
    deposit: UUID | None = Field(
        None,
        description="drawn by the client, the same for all requests of one deposit: a labels.csv"
        " speaks of the films of its deposit, by the paths that their file names say",
    )
    sharing: Sharing = Field(
        "private",
        description="who may see them: this site, every site (library), or anybody (open); kept"
        " private unless no text is found in them",
    )

    @field_validator("exam_date", mode="before")
    @classmethod
    def _iso(cls, text: Any) -> Any:
        try:
            if isinstance(text, str) and len(text) == len("2000-01-01"):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise ValueError("wanted a day as YYYY-MM-DD")

    @field_validator("exam_date")
    @classmethod
    def _possible(cls, day: date | None) -> date | None:
        # A day more: it is already tomorrow somewhere.
        if day and not FIRST_FILM <= day <= datetime.now(UTC).date() + timedelta(days=1):
            raise ValueError(f"wanted a day from {FIRST_FILM} until today")
        return day

    @field_validator("statement")
    @classmethod
    def _known_statement(cls, version: str) -> str:
        if version not in STATEMENTS:
            raise ValueError(f"wanted one of {', '.join(STATEMENTS)}")
        return version

    @model_validator(mode="after")
    def _licensed(self) -> Self:
        if self.sharing == "open" and self.licence is None:
            raise ValueError("sharing: open films have a licence, wanted one")
        return self

    @model_validator(mode="after")
    def _dated_by_patient(self) -> Self:
        if self.exam_date and not self.patient:
            raise ValueError("an exam_date is kept only with a patient, whose weeks shift it")
        return self


class TakenOut(BaseModel):
    """One file of an upload and where to ask after it."""

    id: UUID
    filename: str
    url: str


class UploadOut(BaseModel):
    """The receipts of an upload, in the order sent."""

    receipts: list[TakenOut]


class Said(NamedTuple):
    """What a deposit's fields say: what may be kept of them, the statement, which deposit."""

    form: FormSays
    statement: str
    deposit: UUID


def form_says(fields: Mapping[str, str], settings: Settings, site: str) -> Said:
    """Return what the form's fields say; blank ones say nothing. A request may be a deposit.

    Raises Problem 422 that names the field and what was wanted, never what came.
    """
    try:
        form = DepositForm.model_validate(
            {name: text for name, text in fields.items() if text.strip()}
        )
    except ValidationError as error:
        # Its text quotes what came; so would a traceback that shows where this one comes from.
        raise validation_problem(error) from None
    secret = settings.site_secret.get_secret_value()
    patient = patient_code(secret, site, form.patient or "")
    said = FormSays(
        patient=patient,
        view=form.view,
        source=form.source,
        licence=form.licence,
        sharing=None if form.sharing == "private" else form.sharing,
    )
    if patient is not None and form.exam_date is not None:
        said = replace(
            said,
            study=day_code(secret, patient, form.exam_date),
            study_date=shifted(secret, patient, form.exam_date),
        )
    return Said(said, form.statement, form.deposit or uuid4())
