"""What the input check says of a film, as *Lecture* shows it, and a steward's word on it."""

from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from schemas.film_check import CORRECTED, flags_of
from store.records import Film
from web.auth import current_account
from web.deps import deps
from web.language import Language
from web.problems import Problem
from web.words import Words

checked: Final = Blueprint("checked", __name__)

#: From this sureness on the words say "almost certain".
_ALMOST: Final = 0.9
_SAID: Final = {"yes": True, "no": False}


@checked.post("/cliches/<film>/controle")
def overrule(film: str) -> Response:
    """Put a steward's word in the place of what the check says, and show the film again."""
    check, said = request.form.get("check", ""), request.form.get("holds", "")
    if check not in CORRECTED or said not in _SAID:
        raise Problem(422, f"wanted one of {', '.join(CORRECTED)}, and yes or no.")
    account = current_account()
    deps().rows.films.overrule(film, check, holds=_SAID[said], account=account.id)
    return redirect(url_for("reading.page", film=film))


def flag_lines(film: Film, language: Language) -> list[tuple[str, str]]:
    """Return (what, how sure) of each check that is a flag, in words."""
    words = Words(language)
    return [
        (words(f"check.{name}"), words(f"check.{_how_sure(film.checks[name])}"))
        for name in flags_of(film.checks)
    ]


def _how_sure(value: float) -> str:
    """Return the word for a flag's sureness: 1 is what a file, a form or a steward says."""
    if value >= 1:
        return "certain"
    return "almost" if value >= _ALMOST else "likely"
