"""Kafka, the log: what workers read, what the relay writes, how far each group has come.

Only this file, with its two parts store/log_client.py and store/log_topics.py, knows
kafka-python. Topics are named plainly everywhere else ("object.created"); the prefix of tests is
added and taken away here. Bytes come out as they are: a deserializer that
raises would hang the client (kafka-python 3.0.12), so nothing is decoded here.

An outage is an ordinary state: every call answers or raises Unavailable("kafka") in a bounded
time, and the next call tries again, however long the brokers are away.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RetriableError,
    UnknownTopicOrPartitionError,
)
from kafka.structs import OffsetAndMetadata

from schemas.errors import Unavailable
from schemas.flow import Lanes
from store.log_client import (
    CLIENT,
    CLOSE_MS,
    CONNECT_MS,
    Record,
    opened,
    record_of,
    undo_traps,
)
from store.log_topics import LARGEST_RECORD, ensure_topics, lag, lag_of, tail
from store.records import OutboxRow
from store.settings import Settings

__all__ = [
    "Consumer",
    "KafkaPublisher",
    "Record",
    "ensure_topics",
    "lag",
    "lag_of",
    "tail",
]

log = logging.getLogger(__name__)

_COMMIT_MS: Final = 5_000
_HEARTBEAT_MS: Final = 2_500
#: Two heartbeats unanswered, and a little.
_SILENT_S: Final = 6.0
#: A client that hears nothing for so long is replaced.
_REPLACED_S: Final = 60.0
_PUBLISH_S: Final = 15.0


class Consumer:
    """A static member of one group, reading both of the group's lanes.

    `assignment` is a number that grows each time partitions may have changed hands: what was
    read before it grew, and not committed, will come again. For one thread.
    """

    def __init__(self, settings: Settings, lanes: Lanes) -> None:
        """Open nothing yet; the first `poll` connects."""
        self.assignment = 0
        self._settings = settings
        self._group = settings.topic_prefix + lanes.group
        self._plain = {settings.topic(name): name for name in lanes.topics}
        self._kafka: KafkaConsumer | None = None
        self._heard = 0.0

    def poll(self, timeout_s: float, limit: int) -> list[Record]:
        """Return up to `limit` records of the topics that are open, waiting at most `timeout_s`.

        Must be called often (at least every few seconds), or the group gives the partitions to
        others. Raises Unavailable while the brokers do not answer.
        """
        try:
            kafka = self._connected()
            undo_traps(kafka)
            found = kafka.poll(timeout_ms=timeout_s * 1000, max_records=limit)
        except Unavailable:
            raise
        except RetriableError as error:
            raise Unavailable("kafka", str(error)) from error
        except Exception as error:
            # A client that met anything else (a fenced member, a dead input thread, bytes it
            # cannot unpack) stays broken: the next call starts a new one where we committed.
            log.warning("The Kafka client is replaced", extra={"error": type(error).__name__})
            self._drop()
            raise Unavailable("kafka", f"{type(error).__name__}: {error}") from error
        records = [
            record_of(record, self._plain.get(record.topic, record.topic))
            for found_in in found.values()
            for record in found_in
        ]
        if records or not _is_silent(kafka):
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > _REPLACED_S:
            # Whatever it waits for, a new one finds out sooner.
            log.warning("The Kafka client is replaced", extra={"error": "silence"})
            self._drop()
            raise Unavailable("kafka", f"nothing heard for {_REPLACED_S:g} s")
        else:
            raise Unavailable("kafka", "the group's coordinator does not answer")
        return records

    def open_only(self, topics: Collection[str]) -> None:
        """Let `poll` return records of these topics only. To be said again before each poll."""
        if self._kafka is None:
            return
        assigned = self._kafka.assignment()
        wanted = {part for part in assigned if self._plain.get(part.topic) in topics}
        paused = self._kafka.paused()
        self._kafka.resume(*(wanted & paused))
        self._kafka.pause(*(assigned - wanted - paused))

    def behind(self, topics: Collection[str]) -> bool:
        """Return whether an assigned partition of these topics holds more, or may hold more."""
        if self._kafka is None:
            return True
        for part in self._kafka.assignment():
            if self._plain.get(part.topic) not in topics:
                continue
            end = self._kafka.highwater(part)
            state = self._kafka._subscription.assignment.get(part)  # noqa: SLF001 - no network
            if end is None or state is None or state.position is None:
                return True
            if state.position.offset < end:
                return True
        return False

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Say for (topic, partition) which offset comes next. Raises Unavailable if not said."""
        if self._kafka is None:
            raise Unavailable("kafka", "not connected")
        said = {
            TopicPartition(self._settings.topic(topic), partition): OffsetAndMetadata(
                offset, "", -1
            )
            for (topic, partition), offset in offsets.items()
        }
        try:
            self._kafka.commit(said, timeout_ms=_COMMIT_MS)
        except Exception as error:
            # Also when the group is between two assignments: kept, and said again.
            raise Unavailable("kafka", f"commit: {type(error).__name__}: {error}") from error

    @property
    def rejoining(self) -> bool:
        """Return whether the next `poll` gives the partitions up and joins the group again."""
        return self._kafka is not None and bool(
            self._kafka._coordinator.need_rejoin()  # noqa: SLF001 - no public way
        )

    @property
    def joined(self) -> bool:
        """Return whether the group has given us partitions to read."""
        return self._kafka is not None and bool(self._kafka.assignment())

    def close(self) -> None:
        """Close the connection. A static member keeps its partitions for its session's length."""
        self._drop()

    def _connected(self) -> KafkaConsumer:
        if self._kafka is None:
            kafka = opened(
                KafkaConsumer,
                bootstrap_servers=self._settings.kafka_bootstrap,
                client_id=f"{self._group}-{self._settings.consumer_slot}",
                group_id=self._group,
                group_instance_id=f"{self._group}-{self._settings.consumer_slot}",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                session_timeout_ms=10_000,
                heartbeat_interval_ms=_HEARTBEAT_MS,
                # The same fetch serves both lanes: a long wait for one would hold up the other.
                fetch_max_wait_ms=250,
                request_timeout_ms=15_000,
                # A wrong picture of the topics heals in seconds.
                metadata_max_age_ms=20_000,
                **CLIENT,
            )
            self._kafka = kafka
            self._heard = time.monotonic()
            try:
                self._subscribe(kafka)
            except KafkaError:
                self._drop()
                raise
        return self._kafka

    def _subscribe(self, kafka: KafkaConsumer) -> None:
        # Joining before the topics are known gives no partitions, or some of them only.
        missing = [name for name in self._plain if not kafka.partitions_for_topic(name)]
        if missing:
            raise UnknownTopicOrPartitionError(", ".join(missing))
        kafka.subscribe(list(self._plain), listener=_Reassigned(self._reassigned))

    def _drop(self) -> None:
        kafka, self._kafka = self._kafka, None
        self._reassigned()
        if kafka is not None:
            with suppress(Exception):
                kafka.close(autocommit=False, timeout_ms=CLOSE_MS)

    def _reassigned(self) -> None:
        self.assignment += 1


def _is_silent(kafka: KafkaConsumer) -> bool:
    """Return whether the brokers do not answer: no coordinator, or no heartbeat came back.

    The client itself says nothing of it, and takes a lost broker for known between two tries.
    """
    coordinator = kafka._coordinator  # noqa: SLF001 - no public way
    if coordinator.coordinator_unknown():
        return True
    heard = max(coordinator.heartbeat.last_receive, coordinator.heartbeat.last_reset)
    return bool(time.monotonic() - heard > _SILENT_S)


class _Reassigned(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Counts assignments. It runs on the client's own thread, so it does nothing else."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def on_partitions_revoked(self, revoked: Any) -> None:
        del revoked

    def on_partitions_assigned(self, assigned: Any) -> None:
        del assigned
        self._tell()

    def on_partitions_lost(self, lost: Any) -> None:
        del lost
        self._tell()


class KafkaPublisher:
    """Publishes outbox rows and waits until the brokers have them. For one thread."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet; the first `publish` connects."""
        self._settings = settings
        self._kafka: KafkaProducer | None = None

    def publish(self, rows: Sequence[OutboxRow]) -> list[int]:
        """Return the numbers of the rows that the brokers have, in order.

        Raises Unavailable when they took none. A row that is not among the numbers may still
        have arrived: publishing it again repeats it under the same event id.
        """
        sent: list[tuple[int, Any]] = []
        problem: Exception | None = None
        try:
            kafka = self._connected()
            for row in rows:
                future = self._send(kafka, row)
                if future is not None:
                    sent.append((row.number, future))
            kafka.flush(timeout=_PUBLISH_S)
        except (KafkaError, OSError, RuntimeError, AssertionError) as error:
            problem = error
        done = [number for number, future in sent if future.is_done and future.succeeded()]
        if problem is None and len(done) < len(sent):
            problem = next((f.exception for _, f in sent if f.is_done and f.failed()), None)
            problem = problem or TimeoutError(f"no answer in {_PUBLISH_S:g} s")
        if problem is not None:
            # What is still under way must not arrive behind a row that is sent again.
            self.close()
            if not done:
                raise Unavailable("kafka", f"{type(problem).__name__}: {problem}") from problem
        return done

    def close(self) -> None:
        """Close the connection, waiting for nothing."""
        kafka, self._kafka = self._kafka, None
        if kafka is not None:
            with suppress(Exception):
                kafka.close(timeout=0)

    def _send(self, kafka: KafkaProducer, row: OutboxRow) -> Any:
        try:
            return kafka.send(
                self._settings.topic(row.topic),
                value=row.value,
                key=row.key,
                headers=list(row.headers),
            )
        except MessageSizeTooLargeError:
            # No wait mends it, and it must not hold up the others: it stays in the outbox.
            log.exception("A row is larger than Kafka takes", extra={"outbox": row.number})
            return None

    def _connected(self) -> KafkaProducer:
        if self._kafka is None:
            self._kafka = opened(
                KafkaProducer,
                bootstrap_servers=self._settings.kafka_bootstrap,
                client_id=f"{self._settings.topic_prefix}relay",
                enable_idempotence=True,
                acks="all",
                linger_ms=2,
                max_request_size=LARGEST_RECORD + (1 << 16),
                max_block_ms=CONNECT_MS,
                request_timeout_ms=5_000,
                delivery_timeout_ms=int(_PUBLISH_S * 1000) - 1_000,
                **CLIENT,
            )
        return self._kafka
