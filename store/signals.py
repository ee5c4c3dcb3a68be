"""PostgreSQL's NOTIFY, as a wake-up only: what is true is read from rows.

Each listening thread keeps one connection per channel, so that nothing said between two calls is
missed. When the server goes, the call raises Unavailable and the next one connects again.
"""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from schemas.errors import Unavailable
from store.rows import Connection, Database, translated

CHANNELS: Final = {"outbox": b"LISTEN outbox", "receipt": b"LISTEN receipt"}


class PostgresSignals:
    """Implements store.ports.Signals."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[tuple[int, str], Connection] = {}
        self._lock = threading.Lock()

    def listen(self, channel: str, timeout_s: float) -> Iterator[str]:
        if channel not in CHANNELS:
            raise ValueError(f"channel: wanted outbox or receipt, came {channel!r}")
        mine = (threading.get_ident(), channel)
        try:
            connection = self._listening(mine)
            with translated():
                for notice in connection.notifies(timeout=timeout_s):
                    yield notice.payload
        except Unavailable:
            self._drop(mine)
            raise

    def _listening(self, mine: tuple[int, str]) -> Connection:
        with self._lock:
            known = self._open.get(mine)
        if known is not None:
            return known
        connection = self._database.own_connection()
        with translated():
            connection.execute(CHANNELS[mine[1]])
        with self._lock:
            self._open[mine] = connection
        return connection

    def _drop(self, mine: tuple[int, str]) -> None:
        with self._lock:
            connection = self._open.pop(mine, None)
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def close(self) -> None:
        """Close every listening connection."""
        with self._lock:
            threads = list(self._open)
        for mine in threads:
            self._drop(mine)
