"""Messages that wait to be published, in PostgreSQL (store/functions/messages.sql).

One relay at a time: it holds an advisory lock on a connection of its own. The server frees the
lock when that connection ends, so that a killed relay's successor goes on at once.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress

from schemas.envelope import Message
from schemas.errors import Unavailable
from store.messages import join_headers, messages_json
from store.records import OutboxRow
from store.rows import Call, Connection, Database, Row, json_value, translated


class PostgresOutbox:
    """Implements store.ports.Outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._relay: Connection | None = None
        self._holds = False
        self._lock = threading.Lock()

    def add(self, messages: Sequence[Message]) -> None:
        self._database.rows("outbox_add", events=json_value(messages_json(messages)))

    def pending(self, limit: int) -> list[OutboxRow]:
        with self._lock:
            try:
                return self._pending(limit)
            except Unavailable:
                self._drop()
                raise

    def _pending(self, limit: int) -> list[OutboxRow]:
        if self._relay is None:
            self._relay = self._database.own_connection()
        with translated():
            call = Call(self._relay)
            if not self._holds:
                self._holds = call.value("outbox_take")
            if not self._holds:
                return []
            return [_outbox(row) for row in call.rows("outbox_pending", limit=limit)]

    def published(self, numbers: Sequence[int]) -> None:
        self._database.rows("outbox_published", numbers=list(numbers))

    def depth(self) -> int:
        count: int = self._database.value("outbox_depth")
        return count

    def purge(self, older_than_s: float) -> int:
        count: int = self._database.value("outbox_purge", older_than_s=float(older_than_s))
        return count

    def _drop(self) -> None:
        relay, self._relay, self._holds = self._relay, None, False
        if relay is not None:
            with suppress(Exception):
                relay.close()

    def close(self) -> None:
        """Close the relay's connection; its lock goes with it."""
        with self._lock:
            self._drop()


def _outbox(row: Row) -> OutboxRow:
    headers = join_headers(row["header_names"], row["header_values"])
    return OutboxRow(row["number"], row["topic"], row["key"], headers, row["value"])
