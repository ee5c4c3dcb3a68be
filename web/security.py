"""What every answer carries against other people's pages, and what a session cookie is worth.

The content security policy allows our own files and nothing inline. A session's unsafe request
needs its CSRF token (header `X-CSRFToken`, or the form's field on pages); a request with an
Authorization header has no session, so it needs none and gains nothing from a cookie.
"""

from datetime import timedelta
from typing import Any, Final

from flask import Flask, Request, Response, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect, validate_csrf
from wtforms import ValidationError

from store.settings import Settings
from web.auth import SESSION_S
from web.problems import Problem, wants_problem

#: blob: and data: are pictures the viewer makes itself (a canvas, a chosen file).
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class CookieOrToken(SecureCookieSessionInterface):
    """Flask's signed cookie session, closed to requests that carry an Authorization header."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the cookie's session, an empty one when a token is sent."""
        if "Authorization" in request.headers:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        """Set the cookie, never in the answer to a token."""
        if "Authorization" not in request.headers:
            super().save_session(app, session, response)


def install(app: Flask, settings: Settings) -> None:
    """Set up cookies, CSRF and headers."""
    app.secret_key = settings.web_secret.get_secret_value()
    app.session_interface = CookieOrToken()
    app.config.update(
        SESSION_COOKIE_NAME="radiotheque",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.web_secure_cookies,
        # The lifetime is absolute (web/auth.py), so the cookie need not be sent each time.
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=SESSION_S),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=SESSION_S,
        # Browsers send no Referer under our Referrer-Policy; Sec-Fetch-Site is looked at instead.
        WTF_CSRF_SSL_STRICT=False,
    )
    CSRFProtect(app)  # gives templates csrf_token(); the check is ours, below
    app.before_request(_check_origin)
    app.after_request(_add_headers)


def _check_origin() -> None:
    """Refuse an unsafe request that our own pages did not send. Raises Problem 403."""
    if request.method in _SAFE or "Authorization" in request.headers:
        return
    if wants_problem() and "_user_id" not in session:
        return  # nobody is signed in: the API says 401 to that, there is nothing to ride on
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        raise Problem(403, "This request came from another site.", code="csrf")
    header = request.headers.get("X-CSRFToken")
    if header is None and not wants_problem():
        # Only a page's form has its token in the body.
        header = request.form.get("csrf_token")
    try:
        # The API's body is never read here: a film is not parsed before we know who sends it.
        validate_csrf(header)
    except ValidationError as error:
        raise Problem(
            403,
            "Send the session's CSRF token in the header X-CSRFToken,"
            " or use a bearer token instead of the cookie.",
            code="csrf",
        ) from error


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        # Films and scores do not lie about in shared caches or on a borrowed computer.
        response.headers["Cache-Control"] = "no-store"
    return response
