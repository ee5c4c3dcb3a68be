"""Patients, by the pseudonym their films carry: erased whole, or let in again."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, Field

from store.removal import erase_patient
from web.api.routes import subject
from web.auth import current_account
from web.deps import deps

patients = subject("patients", "Patients by their pseudonym, which is all that is known of them.")


class PatientPath(BaseModel):
    """A patient's pseudonym in the path; another shape is simply not found."""

    code: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="the patient's pseudonym")]


class ErasedPatientOut(BaseModel):
    """What became of a patient's films, and which films a steward should look at besides."""

    patient: str
    erased: list[str]
    near: list[str] = Field(description="near-duplicates that name no patient")
    disputed: list[str] = Field(description="films that some drops give to this patient")


@patients.delete("/patients/<code>", responses={200: ErasedPatientOut})
def erase(path: PatientPath) -> dict[str, Any]:
    """Erase every film of a patient everywhere, for good, and refuse new ones.

    Stewards and admins. `near` and `disputed` are films that may be the patient's as well: they
    stay, for a steward to decide.
    """
    erased = erase_patient(deps().rows, path.code, account=current_account().id)
    return {"patient": path.code} | asdict(erased)


@patients.post("/patients/<code>/lift", responses={204: None})
def lift(path: PatientPath) -> tuple[str, int]:
    """Let an erased patient's films be dropped again. Stewards and admins; 409 while removing."""
    deps().rows.patients.lift(path.code, account=current_account().id)
    return "", 204
