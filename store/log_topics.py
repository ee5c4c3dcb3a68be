"""The topics of the log: made from the flow table, how far each group has come, what they hold."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, OffsetSpec, TopicPartition
from kafka.errors import KafkaError, RetriableError, TopicAlreadyExistsError

from schemas.errors import Unavailable
from schemas.flow import BY_NAME, GROUPS, TOPICS
from store.log_client import CLIENT, CLOSE_MS, Record, opened, record_of
from store.settings import Settings

#: Kafka's own limit is 1 MiB. A replayed record carries one header more than it came with.
LARGEST_RECORD: Final = 2 << 20

_REPLICATION: Final = 1
_COORDINATOR_S: Final = 10.0


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
        kafka = opened(
            KafkaConsumer,
            bootstrap_servers=settings.kafka_bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest" if from_beginning else "latest",
            **CLIENT,
        )
    except KafkaError as error:
        raise Unavailable("kafka", str(error)) from error
    try:
        kafka.assign([TopicPartition(real, n) for n in range(BY_NAME[topic].partitions)])
        while stop is None or not stop.is_set():
            for found in kafka.poll(timeout_ms=500).values():
                for record in found:
                    yield record_of(record, topic)
    finally:
        kafka.close(autocommit=False, timeout_ms=CLOSE_MS)


@contextmanager
def _admin(settings: Settings) -> Iterator[Any]:
    """Open an admin client for one question; its Kafka errors come out as Unavailable."""
    admin = None
    try:
        admin = opened(
            KafkaAdminClient,
            bootstrap_servers=settings.kafka_bootstrap,
            request_timeout_ms=5_000,
            **(CLIENT | {"bootstrap_timeout_ms": 2_000}),
        )
        yield admin
    except (KafkaError, OSError) as error:
        raise Unavailable("kafka", f"{type(error).__name__}: {error}") from error
    finally:
        if admin is not None:
            admin.close()
