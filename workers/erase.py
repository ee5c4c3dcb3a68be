"""radiograph.erased ─> nothing left: objects, raw versions and cached answers of the film go.

Rows and event were written in one transaction; the row of table `erasure` says what there is to
remove. A writer that was under way when the film was erased may put an object after our first
pass: so the same is done once more, `erase_again_s` later, and then the row goes as well. Until
then the erasure cannot be lifted, so that no pass ever meets a film that has come back.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from schemas.errors import Dead, Unavailable
from schemas.events import RadiographErased
from schemas.flow import GROUPS
from store.log import Record
from store.ports import Cache, Erasures, Objects, rendition_key
from store.records import Erasure, Rendition
from workers.reading import event_of

log = logging.getLogger(__name__)

LANES: Final = next(lanes for lanes in GROUPS if lanes.group == "erase")
RENDITIONS: Final[tuple[Rendition, ...]] = ("full", "display", "thumbnail")
_LOOK_S: Final = 15.0
_ROWS: Final = 100


class EraseHandler:
    """Removes what is left of the films that the records name."""

    def __init__(self, erasures: Erasures, objects: Objects, cache: Cache) -> None:
        self._erasures = erasures
        self._objects = objects
        self._cache = cache

    def handle(self, records: Sequence[Record]) -> None:
        """Do the first pass. Raises Dead for a record that is no such fact, Unavailable."""
        films: dict[str, None] = {}
        for record in records:
            event = event_of(record).event
            if not isinstance(event, RadiographErased):
                raise Dead(f"{record.topic}: wanted radiograph.erased")
            films[event.radiograph] = None
        for film in films:
            erasure = self._erasures.get(film)
            # Without a row both passes are done, and the film may have been lifted since.
            if erasure is not None and erasure.done_at is None:
                self.remove(erasure)
                self._erasures.done(film)
                log.info("An erased film's objects are gone", extra={"film": film})

    def remove(self, erasure: Erasure) -> None:
        """Remove a film's objects, raw versions and cached answers; gone ones are done.

        Raises the first error after all were tried: one that cannot go keeps no other.
        """
        errors: list[Dead] = []
        kept: list[tuple[str, str, str | None]] = [
            *(("radiographs", rendition_key(erasure.film, each), None) for each in RENDITIONS),
            *((raw.bucket, raw.key, raw.version) for raw in erasure.raws),
        ]
        for bucket, key, version in kept:
            try:
                self._objects.remove(bucket, key, version)
            except Dead as error:
                errors.append(error)
        self._cache.forget(erasure.film)
        if errors:
            raise errors[0]

    def receipt_of(self, record: Record) -> UUID | None:
        """Return None: an erased film has no receipt to fail."""
        del record
        return None


class SecondPass:
    """The clock of the second pass: looks every few seconds for films whose time has come."""

    def __init__(self, handler: EraseHandler, erasures: Erasures, look_s: float = _LOOK_S) -> None:
        self._handler = handler
        self._erasures = erasures
        self._look_s = look_s

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop. Whatever goes wrong is tried again at the next look."""
        while not stop.is_set():
            try:
                self.once()
            except Unavailable as error:
                log.warning("The second pass waits", extra={"service": error.service})
            except Exception:
                log.exception("The second pass failed in a way nobody foresaw")
            stop.wait(self._look_s)

    def once(self) -> int:
        """Do the second pass of every film it is due for; return how many. Raises Unavailable."""
        ended = 0
        for erasure in self._erasures.due(_ROWS):
            try:
                self._handler.remove(erasure)
            except Dead:
                # One that the object store will never have must not keep the others waiting.
                log.exception("What is left of an erased film cannot be removed")
                continue
            self._erasures.end(erasure.film)
            ended += 1
        if ended:
            log.info("Erased films were looked through once more", extra={"films": ended})
        return ended
