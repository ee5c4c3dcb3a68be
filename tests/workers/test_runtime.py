"""The one loop, on a log in memory."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from schemas.errors import BadObject, Dead, Unavailable
from store.log import Record
from tests.fakes.log import FakeConsumer, FakeLog
from tests.fakes.rows import FakeRows
from tests.waiting import eventually
from tests.workers.making import LANES, HandlerOf, settings
from workers.health import Health
from workers.runtime import Runtime, TooManyDead

FIRST, BULK = "analysis.requested", "analysis.requested.bulk"


class Worker:
    """A running worker with everything around it in reach."""

    def __init__(self, log: FakeLog, rows: FakeRows, handler: HandlerOf, batch: int = 4) -> None:
        self.consumer = FakeConsumer(log, LANES)
        self.health = Health("analyse")
        self.runtime = Runtime(
            self.consumer,
            LANES,
            handler,
            rows.letters,
            settings(batch_films=batch),
            health=self.health,
            idle_s=0.01,
        )
        self.stop = threading.Event()
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.runtime.run(self.stop)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


@contextmanager
def working(
    log: FakeLog, handler: HandlerOf, rows: FakeRows | None = None, batch: int = 4
) -> Iterator[Worker]:
    worker = Worker(log, rows or FakeRows(), handler, batch)
    worker.start()
    try:
        yield worker
    finally:
        worker.end()


def caught_up(log: FakeLog) -> bool:
    return all(
        inside == len(log.records[part]) for part, inside in log.committed["analyse"].items()
    ) and sum(log.committed["analyse"].values()) == sum(len(r) for r in log.records.values())


def write(log: FakeLog, topic: str, count: int, tag: str = "") -> list[bytes]:
    values = [f"{tag}{number}".encode() for number in range(count)]
    for value in values:
        log.append(topic, value, value)
    return values


def test_every_record_of_both_lanes_is_handled_once_and_committed() -> None:
    log, handler = FakeLog(), HandlerOf()
    wanted = write(log, FIRST, 5, "f") + write(log, BULK, 30, "b")

    with working(log, handler):
        eventually(lambda: caught_up(log), 5)

    assert sorted(value for batch in handler.batches for value in batch) == sorted(wanted)
    assert max(len(batch) for batch in handler.batches) == 4


def test_what_a_person_waits_for_goes_before_what_waited_longer_in_bulk() -> None:
    log, handler = FakeLog(), HandlerOf()
    write(log, BULK, 40, "b")
    write(log, FIRST, 10, "f")

    with working(log, handler):
        eventually(lambda: caught_up(log), 5)

    lanes = [batch[0][:1] for batch in handler.batches]
    assert lanes.index(b"b") == lanes.count(b"f") == 3


def test_an_upload_in_the_middle_of_a_bulk_drop_waits_for_one_batch_only() -> None:
    log = FakeLog()
    seen: list[bytes] = []
    gate = threading.Semaphore(0)

    def slow(records: Sequence[Record]) -> None:
        gate.acquire()
        seen.extend(record.value or b"" for record in records)

    write(log, BULK, 40, "b")
    with working(log, HandlerOf(slow)) as worker:
        eventually(lambda: worker.runtime._running is not None, 5)
        log.append(FIRST, b"urgent")
        eventually(lambda: worker.runtime._first, 5)
        gate.release(100)
        eventually(lambda: b"urgent" in seen, 5)

    assert seen.index(b"urgent") == 4


def test_an_outage_of_a_service_loses_nothing_and_makes_no_dead_letter() -> None:
    log, rows = FakeLog(), FakeRows()
    down = threading.Event()
    down.set()
    seen: list[bytes] = []

    def handle(records: Sequence[Record]) -> None:
        if down.is_set():
            raise Unavailable("postgres", "connection refused")
        seen.extend(record.value or b"" for record in records)

    wanted = write(log, BULK, 9)
    with working(log, HandlerOf(handle), rows) as worker:
        eventually(lambda: worker.health.state() == (False, "waiting for postgres"), 5)
        polled = worker.runtime._health._turned
        eventually(lambda: worker.runtime._health._turned > polled, 5)
        assert log.lag()[BULK]["analyse"] == 9
        down.clear()
        eventually(lambda: caught_up(log), 10)
        eventually(lambda: worker.health.state() == (True, "healthy"), 5)

    assert sorted(seen) == sorted(wanted)
    assert rows.letters.list(None) == []


def test_an_outage_of_the_log_is_waited_for_and_what_was_done_is_committed_after_it() -> None:
    log = FakeLog()
    done = threading.Event()

    def handle(records: Sequence[Record]) -> None:
        del records
        log.down = True
        done.set()

    write(log, BULK, 3)
    with working(log, HandlerOf(handle)) as worker:
        assert done.wait(5)
        eventually(lambda: worker.health.state() == (False, "waiting for kafka"), 5)
        log.down = False
        eventually(lambda: caught_up(log), 5)
        eventually(lambda: worker.health.state()[0], 5)


def test_a_wrong_record_among_good_ones_is_set_aside_whole_and_the_others_are_done() -> None:
    log, rows = FakeLog(), FakeRows()
    seen: set[bytes] = set()

    def handle(records: Sequence[Record]) -> None:
        for record in records:
            if record.value == b"\xff":
                raise Dead("wanted JSON")
        seen.update(record.value or b"" for record in records)

    wanted = write(log, BULK, 6)
    wrong = log.append(BULK, b"\xff", b"k\xfe", (("h", b"\x00"), ("h", b"\x01")))
    with working(log, HandlerOf(handle), rows):
        eventually(lambda: caught_up(log), 5)

    assert seen == set(wanted)
    (letter,) = rows.letters.list()
    assert (letter.topic, letter.partition, letter.offset) == (BULK, wrong.partition, wrong.offset)
    assert (letter.key, letter.value, letter.group) == (b"k\xfe", b"\xff", "analyse")
    assert letter.headers == (("h", b"\x00"), ("h", b"\x01"))
    assert (letter.reason, letter.attempts) == ("wanted JSON", 1)
    (event,) = rows.outbox.messages
    assert event.topic == "dead.letter"
    assert b"wanted JSON" not in event.value


def test_an_unforeseen_error_is_given_three_attempts() -> None:
    log, rows = FakeLog(), FakeRows()

    def handle(records: Sequence[Record]) -> None:
        raise KeyError(records[0].value)

    handler = HandlerOf(handle)
    log.append(BULK, b"x")
    with working(log, handler, rows):
        eventually(lambda: caught_up(log), 5)

    (letter,) = rows.letters.list()
    assert letter.attempts == 3
    assert handler.batches == [[b"x"]] * 4


def test_a_dead_letter_waits_for_its_store_rather_than_being_lost() -> None:
    log, rows = FakeLog(), FakeRows()

    def handle(records: Sequence[Record]) -> None:
        del records
        rows.down = True
        raise Dead("wrong")

    log.append(BULK, b"x")
    with working(log, HandlerOf(handle), rows) as worker:
        eventually(lambda: worker.health.state() == (False, "waiting for postgres"), 5)
        assert log.lag()[BULK]["analyse"] == 1
        rows.down = False
        eventually(lambda: caught_up(log), 5)

    assert len(rows.letters.list()) == 1


def test_a_replay_for_another_group_is_passed_over_and_one_for_ours_is_handled() -> None:
    log, handler = FakeLog(), HandlerOf()
    log.append(BULK, b"theirs", headers=(("replay-for", b"ingest"),))
    log.append(BULK, b"ours", headers=(("replay-for", b"analyse"),))

    with working(log, handler):
        eventually(lambda: caught_up(log), 5)

    assert handler.batches == [[b"ours"]]


def test_twenty_dead_in_a_row_stop_the_worker_and_keep_what_was_set_aside() -> None:
    log, rows = FakeLog(), FakeRows()

    def handle(records: Sequence[Record]) -> None:
        raise Dead(f"wrong: {len(records)}")

    for number in range(50):
        log.append(BULK, str(number).encode(), partition=0)
    worker = Worker(log, rows, HandlerOf(handle))
    worker.start()
    eventually(lambda: worker.error, 10)
    worker.end()

    assert isinstance(worker.error, TooManyDead)
    assert len(rows.letters.list()) == log.committed["analyse"][BULK, 0] == 20


def test_objects_that_cannot_be_read_are_set_aside_and_never_stop_the_worker() -> None:
    log, rows = FakeLog(), FakeRows()

    def handle(records: Sequence[Record]) -> None:
        if any(record.value != b"good" for record in records):
            raise BadObject("minio: read: InternalError (500), 3 tries")

    for number in range(40):
        log.append(BULK, str(number).encode(), partition=0)
    log.append(BULK, b"good", partition=0)
    with working(log, HandlerOf(handle), rows) as worker:
        eventually(lambda: caught_up(log), 10)
        assert worker.error is None

    letters = rows.letters.list(limit=100)
    assert len(letters) == 40
    assert {letter.reason for letter in letters} == {"minio: read: InternalError (500), 3 tries"}


def test_replayed_poison_never_stops_the_worker() -> None:
    log, rows = FakeLog(), FakeRows()

    def handle(records: Sequence[Record]) -> None:
        raise Dead(f"wrong: {len(records)}")

    for number in range(40):
        log.append(BULK, str(number).encode(), headers=(("replay-for", b"analyse"),))
    with working(log, HandlerOf(handle), rows) as worker:
        eventually(lambda: caught_up(log), 10)
        assert worker.error is None

    assert len(rows.letters.list(limit=100)) == 40


def test_on_a_stop_the_running_batch_ends_and_is_committed() -> None:
    log = FakeLog()
    began, go = threading.Event(), threading.Event()

    def handle(records: Sequence[Record]) -> None:
        del records
        began.set()
        go.wait(5)

    write(log, BULK, 3)
    worker = Worker(log, FakeRows(), HandlerOf(handle), batch=32)
    worker.start()
    assert began.wait(5)
    worker.stop.set()
    threading.Timer(0.02, go.set).start()
    worker.end()

    assert log.lag()[BULK]["analyse"] == 0


def test_on_a_stop_a_batch_that_waits_for_a_service_is_given_up_and_comes_again() -> None:
    log = FakeLog()
    called = threading.Event()

    def handle(records: Sequence[Record]) -> None:
        del records
        called.set()
        raise Unavailable("minio", "503")

    write(log, BULK, 3)
    worker = Worker(log, FakeRows(), HandlerOf(handle), batch=32)
    worker.start()
    assert called.wait(5)
    began = time.monotonic()
    worker.end()

    assert time.monotonic() - began < 5
    assert log.lag()[BULK]["analyse"] == 3


def test_before_a_rebalance_the_running_batch_is_ended_and_committed() -> None:
    log = FakeLog()
    began, go = threading.Event(), threading.Event()

    def handle(records: Sequence[Record]) -> None:
        del records
        began.set()
        go.wait(5)

    handler = HandlerOf(handle)
    write(log, BULK, 3)
    with working(log, handler, batch=32) as worker:
        assert began.wait(5)
        worker.consumer.rejoining = True
        go.set()
        eventually(lambda: worker.consumer.assignment == 2, 5)
        eventually(lambda: caught_up(log), 5)

    assert len(handler.batches) == 1


def test_after_a_rebalance_what_was_in_hand_comes_again_and_nothing_is_missed() -> None:
    log = FakeLog()
    seen: set[bytes] = set()
    first = threading.Event()

    def handle(records: Sequence[Record]) -> None:
        if not first.is_set():
            first.set()
            raise Unavailable("triton", "loading")
        seen.update(record.value or b"" for record in records)

    wanted = write(log, BULK, 20)
    with working(log, HandlerOf(handle)) as worker:
        assert first.wait(5)
        worker.consumer.assignment += 1
        worker.consumer._join()
        eventually(lambda: caught_up(log), 5)

    assert seen == set(wanted)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_killed_at_any_batch_a_worker_repeats_and_misses_nothing(step: int) -> None:
    class Killed(BaseException):
        """A SIGKILL: nothing catches it."""

    log = FakeLog()
    seen: list[bytes] = []
    wanted = write(log, BULK, 20)
    calls = 0

    def handle(records: Sequence[Record]) -> None:
        nonlocal calls
        calls += 1
        seen.extend(record.value or b"" for record in records)
        if calls == step:
            raise Killed

    handler = HandlerOf(handle)
    runtime = Runtime(
        FakeConsumer(log, LANES), LANES, handler, FakeRows().letters, settings(batch_films=4)
    )
    stop = threading.Event()
    with pytest.raises(Killed):
        runtime.run(stop)
    with working(log, handler):
        eventually(lambda: caught_up(log), 5)

    assert set(seen) == set(wanted)
    assert len(seen) <= len(wanted) + 4
