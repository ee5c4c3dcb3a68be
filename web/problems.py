"""Errors as answers: RFC 9457 problem details for /api/v1, a page elsewhere. In one place.

Nothing private gets out: no stack trace, no driver's text, no name of a file. `code` is a fixed
word for programs, `title` the status in English, `detail` says what was wanted and what came.
The HTML side is a hook (`style_errors`): the pages draw it, a plain page stands in until then.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response, current_app, json, request
from markupsafe import escape
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from schemas.errors import (
    BadObject,
    Conflict,
    Dead,
    Erased,
    Forbidden,
    InFlight,
    KeyReused,
    NotFound,
    Unavailable,
)

log = logging.getLogger(__name__)

API_PREFIX: Final = "/api/v1"
CONTENT_TYPE: Final = "application/problem+json"
#: Seconds after which asking a service that is down again makes sense.
RETRY_S: Final = 5

CODES: Final = {
    400: "bad-request",
    401: "not-signed-in",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    412: "precondition-failed",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    429: "too-many-requests",
    500: "internal",
    502: "unreadable-object",
    503: "unavailable",
}


@dataclass(eq=False)
class Problem(Exception):
    """An answer that is not what was asked for. `errors` are (place, message) pairs."""

    status: int
    detail: str
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def title(self) -> str:
        """Return the status in words."""
        return HTTPStatus(self.status).phrase

    def body(self) -> dict[str, Any]:
        """Return the problem details object."""
        answer: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code or CODES.get(self.status, "error"),
        }
        if self.errors:
            answer["errors"] = [
                {"field": place, "message": message} for place, message in self.errors
            ]
        return answer

    def response(self) -> Response:
        """Return the problem as JSON."""
        answer = Response(json.dumps(self.body()), self.status, content_type=CONTENT_TYPE)
        answer.headers.update(dict(self.headers))
        return answer


ErrorPage = Callable[[Problem], Response]
_HOOK: Final = "radiotheque.error_page"


def style_errors(app: Flask, page: ErrorPage) -> None:
    """Let the pages draw errors. The hook must not ask who is signed in: rows may be down."""
    app.extensions[_HOOK] = page


def install(app: Flask) -> None:
    """Turn every error of a view into an answer."""
    app.register_error_handler(Exception, _answer)


def wants_problem() -> bool:
    """Return whether this request's errors are problem details (the API and live events)."""
    return request.path.startswith((f"{API_PREFIX}/", "/live/"))


def from_validation(error: ValidationError) -> Response:
    """Return the answer to a request that does not fit its model (flask-openapi3's callback)."""
    return validation_problem(error).response()


def validation_problem(error: ValidationError) -> Problem:
    """Return what is wrong with a request by field and rule, never by what came.

    A path that cannot name anything (a film id of the wrong shape) is simply not found.
    """
    if error.title.endswith("Path"):
        return Problem(404, "There is nothing under this address.")
    places = tuple(
        (".".join(str(part) for part in item["loc"]) or "body", item["msg"])
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    )
    first = f"{places[0][0]}: {places[0][1]}" if places else "it does not fit"
    return Problem(422, f"The request was not understood: {first}.", errors=places)


def _answer(error: Exception) -> Response:
    """Return the answer to any error, styled for who asked."""
    if isinstance(error, HTTPException) and error.response is not None:
        return error.get_response()  # type: ignore[return-value]  # a Flask app makes Flask's own
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    problem = problem_of(error)
    if wants_problem():
        return problem.response()
    page: ErrorPage = current_app.extensions.get(_HOOK, plain_page)
    answer = page(problem)
    answer.headers.update(dict(problem.headers))
    return answer


def problem_of(error: Exception) -> Problem:  # noqa: C901, PLR0911 - one case per error
    """Return what an error means to the one who asked."""
    match error:
        case Problem():
            return error
        case Unavailable():
            log.warning(
                "A service is down; the request is answered 503.",
                extra={"service": error.service, "path": request.url_rule},
            )
            return Problem(
                503,
                f"{error.service} does not answer now; nothing was lost.",
                headers={"Retry-After": str(RETRY_S)},
            )
        case Forbidden():
            return Problem(403, "This account may not do that.")
        case Erased():
            return Problem(404, "This film was erased on request.", "erased")
        case NotFound():
            return Problem(404, "There is no such thing.")
        case InFlight():
            return Problem(
                409,
                "The same request is being done now; ask again in a moment.",
                "in-flight",
                headers={"Retry-After": "1"},
            )
        case KeyReused():
            return Problem(
                422,
                "Idempotency-Key: wanted a new one, came that of another request.",
                "key-reused",
            )
        case Conflict():
            return Problem(409, "It exists already, or is no longer in the state asked for.")
        case BadObject():
            # Waiting mends nothing, and nothing else of the library is touched.
            log.error("An object cannot be read", extra={"endpoint": request.endpoint})
            return Problem(502, "This object cannot be read; all others can.")
        case Dead():
            return Problem(422, "A value was refused.")
        case HTTPException():
            return _of_http(error)
        case _:
            log.error(
                "A view failed; the request is answered 500.",
                extra={"endpoint": request.endpoint},
                exc_info=error,
            )
            return Problem(500, "Something broke on our side; it was written to the log.")


def _of_http(error: HTTPException) -> Problem:
    status = error.code or 500
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() not in {"content-type", "content-length"}
    }
    details = {
        404: "There is nothing under this address.",
        413: "The request is larger than this server takes.",
    }
    return Problem(status, details.get(status, str(error.description or "")), headers=headers)


def plain_page(problem: Problem) -> Response:
    """Return the error as a page without any style."""
    title = escape(f"{problem.status} {problem.title}")
    html = (
        f'<!doctype html><html lang="en"><title>{title}</title>'
        f"<h1>{title}</h1><p>{escape(problem.detail)}</p></html>"
    )
    return Response(html, problem.status, content_type="text/html; charset=utf-8")
