"""Kafka in memory: topics, partitions, groups, lag. Behaves as store/log.py does.

`FakeLog.down` makes every call raise Unavailable, as stopped brokers would.
"""

import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from schemas.envelope import Message
from schemas.errors import Unavailable
from schemas.flow import BY_NAME, TOPICS, Lanes
from store.log import Record
from store.records import OutboxRow

Part = tuple[str, int]


class FakeLog:
    """The brokers. `records` are kept for ever; `committed` is kept per group."""

    def __init__(self) -> None:
        self.down = False
        self.records: dict[Part, list[Record]] = defaultdict(list)
        self.committed: dict[str, dict[Part, int]] = defaultdict(dict)
        self.lock = threading.RLock()

    def answers(self) -> None:
        if self.down:
            raise Unavailable("kafka", "connection refused")

    def append(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int | None = None,
    ) -> Record:
        """Write one record, as any producer would; return it."""
        self.answers()
        with self.lock:
            count = BY_NAME[topic].partitions
            if partition is None:
                partition = zlib.crc32(key if key is not None else value or b"") % count
            inside = self.records[topic, partition]
            record = Record(
                topic=topic,
                partition=partition,
                offset=len(inside),
                key=key,
                headers=dict(headers),
                value=value,
                timestamp_ms=int(time.time() * 1000),
                carried=tuple(headers),
            )
            inside.append(record)
            return record

    def say(self, message: Message) -> Record:
        """Write one of our own messages."""
        headers = [(name, value.encode()) for name, value in message.headers.items()]
        return self.append(message.topic, message.value, message.key.encode(), headers)

    def all(self, topic: str) -> list[Record]:
        """Return a topic's records, in the order they were written as far as time tells."""
        with self.lock:
            found = [
                r for (name, _), inside in self.records.items() if name == topic for r in inside
            ]
        return sorted(found, key=lambda record: record.timestamp_ms)

    def ids(self, topic: str) -> list[UUID]:
        """Return the event ids of a topic's records."""
        return [UUID(record.headers["ce_id"].decode()) for record in self.all(topic)]

    def lag(self) -> dict[str, dict[str, int]]:
        """Return what store.log.lag returns."""
        self.answers()
        with self.lock:
            return {
                topic.name: {group: self._waiting(topic.name, group) for group in topic.readers}
                for topic in TOPICS
            }

    def lag_of(self, topic: str, group: str) -> int:
        return self.lag().get(topic, {}).get(group, 0)

    def _waiting(self, topic: str, group: str) -> int:
        done = self.committed[group]
        return sum(
            len(inside) - done.get((name, number), 0)
            for (name, number), inside in self.records.items()
            if name == topic
        )


class FakeConsumer:
    """Stands in for store.log.Consumer. All partitions are its own from the first poll on.

    `rejoining` set to True makes the next poll a rebalance: positions fall back to what was
    committed, nothing stays paused.
    """

    def __init__(self, log: FakeLog, lanes: Lanes) -> None:
        self.assignment = 0
        self.rejoining = False
        self.joined = False
        self.commits: list[dict[Part, int]] = []
        self._log = log
        self._lanes = lanes
        self._open: set[str] = set(lanes.topics)
        self._at: dict[Part, int] = {}

    def poll(self, timeout_s: float, limit: int) -> list[Record]:
        deadline = time.monotonic() + timeout_s
        while True:
            self._log.answers()
            if not self.joined or self.rejoining:
                self._join()
            found = self._take(limit)
            if found or time.monotonic() >= deadline:
                return found
            time.sleep(min(0.002, timeout_s))

    def open_only(self, topics: Collection[str]) -> None:
        self._open = set(topics)

    def behind(self, topics: Collection[str]) -> bool:
        if not self.joined:
            return True
        with self._log.lock:
            return any(
                self._at.get((name, number), 0) < len(inside)
                for (name, number), inside in self._log.records.items()
                if name in topics
            )

    def commit(self, offsets: Mapping[Part, int]) -> None:
        self._log.answers()
        with self._log.lock:
            self._log.committed[self._lanes.group].update(offsets)
        self.commits.append(dict(offsets))

    def close(self) -> None:
        self.joined = False

    def _join(self) -> None:
        self.joined = True
        self.rejoining = False
        self.assignment += 1
        self._open = set(self._lanes.topics)
        self._at = dict(self._log.committed[self._lanes.group])

    def _take(self, limit: int) -> list[Record]:
        found: list[Record] = []
        with self._log.lock:
            for part, inside in sorted(self._log.records.items()):
                if part[0] not in self._open:
                    continue
                at = self._at.get(part, 0)
                taken = inside[at : at + limit - len(found)]
                self._at[part] = at + len(taken)
                found += taken
        return found


class FakePublisher:
    """Stands in for store.log.KafkaPublisher.

    With `lose_after` set, the next call publishes that many rows and then breaks, once.
    """

    def __init__(self, log: FakeLog) -> None:
        self.lose_after: int | None = None
        self.calls = 0
        self._log = log

    def publish(self, rows: Sequence[OutboxRow]) -> list[int]:
        self._log.answers()
        self.calls += 1
        done: list[int] = []
        for row in rows:
            if self.lose_after is not None and len(done) >= self.lose_after:
                self.lose_after = None
                break
            self._log.append(row.topic, row.value, row.key, row.headers)
            done.append(row.number)
        if rows and not done:
            raise Unavailable("kafka", "told to fail")
        return done

    def close(self) -> None:
        """Nothing to close."""
