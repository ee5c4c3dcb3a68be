"""Kafka, the log: what workers read, what the relay writes, how far each group has come.

The only file that knows kafka-python. Topics are named plainly everywhere else ("object.created");
the prefix of tests is added and taken away here. Bytes come out as they are: a deserializer that
raises would hang the client (kafka-python 3.0.12), so nothing is decoded here.

An outage is an ordinary state: every call answers or raises Unavailable("kafka") in a bounded
time, and the next call tries again, however long the brokers are away.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from kafka import (
    ConsumerRebalanceListener,
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    OffsetSpec,
    TopicPartition,
)
from kafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RetriableError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
)
from kafka.structs import OffsetAndMetadata

from schemas.errors import Unavailable
from schemas.flow import BY_NAME, GROUPS, TOPICS, Lanes
from store.records import OutboxRow
from store.settings import Settings

log = logging.getLogger(__name__)

#: Kafka's own limit is 1 MiB. A replayed record carries one header more than it came with.
LARGEST_RECORD: Final = 2 << 20

_REPLICATION: Final = 1
_CONNECT_MS: Final = 5_000
_COMMIT_MS: Final = 5_000
_CLOSE_MS: Final = 3_000
_PUBLISH_S: Final = 15.0
_COORDINATOR_S: Final = 10.0
_CLIENT: Final = {
    # Back in seconds when the brokers are: the default grows to half a minute.
    "reconnect_backoff_ms": 50,
    "reconnect_backoff_max_ms": 2_000,
    "bootstrap_timeout_ms": _CONNECT_MS,
}


@dataclass(frozen=True)
class Record:
    """One record as Kafka keeps it. `topic` is the plain name; nothing is decoded.

    `headers` holds the last value of each name; `carried` holds them all, as they came.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: dict[str, bytes]
    value: bytes | None
    timestamp_ms: int
    carried: tuple[tuple[str, bytes], ...] = ()

    @property
    def origin(self) -> str:
        """Return topic/partition/offset: what names the record in logs and dead letters."""
        return f"{self.topic}/{self.partition}/{self.offset}"


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

    def poll(self, timeout_s: float, limit: int) -> list[Record]:
        """Return up to `limit` records of the topics that are open, waiting at most `timeout_s`.

        Must be called often (at least every few seconds), or the group gives the partitions to
        others. Raises Unavailable while the brokers do not answer.
        """
        try:
            kafka = self._connected()
            _let_parked_records_return(kafka)
            found = kafka.poll(timeout_ms=timeout_s * 1000, max_records=limit)
        except RetriableError as error:
            raise Unavailable("kafka", str(error)) from error
        except Exception as error:
            # A client that met anything else (a fenced member, a dead input thread, bytes it
            # cannot unpack) stays broken: the next call starts a new one where we committed.
            log.warning("The Kafka client is replaced", extra={"error": type(error).__name__})
            self._drop()
            raise Unavailable("kafka", f"{type(error).__name__}: {error}") from error
        records = [self._record(record) for found_in in found.values() for record in found_in]
        if not records and kafka._coordinator.coordinator_unknown():  # noqa: SLF001 - no public way
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
            kafka = KafkaConsumer(
                bootstrap_servers=self._settings.kafka_bootstrap,
                client_id=f"{self._group}-{self._settings.consumer_slot}",
                group_id=self._group,
                group_instance_id=f"{self._group}-{self._settings.consumer_slot}",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                session_timeout_ms=10_000,
                heartbeat_interval_ms=2_500,
                # The same fetch serves both lanes: a long wait for one would hold up the other.
                fetch_max_wait_ms=250,
                request_timeout_ms=15_000,
                # A wrong picture of the topics heals in seconds.
                metadata_max_age_ms=20_000,
                **_CLIENT,
            )
            self._kafka = kafka
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
                kafka.close(autocommit=False, timeout_ms=_CLOSE_MS)

    def _reassigned(self) -> None:
        self.assignment += 1

    def _record(self, record: Any) -> Record:
        return _record(record, self._plain.get(record.topic, record.topic))


def _let_parked_records_return(kafka: KafkaConsumer) -> None:
    """Undo a trap of kafka-python 3.0.12.

    What was fetched for a partition before it was paused is parked, and comes back after
    `resume` only while no partition is being unpacked. An unpacked, empty one still counts as
    being unpacked, and then the parked records, and all behind them, never come.
    """
    fetcher = kafka._fetcher  # noqa: SLF001 - the trap is inside
    unpacked = fetcher._next_partition_records  # noqa: SLF001
    if unpacked is not None and not unpacked:
        fetcher._next_partition_records = None  # noqa: SLF001


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
            self._kafka = KafkaProducer(
                bootstrap_servers=self._settings.kafka_bootstrap,
                client_id=f"{self._settings.topic_prefix}relay",
                enable_idempotence=True,
                acks="all",
                linger_ms=2,
                max_request_size=LARGEST_RECORD + (1 << 16),
                max_block_ms=_CONNECT_MS,
                request_timeout_ms=5_000,
                delivery_timeout_ms=int(_PUBLISH_S * 1000) - 1_000,
                **_CLIENT,
            )
        return self._kafka


def ensure_topics(settings: Settings) -> list[str]:
    """Create the topics of the flow table that are missing; return their plain names."""
    with _admin(settings) as admin:
        there = set(admin.list_topics())
        missing = [topic for topic in TOPICS if settings.topic(topic.name) not in there]
        wanted = {
            settings.topic(topic.name): {
                "num_partitions": topic.partitions,
                "replication_factor": _REPLICATION,
                "configs": {
                    "retention.ms": str(topic.retention_ms),
                    "max.message.bytes": str(LARGEST_RECORD),
                    # Whatever codec a stranger writes with, our readers can read it.
                    "compression.type": "uncompressed",
                },
            }
            for topic in missing
        }
        if wanted:
            with suppress(TopicAlreadyExistsError):
                admin.create_topics(wanted)
            admin.wait_for_topics(list(wanted))
        _await_coordinator(settings, admin)
        return [topic.name for topic in missing]


def _await_coordinator(settings: Settings, admin: Any) -> None:
    """Wait until groups can be asked about: a new broker makes their topic at the first ask."""
    deadline = time.monotonic() + _COORDINATOR_S
    while True:
        try:
            admin.list_group_offsets([settings.topic_prefix + lanes.group for lanes in GROUPS])
        except RetriableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def lag(settings: Settings) -> dict[str, dict[str, int]]:
    """Return for every topic how many records each reading group has yet to finish.

    Keyed by plain topic name, then by plain group name; topics without readers have no groups,
    topics that do not exist are left out. Raises Unavailable within seconds.
    """
    with _admin(settings) as admin:
        there = set(admin.list_topics())
        topics = [topic for topic in TOPICS if settings.topic(topic.name) in there]
        parts = [
            TopicPartition(settings.topic(topic.name), number)
            for topic in topics
            if topic.readers
            for number in range(topic.partitions)
        ]
        groups = {group for topic in topics for group in topic.readers}
        if not parts:
            return {topic.name: {} for topic in topics}
        ends = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.LATEST))
        begins = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.EARLIEST))
        committed = admin.list_group_offsets([settings.topic_prefix + group for group in groups])
    answer: dict[str, dict[str, int]] = {topic.name: {} for topic in topics}
    for topic in topics:
        for group in topic.readers:
            said = committed.get(settings.topic_prefix + group, {})
            waiting = 0
            for number in range(topic.partitions):
                part = TopicPartition(settings.topic(topic.name), number)
                known = said.get(part)
                begin = begins[part].offset
                done = known.offset if known is not None and known.offset >= begin else begin
                waiting += max(0, ends[part].offset - done)
            answer[topic.name][group] = waiting
    return answer


def lag_of(settings: Settings, topic: str, group: str) -> int:
    """Return how many records of one topic one group has yet to finish. Raises Unavailable."""
    return lag(settings).get(topic, {}).get(group, 0)


def tail(
    settings: Settings,
    topic: str,
    *,
    from_beginning: bool = False,
    stop: threading.Event | None = None,
) -> Iterator[Record]:
    """Yield a topic's records as they come, in no group, until `stop` is set.

    Raises ValueError for a topic that is not in the flow table, Unavailable without brokers.
    """
    if topic not in BY_NAME:
        raise ValueError(f"wanted one of {', '.join(BY_NAME)}; came {topic!r}")
    real = settings.topic(topic)
    try:
        kafka = KafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest" if from_beginning else "latest",
            **_CLIENT,
        )
    except KafkaError as error:
        raise Unavailable("kafka", str(error)) from error
    try:
        kafka.assign([TopicPartition(real, n) for n in range(BY_NAME[topic].partitions)])
        while stop is None or not stop.is_set():
            for found in kafka.poll(timeout_ms=500).values():
                for record in found:
                    yield _record(record, topic)
    finally:
        kafka.close(autocommit=False, timeout_ms=_CLOSE_MS)


@contextmanager
def _admin(settings: Settings) -> Iterator[Any]:
    """Open an admin client for one question; its Kafka errors come out as Unavailable."""
    admin = None
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=settings.kafka_bootstrap,
            request_timeout_ms=5_000,
            **(_CLIENT | {"bootstrap_timeout_ms": 2_000}),
        )
        yield admin
    except (KafkaError, OSError) as error:
        raise Unavailable("kafka", f"{type(error).__name__}: {error}") from error
    finally:
        if admin is not None:
            admin.close()


def _record(record: Any, topic: str) -> Record:
    carried = tuple((name, value or b"") for name, value in record.headers or ())
    return Record(
        topic=topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        headers=dict(carried),
        value=record.value,
        timestamp_ms=record.timestamp,
        carried=carried,
    )
