"""How often somebody may ask.

A token may ask 300 times a second (the interface promises 200), a session 100, an address that
nobody signed in from 50. Sign-in is ten tries a minute for a name from an address, and sixty
for an address, since each try costs an argon2 hash. `Retry-After` is in whole seconds.

Counted in this process: the web server is one process, a Redis trip for each thumbnail would
cost more than it guards, and Redis may be down (docs/adr/0061).
"""

import hashlib
import math
import time
from collections.abc import Callable
from typing import Final

from flask import Flask, current_app, request, session
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.strategies import FixedWindowRateLimiter

from web.counters import Counters
from web.problems import Problem

TOKEN: Final = RateLimitItemPerSecond(300)
SESSION: Final = RateLimitItemPerSecond(100)
ADDRESS: Final = RateLimitItemPerSecond(50)
SIGN_IN_NAME: Final = RateLimitItemPerMinute(10)
SIGN_IN_ADDRESS: Final = RateLimitItemPerMinute(60)
_EXTENSION: Final = "radiotheque.limiter"
#: Never counted: a probe or a style sheet must not use up a person's share.
_FREE: Final = frozenset({"static", "health.alive", "health.ready", "health.figures"})


class Limits:
    """The counters of one application. `seconds` is the wall clock, as the windows are."""

    def __init__(self, seconds: Callable[[], float] = time.time) -> None:
        self._limiter = FixedWindowRateLimiter(Counters(seconds))
        self._seconds = seconds

    def count(self, item: RateLimitItem, *who: str) -> None:
        """Count one. Raises Problem 429 when that is one too many."""
        if self._limiter.hit(item, *who):
            return
        reset_at = self._limiter.get_window_stats(item, *who).reset_time
        wait_s = max(1, math.ceil(reset_at - self._seconds()))
        raise Problem(
            429,
            f"At most {item.amount} a {item.GRANULARITY.name}; try again in {wait_s} s.",
            headers={"Retry-After": str(wait_s)},
        )


def install(app: Flask, limits: Limits) -> None:
    """Count every request before anything else is done for it."""
    app.extensions[_EXTENSION] = limits
    app.before_request(_count_request)


def count_sign_in(name: str) -> None:
    """Count a try to sign in. Raises Problem 429."""
    limits: Limits = current_app.extensions[_EXTENSION]
    address = request.remote_addr or "?"
    limits.count(SIGN_IN_ADDRESS, "sign-in", address)
    limits.count(SIGN_IN_NAME, "sign-in", address, _digest(name.lower()))


def _count_request() -> None:
    if request.endpoint in _FREE or (request.endpoint or "").endswith(".static"):
        return
    limits: Limits = current_app.extensions[_EXTENSION]
    header = request.headers.get("Authorization")
    if header is not None:
        limits.count(TOKEN, "token", _digest(header))
    elif "_user_id" in session:
        limits.count(SESSION, "session", str(session["_user_id"]))
    else:
        limits.count(ADDRESS, "address", request.remote_addr or "?")


def _digest(text: str) -> str:
    """Return a short name of a secret or a person's name: neither lies in the counters."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
