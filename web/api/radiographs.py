"""The library: lists of films, one film, its look-alikes, its erasure."""

from typing import Any

from pydantic import BaseModel

from schemas.errors import Conflict, NotFound
from schemas.findings import STATES
from schemas.provenance import Licence, Sharing
from web.api.routes import subject
from web.api.shapes import (
    Body,
    FilmDetailOut,
    FilmPath,
    FilmsOut,
    FilmsQuery,
    OverruleIn,
    SimilarOut,
    SimilarQuery,
)
from web.auth import current_account
from web.deps import deps
from web.films import detail_json, film_json, findings_json, known_models, label_json
from web.problems import Problem


class SharingIn(Body):
    """Who may see a film, and under which licence. What is left out is taken away."""

    sharing: Sharing
    licence: Licence | None = None


class SharingOut(BaseModel):
    """The same, as it is now."""

    sharing: Sharing
    licence: str | None


radiographs = subject("films", "The library of films, what models and readers say of them.")


@radiographs.get("/radiographs", responses={200: FilmsOut})
def page(query: FilmsQuery) -> dict[str, Any]:
    """Return a page of films, newest first."""
    _check_filters(query)
    found = deps().rows.films.page(
        account=current_account().id,
        finding=query.finding,
        minimum=query.min,
        label=query.label,
        source=query.source,
        state=query.state,
        updated_since=query.updated_since,
        limit=query.limit,
        after=_position(query.after),
    )
    models = known_models()
    items = [film_json(row, models.get(row.model)) for row in found.items]
    return {"items": items, "next": None if found.next is None else str(found.next)}


@radiographs.get("/radiographs/<film>", responses={200: FilmDetailOut})
def read(path: FilmPath) -> dict[str, Any]:
    """Return one film with all that is known of it. Written to the audit as opened."""
    account = current_account()
    detail = deps().rows.films.detail(path.film, account=account.id)
    # What was shown decides what a later reading by this account is worth.
    others = any(reading.reader != account.pseudonym for reading in detail.readings)
    if detail.analysis is not None or others:
        deps().rows.readings.shown(
            path.film, account=account.id, answer=detail.analysis is not None, others=others
        )
    return detail_json(detail)


@radiographs.get("/radiographs/<film>/similar", responses={200: SimilarOut})
def similar(path: FilmPath, query: SimilarQuery) -> dict[str, Any]:
    """Return the most alike films; those of the same patient are left out unless included."""
    account = current_account()
    same_patient = query.same_patient == "include"
    found = deps().similar.answer(
        path.film,
        query.k,
        query.finding,
        site=account.site,
        account=account.id,
        same_patient=same_patient,
    )
    # The film asked about comes along, and those that are folded away: a kept answer may have
    # outlived any of them.
    folded = (film for neighbour in found for film in neighbour.duplicates)
    wanted = [path.film, *(neighbour.film for neighbour in found), *folded]
    rows = deps().rows.films.rows(wanted, account=account.id)
    by_id = {row.film.id: row for row in rows.items}
    if path.film not in by_id:
        raise NotFound(f"film {path.film}: there is none")
    models = known_models()
    items = []
    for neighbour in found:
        row = by_id.get(neighbour.film)
        if row is None:
            continue  # erased since the answer was kept
        items.append(
            {
                "id": neighbour.film,
                "similarity": round(neighbour.similarity, 6),
                "findings": findings_json(row.probabilities, models.get(row.model)),
                "labels": [label_json(label) for label in row.labels],
                "duplicates": [film for film in neighbour.duplicates if film in by_id],
            }
        )
    return {"items": items}


@radiographs.post("/radiographs/<film>/checks", responses={204: None})
def overrule(path: FilmPath, body: OverruleIn) -> tuple[str, int]:
    """Overrule the input check on one point. Stewards and admins.

    A film that becomes lateral, or is no more, is analysed anew within a minute.
    """
    account = current_account().id
    deps().rows.films.overrule(path.film, body.check, holds=body.holds, account=account)
    return "", 204


@radiographs.put("/radiographs/<film>/sharing", responses={200: SharingOut})
def share(path: FilmPath, body: SharingIn) -> dict[str, Any]:
    """Say who may see a film. Stewards of its site, and admins who see it.

    409 unless it is private or its text check is clean, and for an open film without a licence.
    """
    account = current_account()
    try:
        film = deps().rows.films.share(path.film, body.sharing, body.licence, account=account.id)
    except Conflict:
        raise Problem(
            409,
            "Wanted a film without any text in it, and of an open one a licence.",
            "kept-private",
        ) from None
    return {"sharing": film.sharing, "licence": film.licence}


@radiographs.delete("/radiographs/<film>", responses={204: None})
def erase(path: FilmPath) -> tuple[str, int]:
    """Erase a film everywhere, for good. Stewards and admins."""
    deps().rows.films.erase(path.film, account=current_account().id)
    return "", 204


@radiographs.post("/radiographs/<film>/lift", responses={204: None})
def lift(path: FilmPath) -> tuple[str, int]:
    """Let an erased film be dropped again. Stewards and admins; 409 while it is being removed."""
    deps().rows.films.lift_erasure(path.film, account=current_account().id)
    return "", 204


def _check_filters(query: FilmsQuery) -> None:
    """Refuse a filter that needs a finding and has none. Raises Problem 422."""
    of_finding = query.state in STATES
    needs = [
        name
        for name, given in (
            ("min", query.min is not None),
            ("label", query.label is not None),
            ("source", query.source is not None),
            ("state", of_finding),
        )
        if given and query.finding is None
    ]
    if needs:
        raise Problem(422, f"{', '.join(needs)}: wanted together with finding, came alone.")


def _position(after: str | None) -> int | None:
    """Return the position a page goes on after. Raises Problem 422."""
    if after is None:
        return None
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise Problem(422, "after: wanted the `next` of the page before.")
    return int(after)
