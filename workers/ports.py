"""What the one loop asks of its parts: the log it reads, and the handler it runs."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from store.log import Record


class RecordSource(Protocol):
    """A member of a consumer group: store/log.py `Consumer`, or the fake log's."""

    assignment: int

    @property
    def rejoining(self) -> bool:
        """Return whether the next poll gives the partitions up and joins again."""
        ...

    @property
    def joined(self) -> bool:
        """Return whether the group has given us partitions to read."""
        ...

    def poll(self, timeout_s: float, limit: int) -> list[Record]:
        """Return up to `limit` records of the open topics. Raises Unavailable."""
        ...

    def open_only(self, topics: Collection[str]) -> None:
        """Let `poll` return records of these topics only."""
        ...

    def behind(self, topics: Collection[str]) -> bool:
        """Return whether these topics hold, or may hold, more for us."""
        ...

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Say which offset of each (topic, partition) comes next. Raises Unavailable."""
        ...

    def close(self) -> None:
        """Leave."""
        ...


class Handler(Protocol):
    """What a worker does with records. Doing it twice changes nothing."""

    def handle(self, records: Sequence[Record]) -> None:
        """Bring all of the records to their end: objects, rows, events.

        Raises Dead when a record is wrong, Unavailable when a service is down; anything else is
        unexpected. After any of them the whole call is repeated, with all of the records or
        with one at a time.
        """
        ...

    def receipt_of(self, record: Record) -> UUID | None:
        """Return the receipt a record is about, if it says so: a dead record fails its receipt."""
        ...
