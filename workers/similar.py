"""radiograph.analysed ─> the cache: the look-alikes of uploads are ready before anyone asks.

Only films that came by upload are worth it: somebody waits for them. Films of bulk drops get
their answer at the first look. The event says which it is (`awaited`), so no row is read.
"""

import logging
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from schemas.errors import Dead, NotFound
from schemas.events import RadiographAnalysed
from schemas.flow import GROUPS
from store.log import Record
from store.similar import Similar
from workers.reading import event_of

log = logging.getLogger(__name__)

LANES: Final = next(lanes for lanes in GROUPS if lanes.group == "similar")


class SimilarHandler:
    """Asks the default question about each uploaded film, which leaves its answer in the cache."""

    def __init__(self, similar: Similar) -> None:
        self._similar = similar

    def handle(self, records: Sequence[Record]) -> None:
        """Fill the cache. Raises Dead for a record that is no such fact, Unavailable."""
        films: dict[str, str] = {}
        for record in records:
            event = event_of(record).event
            if not isinstance(event, RadiographAnalysed):
                raise Dead(f"{record.topic}: wanted radiograph.analysed")
            if event.awaited:
                films[event.radiograph] = event.site
        for film, site in films.items():
            try:
                # For its own site: whoever waits for it is of that one.
                self._similar.answer(film, site=site, account=None)
            except NotFound:
                # Erased meanwhile.
                log.info("A film has no embedding to search by", extra={"film": film})

    def receipt_of(self, record: Record) -> UUID | None:
        """Return None: what went wrong here leaves the receipt as it is."""
        del record
        return None

    def close(self) -> None:
        """Nothing to close."""
