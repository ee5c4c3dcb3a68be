"""The log: the same promises of the fake and, marked `services`, of Kafka."""

import contextlib
import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from schemas.errors import Unavailable
from schemas.flow import TOPICS, Lanes
from store import log as real
from store.log import Record
from store.records import OutboxRow
from store.settings import Settings
from tests.fakes.log import FakeConsumer, FakeLog, FakePublisher
from tests.waiting import eventually
from tests.workers.making import settings as settings_of_nothing

FIRST, BULK = "analysis.requested", "analysis.requested.bulk"


@dataclass
class Log:
    """A log under test. Each consumer of one `group` name continues where it was committed."""

    consumer: Callable[[str], Any]
    publisher: Callable[[], Any]
    lag: Callable[[str, str], int]


def fake_log() -> Log:
    brokers = FakeLog()
    groups: dict[str, Lanes] = {}

    def consumer(group: str) -> FakeConsumer:
        lanes = groups.setdefault(group, Lanes("analyse", (FIRST,), (BULK,)))
        return FakeConsumer(brokers, lanes)

    return Log(consumer, lambda: FakePublisher(brokers), brokers.lag_of)


def kafka_log(settings: Settings) -> Iterator[Log]:
    # Each test has a prefix of its own: nothing is left of the last test.
    own = settings.model_copy(update={"topic_prefix": f"t{uuid.uuid4().hex[:8]}-"})
    real.ensure_topics(own)
    yield Log(
        lambda _group: real.Consumer(own, Lanes("analyse", (FIRST,), (BULK,))),
        lambda: real.KafkaPublisher(own),
        lambda topic, group: real.lag_of(own, topic, group),
    )
    remove_topics(own)


def remove_topics(settings: Settings) -> None:
    """Delete what this test made: thousands of old partitions would slow every start of Kafka."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    names = [settings.topic(t.name) for t in TOPICS if t.name != "object.created"]
    # Whether a busy broker is done with it in time is no test's business.
    with contextlib.suppress(KafkaError):
        admin.delete_topics(names)
    admin.close()


@pytest.fixture(params=["fake", pytest.param("kafka", marks=pytest.mark.services)])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    if request.param == "fake":
        yield fake_log()
    else:
        yield from kafka_log(request.getfixturevalue("module_settings"))


@pytest.fixture
def kafka(module_settings: Settings) -> Iterator[Log]:
    yield from kafka_log(module_settings)


def rows(count: int, topic: str = BULK, tag: bytes = b"") -> list[OutboxRow]:
    return [
        OutboxRow(n, topic, b"k%d" % n, (("ce_id", b"%d" % n), ("x", b"\xff")), tag + b"%d" % n)
        for n in range(count)
    ]


def polled(consumer: Any, limit: int) -> list[Record]:
    """Return what one look gives; a group that is still being found gives nothing."""
    try:
        records: list[Record] = consumer.poll(0.05, limit)
    except Unavailable:
        return []
    return records


def read(consumer: Any, count: int, limit: int = 100) -> list[Record]:
    """Return the next `count` records, read as the loop reads: again and again."""
    found: list[Record] = []

    def enough() -> bool:
        found.extend(polled(consumer, limit))
        return len(found) >= count

    eventually(enough, 20, every_s=0)
    return found


@contextlib.contextmanager
def closing(thing: Any) -> Iterator[Any]:
    try:
        yield thing
    finally:
        thing.close()


def test_what_is_published_is_read_whole_and_under_its_plain_name(log: Log) -> None:
    with closing(log.publisher()) as publisher, closing(log.consumer("a")) as consumer:
        assert publisher.publish(rows(3)) == [0, 1, 2]
        found = sorted(read(consumer, 3), key=lambda record: record.value or b"")

    assert [record.value for record in found] == [b"0", b"1", b"2"]
    assert [record.key for record in found] == [b"k0", b"k1", b"k2"]
    assert {record.topic for record in found} == {BULK}
    assert found[1].headers == {"ce_id": b"1", "x": b"\xff"}
    assert found[1].carried == (("ce_id", b"1"), ("x", b"\xff"))
    assert found[1].timestamp_ms > 0


def test_lag_is_what_no_commit_has_passed(log: Log) -> None:
    with closing(log.publisher()) as publisher, closing(log.consumer("a")) as consumer:
        publisher.publish(rows(10))
        assert log.lag(BULK, "analyse") == 10
        found = read(consumer, 10)
        assert log.lag(BULK, "analyse") == 10
        ends = {(r.topic, r.partition): r.offset + 1 for r in found}
        eventually(lambda: committed(consumer, ends), 10)
        assert log.lag(BULK, "analyse") == 0
        assert log.lag("object.uploaded", "ingest") == 0


def committed(consumer: Any, offsets: dict[tuple[str, int], int]) -> bool:
    try:
        consumer.commit(offsets)
    except Unavailable:
        return False
    return True


def test_who_comes_after_begins_where_the_last_one_committed(log: Log) -> None:
    with closing(log.publisher()) as publisher:
        publisher.publish(rows(12))
        with closing(log.consumer("a")) as consumer:
            found = read(consumer, 12)
            part = found[0].partition
            done = [record for record in found if record.partition == part]
            eventually(lambda: committed(consumer, {(BULK, part): done[-1].offset + 1}), 10)
        with closing(log.consumer("a")) as consumer:
            again = read(consumer, 12 - len(done))

    assert {r.value for r in again} == {r.value for r in found if r.partition != part}


def test_a_closed_topic_gives_nothing_and_opened_again_it_gives_all_in_order(log: Log) -> None:
    """Fetched, then paused: the trap of kafka-python which `undo_traps` undoes."""
    with closing(log.publisher()) as publisher, closing(log.consumer("a")) as consumer:
        assert len(publisher.publish(rows(2000, BULK, b"bulk"))) == 2000
        found = read(consumer, 40, limit=40)
        publisher.publish(rows(3, FIRST, b"first"))
        consumer.open_only([FIRST])
        found += read(consumer, 3, limit=7)
        assert {record.topic for record in found[40:]} == {FIRST}
        turns = itertools.count()

        def all_came() -> bool:
            # Lanes change as they do under load: bulk stops in the middle of what was fetched.
            consumer.open_only([FIRST, BULK] if next(turns) % 3 else [FIRST])
            with contextlib.suppress(Unavailable):
                found.extend(consumer.poll(0.02, 64))
            return len(found) >= 2003

        eventually(all_came, 30, every_s=0, what="all 2003 records")

    bulk = [record for record in found if record.topic == BULK]
    assert len({record.origin for record in bulk}) == len(bulk) == 2000
    for part in {record.partition for record in bulk}:
        offsets = [record.offset for record in bulk if record.partition == part]
        assert offsets == list(range(len(offsets)))


def test_behind_says_whether_a_lane_holds_more(log: Log) -> None:
    with closing(log.publisher()) as publisher, closing(log.consumer("a")) as consumer:
        assert consumer.behind([FIRST])
        eventually(lambda: not (polled(consumer, 10) or consumer.behind([FIRST])), 20)
        # Of one key, so in one partition and fetched together.
        publisher.publish([OutboxRow(n, FIRST, b"k", (), b"%d" % n) for n in range(50)])
        eventually(lambda: polled(consumer, 1), 10)
        assert consumer.behind([FIRST])
        read(consumer, 49)
        assert not consumer.behind([FIRST])


def test_the_assignment_number_grows_when_partitions_come(log: Log) -> None:
    with closing(log.consumer("a")) as consumer:
        before = consumer.assignment
        assert not consumer.joined
        eventually(lambda: polled(consumer, 1) == [] and consumer.joined, 20)
        assert consumer.assignment > before


def test_a_record_of_a_megabyte_is_published_and_read(log: Log) -> None:
    value = b"\x00\xff" * (1 << 19)
    with closing(log.publisher()) as publisher, closing(log.consumer("a")) as consumer:
        publisher.publish([OutboxRow(1, BULK, b"k", (("replay-for", b"analyse"),), value)])
        (found,) = read(consumer, 1)

    assert found.value == value


def test_without_brokers_everything_is_unavailable_soon() -> None:
    settings = settings_of_nothing()
    consumer = real.Consumer(settings, Lanes("analyse", (FIRST,), (BULK,)))

    with pytest.raises(Unavailable):
        real.lag(settings)
    with pytest.raises(Unavailable):
        consumer.commit({(BULK, 0): 1})
    assert consumer.behind([FIRST])
    assert not consumer.rejoining


@pytest.mark.services
def test_topics_are_created_once_with_the_flow_tables_partitions(
    module_settings: Settings,
) -> None:
    own = module_settings.model_copy(update={"topic_prefix": f"t{uuid.uuid4().hex[:8]}-"})

    made = real.ensure_topics(own)

    assert set(made) >= {topic.name for topic in TOPICS} - {"object.created"}
    assert real.ensure_topics(own) == []
    assert set(real.lag(own)) == {topic.name for topic in TOPICS}
    remove_topics(own)


@pytest.mark.services
def test_tail_follows_a_topic_from_its_beginning(module_settings: Settings) -> None:
    own = module_settings.model_copy(update={"topic_prefix": f"t{uuid.uuid4().hex[:8]}-"})
    real.ensure_topics(own)
    with closing(real.KafkaPublisher(own)) as publisher:
        publisher.publish(rows(4))
    stop = threading.Event()
    records = real.tail(own, BULK, from_beginning=True, stop=stop)

    found = list(itertools.islice(records, 4))

    records.close()  # type: ignore[attr-defined]
    remove_topics(own)
    assert sorted(record.value or b"" for record in found) == [b"0", b"1", b"2", b"3"]


def test_tail_of_an_unknown_topic_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"radiograph\.analysed"):
        next(real.tail(settings_of_nothing(), "radiographs.analyzed"))


@pytest.mark.services
def test_who_takes_a_killed_members_place_gets_its_partitions_before_its_session_ends(
    kafka: Log,
) -> None:
    """A static member: a dynamic one would wait out the dead one's session, 10 s or more."""
    log = kafka
    with closing(log.publisher()) as publisher, closing(log.consumer("a")) as killed:
        eventually(lambda: polled(killed, 1) == [] and killed.joined, 20)
        publisher.publish(rows(1))
        # The first one neither closes nor leaves, as a process killed by SIGKILL.
        with closing(log.consumer("a")) as second:
            began = time.monotonic()
            assert read(second, 1)
            assert time.monotonic() - began < 5


@pytest.mark.services
def test_a_join_whose_reason_went_away_is_brought_to_its_end(kafka: Log) -> None:
    """The client alone would forget the join, and its partitions would stay given up."""
    with closing(kafka.publisher()) as publisher, closing(kafka.consumer("a")) as consumer:
        eventually(lambda: polled(consumer, 1) == [] and consumer.joined, 20)
        coordinator = consumer._kafka._coordinator
        coordinator.request_rejoin()
        consumer._kafka.poll(timeout_ms=0)
        assert coordinator.rejoining
        coordinator.rejoin_needed = False
        publisher.publish(rows(5))

        assert len(read(consumer, 5)) == 5
