"""What every page stands in: words, formats, who is signed in, errors, the language switch."""

from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from schemas.errors import Unavailable
from store.records import Account
from web.auth import account_or_none
from web.language import LANGUAGES, choose_language, current_language
from web.pages import formats
from web.problems import Problem
from web.words import Words

shell: Final = Blueprint("shell", __name__)
#: Errors that have words of their own; another status is shown with the nearest one's.
_SAID: Final = frozenset({400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503})


@shell.app_context_processor
def shared() -> dict[str, Any]:
    """Return what every template may use."""
    language = current_language()
    return {
        "words": Words(language),
        "language": language,
        "languages": LANGUAGES,
        "account": _account(),
        "number": partial(formats.number, language=language),
        "score": partial(formats.score, language=language),
        "day": partial(formats.day, language=language),
        "moment": partial(formats.moment, language=language),
    }


def _account() -> Account | None:
    """Return who is signed in; None also while PostgreSQL is down, so errors can be drawn."""
    try:
        return account_or_none()
    except Unavailable:
        return None


@shell.get("/")
def home() -> AnyResponse:
    """Go where films are."""
    return redirect(url_for("gallery.films"))


@shell.post("/langue")
def language() -> AnyResponse:
    """Keep the chosen language in the session and go back to where it was chosen."""
    try:
        choose_language(request.form.get("language", ""))
    except ValueError as error:
        raise Problem(422, str(error)) from error
    return redirect(own_address(request.form.get("back", ""), url_for("shell.home")))


def own_address(address: str, otherwise: str) -> str:
    """Return the address if it is a path of ours, so that no link can lead people elsewhere."""
    parts = urlsplit(address)
    ours = (
        address.startswith("/")
        and not address.startswith("//")
        and "\\" not in address
        and not parts.scheme
        and not parts.netloc
        and address.isprintable()
    )
    return address if ours else otherwise


def error_page(problem: Problem) -> Response:
    """Return an error as a page; somebody not signed in is sent to sign in first."""
    if problem.status == 401 and request.method == "GET":
        back = request.full_path.rstrip("?")
        return make_response(redirect(url_for("entrance.sign_in", suite=back)))
    said = problem.status if problem.status in _SAID else (500 if problem.status >= 500 else 400)
    return make_response(
        render_template("error.html", status=problem.status, said=said), problem.status
    )
