"""The relay, on an outbox and a log in memory."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from schemas.errors import Unavailable
from tests.fakes.log import FakeLog, FakePublisher
from tests.fakes.rows import FakeRows
from tests.waiting import eventually
from tests.workers.making import request
from workers.health import Health
from workers.relay import Relay

BULK = "analysis.requested.bulk"


@contextmanager
def running(rows: FakeRows, publisher: FakePublisher, look_s: float = 0.02) -> Iterator[Health]:
    health, stop = Health("relay"), threading.Event()
    relay = Relay(rows, publisher, health, look_s)
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        yield health
    finally:
        stop.set()
        rows.outbox.add([request("f" * 64)])
        thread.join(10)
        assert not thread.is_alive()


def films(count: int) -> list[str]:
    return [f"{number:064x}" for number in range(count)]


def test_what_is_said_is_published_in_order_and_once() -> None:
    rows, log = FakeRows(), FakeLog()
    messages = [request(film) for film in films(30)]
    rows.outbox.add(messages)

    with running(rows, FakePublisher(log)):
        eventually(lambda: rows.outbox.depth() == 0, 5)

    assert sorted(log.ids(BULK)) == sorted(message.id for message in messages)
    assert log.all(BULK)[0].headers["ce_type"] == b"org.radiotheque.analysis.requested.bulk.v1"


def test_a_notification_wakes_it_although_it_would_look_in_an_hour_only() -> None:
    rows, log = FakeRows(), FakeLog()

    with running(rows, FakePublisher(log), look_s=3600) as health:
        eventually(lambda: health.state()[0], 5)
        rows.outbox.add([request(films(1)[0])])
        eventually(lambda: log.all(BULK), 5)
        # Whatever waits for an hour has to be woken for the end as well.
        rows.outbox.add([request(films(2)[1])])
        eventually(lambda: len(log.all(BULK)) == 2, 5)


def test_with_the_log_down_it_waits_says_so_and_loses_nothing() -> None:
    rows, log = FakeRows(), FakeLog()
    log.down = True
    rows.outbox.add([request(film) for film in films(3)])

    with running(rows, FakePublisher(log)) as health:
        eventually(lambda: health.state() == (False, "waiting for kafka"), 5)
        assert rows.outbox.depth() == 3
        log.down = False
        eventually(lambda: rows.outbox.depth() == 0, 5)

    assert len(log.all(BULK)) == 3


def test_with_the_rows_down_it_waits_and_goes_on() -> None:
    rows, log = FakeRows(), FakeLog()
    rows.outbox.add([request(film) for film in films(3)])
    rows.down = True

    with running(rows, FakePublisher(log)) as health:
        eventually(lambda: health.state() == (False, "waiting for postgres"), 5)
        rows.down = False
        eventually(lambda: len(log.all(BULK)) == 3, 5)


def test_only_what_the_brokers_have_is_marked() -> None:
    rows, log = FakeRows(), FakeLog()
    publisher = FakePublisher(log)
    publisher.lose_after = 2
    rows.outbox.add([request(film) for film in films(5)])
    relay = Relay(rows, publisher)

    assert relay.move() == 2
    assert rows.outbox.depth() == 3
    assert relay.move() == 3
    assert len(log.all(BULK)) == 5


def test_killed_between_publishing_and_marking_it_repeats_under_the_same_id() -> None:
    rows, log = FakeRows(), FakeLog()
    publisher = FakePublisher(log)
    rows.outbox.add([request(films(1)[0])])
    publisher.publish(rows.outbox.pending(10))

    Relay(rows, publisher).move()

    first, second = log.ids(BULK)
    assert first == second


def test_when_the_brokers_take_nothing_it_is_unavailable() -> None:
    rows, log = FakeRows(), FakeLog()
    publisher = FakePublisher(log)
    publisher.lose_after = 0
    rows.outbox.add([request(films(1)[0])])

    with pytest.raises(Unavailable):
        Relay(rows, publisher).move()
