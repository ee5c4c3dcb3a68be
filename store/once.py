"""Requests that a client may send again: the first one is done, the others get its answer.

For a day, by account, kind and the client's own key. Neither the key nor what was said is kept,
but codes of them, keyed with the site's secret: both may be anybody's words.
Source: IETF draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import hmac
from typing import Literal
from uuid import UUID

from store.records import Once
from store.rows import Call

Kind = Literal["reading", "comment"]


class OnceOnly:
    """One request with a key, in the transaction that does it."""

    def __init__(self, call: Call, secret: str, kind: Kind, account: UUID, once: Once) -> None:
        self._call = call
        self._who = {
            "account": account,
            "kind": kind,
            "key": _code(secret, "key", once.key.encode()),
            "said": _code(secret, "said", once.said),
        }

    def made(self) -> UUID | None:
        """Return what the same request made before; None where it is to be done.

        Raises InFlight while another one with this key is being done, KeyReused where the key
        was used for something else.
        """
        found: UUID | None = self._call.value("once_find", **self._who)
        return found

    def keep(self, film: str, made: UUID) -> None:
        """Remember what it made."""
        self._call.rows("once_keep", **self._who, film=film, made=made)


def _code(secret: str, what: str, said: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"once " + what.encode() + b" " + said, hashlib.sha256)
