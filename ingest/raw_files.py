"""The bytes of a drop, wherever they lie now; what is wrong with one object is its refusal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.quarantine import Quarantine
from schemas.errors import BadObject, NotFound, Refusal
from store.object_tries import TRIES
from store.ports import Objects
from store.records import Receipt

log = logging.getLogger(__name__)


class RawFiles:
    """Reads what was dropped, up to a size. Raises Unavailable while the store is down."""

    def __init__(self, objects: Objects, quarantine: Quarantine, limit_bytes: int) -> None:
        self._objects = objects
        self._quarantine = quarantine
        self._limit = limit_bytes

    def read(self, receipt: Receipt) -> bytes:
        """Return a drop's bytes, of one that was held from quarantine.

        Raises Refusal `object-gone`, `unreadable-object`, `too-large`.
        """
        with self._refused(receipt):
            if receipt.held_at is not None:
                return self._quarantine.read(receipt, self._limit)
            return self._objects.read(receipt.bucket, receipt.key, receipt.version, self._limit)

    def chunks(self, receipt: Receipt) -> Iterator[bytes]:
        """Yield a drop's bytes piece by piece. Raises Refusal as `read` does, midway too."""
        with self._refused(receipt):
            yield from self._objects.chunks(
                receipt.bucket, receipt.key, receipt.version, self._limit
            )

    def remove_dropped(self, receipt: Receipt) -> None:
        """Remove what was dropped, unless its depositor's client may still look at it."""
        # Its row says until when it may: ingest/taken.py removes it then.
        if receipt.keep_until is None:
            # This version only: another one under the same key is another drop.
            self._objects.remove(receipt.bucket, receipt.key, receipt.version)

    @contextmanager
    def _refused(self, receipt: Receipt) -> Iterator[None]:
        try:
            yield
        except NotFound:
            raise Refusal(
                "object-gone", wanted="the version that was dropped", came="none"
            ) from None
        except BadObject as error:
            log.warning(
                "An object cannot be read and is kept for a steward",
                extra={"receipt": str(receipt.id), "error": str(error)},
            )
            raise Refusal(
                "unreadable-object",
                wanted="an object that its store gives whole",
                came=f"none in {TRIES} tries",
            ) from None
        except ValueError:
            raise Refusal(
                "too-large",
                wanted=f"at most {self._limit} bytes",
                came=f"{receipt.size} bytes",
            ) from None
