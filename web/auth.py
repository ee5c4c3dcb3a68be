"""Who is asking: a person by the session cookie, a program by a bearer token, never both.

A request that carries an Authorization header has no session at all (web/security.py), so a
token can never lean on a cookie. Roles are held by the stored functions; here is only decided
who it is, and what is hidden because it could not be done anyway.
"""

import logging
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import flask_login
from flask import Flask, Request, current_app, request, session

from schemas.errors import Unavailable
from schemas.plain_text import fault_in
from store.records import Account, Role
from web import limits
from web.accounts import KnownAccounts, password_fits
from web.deps import deps
from web.problems import Problem

log = logging.getLogger(__name__)

#: A session ends after this many seconds, however busy it is.
SESSION_S: Final = 12 * 3600
_EXTENSION: Final = "radiotheque.accounts"
_SIGNED_IN_AT: Final = "at"
_NAME_MAX: Final = 200


@dataclass(frozen=True)
class _User(flask_login.UserMixin):  # type: ignore[misc]  # flask-login has no types
    """An account as flask-login wants it."""

    account: Account

    def get_id(self) -> str:
        return str(self.account.id)


def install(app: Flask, known: KnownAccounts) -> None:
    """Load accounts from sessions and tokens."""
    app.extensions[_EXTENSION] = known
    manager = flask_login.LoginManager()
    # Addresses change under a person who walks between networks; the lifetime is the guard.
    manager.session_protection = None
    manager.user_loader(_from_session)
    manager.request_loader(_from_token)
    # Its template variable would ask PostgreSQL again while an error page is drawn.
    manager.init_app(app, add_context_processor=False)


def known_accounts() -> KnownAccounts:
    """Return this application's memory of accounts."""
    found: KnownAccounts = current_app.extensions[_EXTENSION]
    return found


def account_or_none() -> Account | None:
    """Return who is asking, None when nobody is signed in. Raises Unavailable."""
    user: Any = flask_login.current_user
    return user.account if user.is_authenticated else None


def current_account() -> Account:
    """Return who is asking. Raises Problem 401 when nobody is signed in, and Unavailable."""
    account = account_or_none()
    if account is None:
        raise Problem(
            401,
            "Sign in, or send a token: Authorization: Bearer …",
            headers={"WWW-Authenticate": 'Bearer realm="radiotheque"'},
        )
    return account


def require_role(*roles: Role) -> Account:
    """Return who is asking if it has one of these roles, for what no stored function holds."""
    account = current_account()
    if account.role not in roles:
        raise Problem(403, f"This needs the role {' or '.join(roles)}.")
    return account


def account_for_status() -> tuple[Account | None, bool]:
    """Return who may look at *Système*, and whether PostgreSQL could be asked.

    With PostgreSQL down nobody can be looked up. *Système* must answer all the same and shows
    no film, so two proofs are enough to look, never to act: a session cookie that we signed and
    that has not ended, or a token which this process verified within the hour. The account is
    None for a cookie of somebody this process has not seen.
    """
    try:
        return current_account(), True
    except Unavailable:
        if "Authorization" in request.headers:
            account = known_accounts().lately(bearer_token(request) or "")
            if account is None:
                raise
            return account, False
        if "_user_id" not in session or not _session_lives():
            raise
        return known_accounts().lately(UUID(session["_user_id"])), False


def sign_in(name: str, password: str) -> Account | None:
    """Sign a person in; return the account, None when name and password do not fit.

    Everything of the session before is dropped, so a session fixed by somebody else is worth
    nothing. Written to the audit either way. Raises Problem 429 after ten tries a minute of
    this name from this address, and Unavailable.
    """
    name = name.strip()[:_NAME_MAX]
    limits.count_sign_in(name)
    # Nobody is called what no row can hold.
    found = None if fault_in(name) else deps().rows.accounts.for_sign_in(name)
    fits = password_fits(password, found[1] if found else None)
    account = found[0] if found and fits and not found[0].disabled else None
    # An unknown name is not written down: people type passwords into the wrong field.
    deps().rows.accounts.signed_in(
        found[0].id if found else None, found[0].name if found else "", success=bool(account)
    )
    if account is None:
        log.info("A sign-in was refused.")
        return None
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    session.permanent = True
    session[_SIGNED_IN_AT] = int(time.time())
    flask_login.login_user(_User(account))
    return account


def sign_out() -> None:
    """End the session."""
    language = session.get("language")
    flask_login.logout_user()
    session.clear()
    if language:
        session["language"] = language


def bearer_token(asked: Request) -> str | None:
    """Return the token of an Authorization header, None when it is not a bearer's."""
    scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _session_lives() -> bool:
    started = session.get(_SIGNED_IN_AT)
    return isinstance(started, int) and 0 <= time.time() - started < SESSION_S


def _from_session(user_id: str) -> _User | None:
    if not _session_lives():
        return None
    account = known_accounts().by_id(UUID(user_id))
    return _User(account) if account else None


def _from_token(asked: Request) -> _User | None:
    token = bearer_token(asked)
    account = known_accounts().by_token(token) if token else None
    return _User(account) if account else None
