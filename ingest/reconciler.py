"""What notifications lost, and films no live model has seen: found by looking, and asked for.

MinIO's events can be lost (its queue's limit, a power cut). Every so often the reconciler lists
the versions in dropzone that nobody opened a receipt for, and opens one with its
`object.uploaded` in one transaction, so each once; then it asks for the analysis of films that
the live model has not analysed. While workers are behind it adds nothing: what waits in Kafka is
not lost.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from ingest.figures import IngestFigures
from ingest.folders import is_folder
from ingest.notification import bulk_drop
from schemas.envelope import to_message
from schemas.errors import BadObject, Dead, NotFound, Unavailable
from schemas.events import AnalysisRequestedBulk
from store.objects import MEDIA
from store.ports import Objects, Rows
from store.records import Drop
from store.settings import Settings

log = logging.getLogger(__name__)

_PAGE: Final = 500

#: How many records of a topic a group has still to read. Raises Unavailable.
Lag = Callable[[str, str], int]


@dataclass(frozen=True)
class Round:
    """What one round added."""

    drops: int
    analyses: int


class Reconciler:
    """Looks for what was forgotten, every `reconcile_every_s`."""

    def __init__(self, settings: Settings, rows: Rows, objects: Objects, lag: Lag) -> None:
        self._settings = settings
        self._rows = rows
        self._objects = objects
        self._lag = lag
        self._folders = 0
        self.figures = IngestFigures()

    def run(self, stop: threading.Event) -> None:
        """Look now and every so often until told to stop. A service that is down is waited for."""
        while not stop.is_set():
            try:
                self.once()
            except Unavailable as error:
                log.warning("The reconciler waits", extra={"service": error.service})
            stop.wait(self._settings.reconcile_every_s)

    def once(self) -> Round:
        """Look once; return what was added. Raises Unavailable."""
        added = Round(self._forgotten_drops(), self._missing_analyses())
        if added.drops or added.analyses:
            log.info(
                "The reconciler found work",
                extra={"drops": added.drops, "analyses": added.analyses},
            )
        return added

    def _is_busy(self, topic: str, group: str) -> bool:
        return self._lag(topic, group) > self._settings.reconcile_lag_limit

    def _forgotten_drops(self) -> int:
        added = 0
        self._folders = 0
        for page in _pages(self._old_versions()):
            # Asked before each page, since a long listing takes a while.
            if self._is_busy("object.created", "ingest"):
                break
            missing = self._rows.receipts.missing(page)
            if not missing:
                continue
            # What we ask for goes by object.uploaded, before all that others drop.
            if self._is_busy("object.uploaded", "ingest"):
                break
            told = [self._with_metadata(drop) for drop in missing]
            added += self._open([drop for drop in told if drop is not None])
        self.figures.folders_listed.set(self._folders)
        return added

    def _old_versions(self) -> Iterator[Drop]:
        """Yield what has lain in dropzone long enough for its notification to have come."""
        if self._is_busy("object.created", "ingest"):
            return
        youngest = datetime.now(UTC) - timedelta(seconds=self._settings.reconcile_older_s)
        for key, version, size, modified in self._objects.versions("dropzone"):
            if is_folder(key, size):
                self._folders += 1
            elif modified <= youngest:
                yield bulk_drop(key, version, size, {}, self._settings)

    def _with_metadata(self, drop: Drop) -> Drop | None:
        """Return the drop with what was said with it: a listing does not tell.

        None where that says that it only stands for a folder.
        """
        try:
            said = self._objects.metadata(drop.bucket, drop.key, drop.version)
        except (NotFound, BadObject):
            return drop  # gone since it was listed, or unreadable; its receipt says so
        if is_folder(drop.key, drop.size, said.get(MEDIA, "")):
            self._folders += 1
            return None
        return bulk_drop(drop.key, drop.version, drop.size, said, self._settings)

    def _open(self, drops: list[Drop]) -> int:
        try:
            return len(self._rows.receipts.open_with_event(drops))
        except Dead:
            if len(drops) == 1:
                # One that the database will not have must not hide the others, round after round.
                log.warning("A version in dropzone cannot have a receipt")
                return 0
        return sum(self._open([drop]) for drop in drops)

    def _missing_analyses(self) -> int:
        if self._is_busy("analysis.requested.bulk", "analyse"):
            return 0
        live = self._rows.models.live()
        if live is None:
            return 0
        films = self._rows.films.without_analysis(self._settings.reanalysis_limit)
        if not films:
            return 0
        asked = (
            AnalysisRequestedBulk(radiograph=film, requested_for=f"model:{live.manifest.version}")
            for film in films
        )
        events = [to_message(event, site=self._settings.site) for event in asked]
        self._rows.analyses.request(films, events)
        return len(films)


def _pages(drops: Iterable[Drop]) -> Iterator[list[Drop]]:
    rest = iter(drops)
    while page := list(islice(rest, _PAGE)):
        yield page
