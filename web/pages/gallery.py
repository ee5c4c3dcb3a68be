"""*Clichés*: the library as thumbnails, filtered and paged by keyset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, render_template, request

from schemas.findings import INDEX, READING_ORDER
from store.records import FilmRow, LabelSource
from web.auth import current_account
from web.deps import deps
from web.films import known_models
from web.pages.findings import finding_rows, physicians_labels, suspected

gallery: Final = Blueprint("gallery", __name__)
PAGE: Final = 48
#: Names a card has room for; the others are counted.
_CARD_FINDINGS: Final = 3
_OF_FINDING: Final = ("suspected", "borderline", "not_suspected", "not_assessed", "unreliable")
_OF_FILM: Final = ("analysed", "waiting", "read", "unread")
_LABELS: Final = {"1": 1, "0": 0, "-1": -1}
_SOURCES: Final[tuple[LabelSource, ...]] = ("physician", "imported")


@dataclass(frozen=True)
class Filters:
    """What was chosen. `problems` are (words' key, what came) for the page to say."""

    finding: str | None = None
    state: str | None = None
    label: int | None = None
    source: LabelSource | None = None
    minimum: float | None = None
    after: int | None = None
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def chosen(self) -> bool:
        """Return whether anything narrows the list."""
        chosen = (self.finding, self.state, self.label, self.source, self.minimum)
        return any(value is not None for value in chosen)

    @property
    def query(self) -> dict[str, Any]:
        """Return the filters as the address has them, without the place in the list."""
        said = {
            "finding": self.finding,
            "state": self.state,
            "label": self.label,
            "source": self.source,
            "min": self.minimum,
        }
        return {name: value for name, value in said.items() if value is not None}


def read_filters(said: Mapping[str, str]) -> Filters:
    """Return the filters of an address. What is not understood is said on the page, not used."""
    problems: list[tuple[str, str]] = []
    finding = said.get("finding") if said.get("finding") in INDEX else None
    state = said.get("state") if said.get("state") in {*_OF_FINDING, *_OF_FILM} else None
    label = _LABELS.get(said.get("label", ""))
    source = next((one for one in _SOURCES if one == said.get("source")), None)
    minimum = None
    if written := said.get("min", "").strip().replace(",", "."):
        try:
            minimum = float(written)
        except ValueError:
            minimum = -1.0
        if not 0 <= minimum <= 1:
            problems.append(("films.bad_minimum", written))
            minimum = None
    if finding is None and (
        state in _OF_FINDING or label is not None or minimum is not None or source is not None
    ):
        problems.append(("films.need_finding", ""))
        state = None if state in _OF_FINDING else state
        label = minimum = source = None
    if label is None:
        source = None
    after = None
    if written := said.get("after", ""):
        if written.isdecimal() and len(written) < 19:
            after = int(written)
        else:
            problems.append(("films.bad_after", written))
    return Filters(finding, state, label, source, minimum, after, tuple(problems))


@gallery.get("/cliches")
def films() -> str:
    """Show a page of films."""
    account = current_account()
    filters = read_filters(request.args)
    page = deps().rows.films.page(
        account=account.id,
        finding=filters.finding,
        minimum=filters.minimum,
        label=filters.label,
        source=filters.source,
        state=filters.state,
        limit=PAGE,
        after=filters.after,
    )
    return render_template(
        "films.html",
        cards=[card(row) for row in page.items],
        next=page.next,
        filters=filters,
        reading_order=READING_ORDER,
        of_finding=_OF_FINDING,
        of_film=_OF_FILM,
        sources=_SOURCES,
    )


def card(row: FilmRow) -> dict[str, Any]:
    """Return what a film's card shows."""
    manifest = known_models().get(row.model)
    seen: list[str] = []
    if row.probabilities is not None and manifest is not None:
        seen = [one.name for one in suspected(finding_rows(row.probabilities, manifest))]
    return {
        "film": row.film,
        "analysed": row.probabilities is not None,
        "known": manifest is not None,
        "findings": seen[:_CARD_FINDINGS],
        "more": max(0, len(seen) - _CARD_FINDINGS),
        "validated": bool(physicians_labels(row.labels)) or row.readings > 0,
        "comments": row.comments,
    }
