"""*Lecture*: one film, what the model says of it, what readers say, what is alike."""

from typing import Any, Final, get_args

from flask import Blueprint, render_template

from schemas.errors import NotFound
from schemas.film_check import CORRECTED, is_lateral
from schemas.findings import READING_ORDER
from schemas.models import ModelManifest
from schemas.provenance import LICENCES, Sharing
from store.records import Account, Film, FilmDetail
from web.auth import current_account
from web.deps import deps
from web.heatmap import colours
from web.language import current_language
from web.pages.checked import flag_lines
from web.pages.findings import finding_rows
from web.pages.known import known_lines, provenance_lines
from web.receipts import STEWARDS

reading: Final = Blueprint("reading", __name__)
_ID_LENGTH: Final = 64


@reading.get("/cliches/<film>")
def page(film: str) -> str:
    """Show one film. What was shown is remembered: it decides what a reading is worth."""
    account = current_account()
    if len(film) != _ID_LENGTH or not set(film) <= set("0123456789abcdef"):
        raise NotFound(f"film {film[:_ID_LENGTH]!r}: that is not a film's id")
    detail = deps().rows.films.detail(film, account=account.id)
    remember_shown(detail, account)
    return render_template("reading.html", **view(detail, account))


@reading.get("/cliches/<film>/analyse")
def analysed(film: str) -> dict[str, bool]:
    """Say whether the film is analysed yet: what a waiting page asks, without opening it again."""
    found = deps().rows.films.rows([film], account=current_account().id).items
    if not found:
        raise NotFound(f"film {film[:_ID_LENGTH]!r}: there is none")
    return {"analysed": found[0].probabilities is not None}


def remember_shown(detail: FilmDetail, account: Account) -> None:
    """Tell the rows what this account now sees, so that a later reading says so."""
    others = any(one.reader != account.pseudonym for one in detail.readings)
    answer = detail.analysis is not None
    if answer or others:
        deps().rows.readings.shown(
            detail.row.film.id, account=account.id, answer=answer, others=others
        )


def decides(account: Account, film: Film) -> bool:
    """Return whether this account may remove or share the film; the database has the last word."""
    if film.site == account.site:
        return account.role in STEWARDS
    return account.role == "admin" and film.sharing != "private"


def legend() -> list[tuple[float, str, float]]:
    """Return (place 0..1, colour, opacity 0..1) along the heat map's own colour table."""
    table = colours()
    places = range(0, len(table), 15)
    return [
        (
            place / (len(table) - 1),
            "#" + bytes(int(part) for part in table[place][:3]).hex(),
            round(float(table[place][3]) / 255, 3),
        )
        for place in places
    ]


def _second(manifest: ModelManifest | None) -> str:
    """Return which operating point *suspected* begins at, for the words under the bars."""
    points = manifest.operating_points.values() if manifest else ()
    before = any(each.specific is None for each in points)
    return "reading.point.alert" if before else "reading.point.specific"


def view(detail: FilmDetail, account: Account) -> dict[str, Any]:
    """Return what the template draws."""
    rows = None
    if detail.analysis is not None:
        scores = [float(value) for value in detail.analysis.probabilities]
        rows = finding_rows(scores, detail.manifest)
    own = [one for one in detail.readings if one.reader == account.pseudonym]
    last = max(own, key=lambda one: one.recorded_at, default=None)
    older = deps().rows.films.page(account=account.id, limit=1, after=detail.row.position)
    film = detail.row.film
    return {
        "film": film,
        "shown": film.facts.shown_as.shown_size(film.width, film.height),
        "detail": detail,
        "rows": rows,
        "second": _second(detail.manifest),
        "legend": legend(),
        "reading_order": READING_ORDER,
        "mine": dict(last.labels) if last else {},
        "imported": [label for label in detail.row.labels if label.source != "physician"],
        "readings": sorted(detail.readings, key=lambda one: one.recorded_at, reverse=True),
        "comments": detail.comments,
        "next_film": older.items[0].film.id if older.items else None,
        "may_read": account.role != "viewer",
        "may_moderate": decides(account, detail.row.film),
        "provenance": provenance_lines(detail, current_language()),
        "sharings": get_args(Sharing) if detail.row.film.text_check == "clean" else ("private",),
        "licences": LICENCES,
        "model": detail.analysis.model_label if detail.analysis else None,
        "known": known_lines(detail.row.film, current_language()),
        "checks": CORRECTED,
        "flagged": flag_lines(detail.row.film, current_language()),
        "lateral": is_lateral(detail.row.film.view, detail.row.film.checks),
    }
