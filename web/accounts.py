"""Accounts as the web needs them: passwords, tokens, and who is who for a few seconds.

Passwords are argon2id (RFC 9106, the library's defaults: 64 MiB, 3 passes, 4 lanes). A token is
256 random bits after a recognisable prefix; only its SHA-256 is kept. Every request asks who it
is from: the answer is remembered for a few seconds, so a removed account is out that soon.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from store.ports import Accounts, Clock
from store.records import Account

TOKEN_PREFIX: Final = "rad_"  # noqa: S105 - the prefix by which leaked tokens are found
#: Seconds an account or token is believed without asking the rows again.
FRESH_S: Final = 5.0
#: Seconds a verified one may still look at *Système* while PostgreSQL is down.
STALE_S: Final = 3600.0
_KEPT: Final = 4096
PASSWORD_MIN: Final = 12
PASSWORD_MAX: Final = 256

_hasher: Final = PasswordHasher()
#: Each check takes 64 MiB: a rush of sign-ins waits here instead of filling the memory.
_checks: Final = threading.BoundedSemaphore(4)
#: Checked when the name is unknown, so that both answers take the same time.
_NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$vhp22mbIw5+w1BwbThu6Vw"
    "$s1B+OHLixQHoVYaxdAhfB8vs7+SGLyfe9IEaFlgQU9c"
)


def hash_password(password: str) -> str:
    """Return the argon2id hash. Raises ValueError for one too short or too long."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise ValueError(
            f"wanted a password of {PASSWORD_MIN} to {PASSWORD_MAX} characters,"
            f" came {len(password)}"
        )
    return _hasher.hash(password)


def password_fits(password: str, password_hash: str | None) -> bool:
    """Return whether the password is the one that was hashed; None costs the same and is no."""
    try:
        with _checks:
            _hasher.verify(password_hash or _NOBODY, password[:PASSWORD_MAX])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def new_token() -> str:
    """Return a bearer token. It is shown once and never kept."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True)
class _Known:
    account: Account
    at: float


class KnownAccounts:
    """Who somebody is, asked of the rows at most every few seconds. Safe between threads."""

    def __init__(self, accounts: Accounts, clock: Clock = time.monotonic) -> None:
        self._accounts = accounts
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[Hashable, _Known] = {}

    def by_id(self, account: UUID) -> Account | None:
        """Return the account, None if it is gone or disabled. Raises Unavailable."""
        return self._ask(account, lambda: self._accounts.get(account))

    def by_token(self, token: str) -> Account | None:
        """Return the account a token stands for. Raises Unavailable."""
        digest = token_hash(token)
        return self._ask(digest, lambda: self._accounts.by_token(digest))

    def lately(self, key: UUID | str) -> Account | None:
        """Return whom this process verified within the hour, without asking anybody."""
        known = self._known.get(token_hash(key) if isinstance(key, str) else key)
        if known is None or self._clock() - known.at > STALE_S:
            return None
        return known.account

    def forget(self) -> None:
        """Believe nothing any longer: an account or token was changed here."""
        with self._lock:
            self._known.clear()

    def _ask(self, key: Hashable, read: Callable[[], Account | None]) -> Account | None:
        known = self._known.get(key)
        now = self._clock()
        if known is not None and now - known.at < FRESH_S:
            return known.account
        account = read()
        with self._lock:
            if account is None or account.disabled:
                # Unknown ones are not remembered: guesses must not fill the memory.
                self._known.pop(key, None)
                return None
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = _Known(account, now)
        return account
