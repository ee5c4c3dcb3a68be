"""Erased films whose objects are still to be removed (store/functions/removal.sql)."""

from store.records import Erasure, RawVersion
from store.rows import Database, Row


class PostgresErasures:
    """Implements store.ports.Erasures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, film: str) -> Erasure | None:
        row = self._database.row("erasures_get", film=film)
        return _erasure(row) if row else None

    def done(self, film: str) -> None:
        self._database.rows("erasures_done", film=film)

    def due(self, limit: int) -> list[Erasure]:
        return [_erasure(row) for row in self._database.rows("erasures_due", limit=limit)]

    def end(self, film: str) -> None:
        self._database.rows("erasures_end", film=film)


def _erasure(row: Row) -> Erasure:
    raws = tuple(RawVersion(**raw) for raw in row.pop("raws"))
    return Erasure(**row, raws=raws)
