"""A film that may be stored: its row, and what is said of it."""

from dataclasses import dataclass
from uuid import UUID

from ingest.deidentify import Known
from ingest.looks import Looked
from ingest.renditions import Developed
from schemas.envelope import Message, to_message
from schemas.events import AnalysisRequested, AnalysisRequestedBulk, RadiographReceived
from schemas.film_check import flags_of, turned_check
from store.records import Film, Receipt


@dataclass(frozen=True)
class Ready:
    """A film that may be stored, with what may be kept of it, what was seen, and its file."""

    raw: bytes
    film: Developed
    known: Known
    looked: Looked

    @property
    def checks(self) -> dict[str, float]:
        """Return what is said of the film, by name of the check, 0..1."""
        return self.looked.checks | turned_check(self.film.presentation)


def row_of(ready: Ready, receipt: Receipt) -> Film:
    """Return the film's row, as this drop knows it."""
    film, known = ready.film, ready.known
    return Film(
        id=film.film,
        width=film.width,
        height=film.height,
        bits=film.bits,
        site=receipt.site,
        # What the depositor calls it, else the way it came.
        source=receipt.form.source or receipt.source,
        licence=receipt.form.licence,
        # A wish: whoever stores it keeps it private unless it is clean.
        sharing=receipt.form.sharing or "private",
        signature=film.signature,
        patient=known.patient,
        study=known.study,
        view=known.view,
        facts=known.facts,
        checks=ready.checks,
        text_check=ready.looked.text_check,
    )


def events_of(film: Film, receipt: Receipt, cause: UUID | None) -> list[Message]:
    """Return what is said of a film's row, as this drop knows it; the same each time."""
    received = RadiographReceived(
        radiograph=film.id,
        patient=film.patient,
        study=film.study,
        site=receipt.site,
        source=film.source,
        view=film.view,
        facts=film.facts,
        flags=flags_of(film.checks),
        checks=dict(film.checks),
        width=film.width,
        height=film.height,
        bits=film.bits,
        receipt=receipt.id,
        received_at=receipt.created_at,
    )
    work = AnalysisRequested if receipt.lane == "first" else AnalysisRequestedBulk
    requested = work(radiograph=film.id, receipt=receipt.id, requested_for=f"receipt:{receipt.id}")
    return [to_message(event, site=receipt.site, cause=cause) for event in (received, requested)]
