"""How a Kafka client is opened, and what it reads: shared by the files of the log."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaConsumer

from schemas.errors import Unavailable

CONNECT_MS: Final = 5_000
CLOSE_MS: Final = 3_000
_KNOCK_S: Final = 2.0
CLIENT: Final = {
    # Back in seconds when the brokers are: the default grows to half a minute.
    "reconnect_backoff_ms": 50,
    "reconnect_backoff_max_ms": 2_000,
    "bootstrap_timeout_ms": CONNECT_MS,
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


def opened(kind: Any, **config: Any) -> Any:
    """Return a new client of this kind; one that fails to open leaves no thread or socket.

    kafka-python starts both before it asks the brokers, and forgets them when they do not answer:
    an outage of hours would cost a thread at each try.
    """
    host, _, port = str(config["bootstrap_servers"]).rpartition(":")
    try:
        # Asked first, and closed well: the client leaves a socket behind at each refusal.
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()
    except OSError as error:
        raise Unavailable("kafka", str(error)) from error
    inner: list[Any] = []

    def remembered(**settings: Any) -> Any:
        inner.append(kind.DEFAULT_CONFIG["kafka_client"](**settings))
        return inner[0]

    try:
        return kind(kafka_client=remembered, **config)
    except BaseException:
        for client in inner:
            with suppress(Exception):
                client.close()
        raise


def undo_traps(kafka: KafkaConsumer) -> None:
    """Undo two traps of kafka-python 3.0.12; to be called before each poll.

    What was fetched for a partition before it was paused is parked, and comes back after
    `resume` only while no partition is being unpacked. An unpacked, empty one still counts as
    being unpacked, and then the parked records, and all behind them, never come.

    And when the reason to join again goes away while the join is under way (the picture of the
    topics changed and changed back), the client forgets the join: its partitions stay given up,
    it sends no heartbeats, and nothing comes for ever. A join once begun is brought to its end.
    """
    fetcher = kafka._fetcher  # noqa: SLF001 - the trap is inside
    unpacked = fetcher._next_partition_records  # noqa: SLF001
    if unpacked is not None and not unpacked:
        fetcher._next_partition_records = None  # noqa: SLF001
    coordinator = kafka._coordinator  # noqa: SLF001
    if coordinator.rejoining:
        coordinator.request_rejoin()


def record_of(record: Any, topic: str) -> Record:
    """Return kafka-python's record as ours, under the topic's plain name."""
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
