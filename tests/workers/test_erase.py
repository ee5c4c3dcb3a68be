"""The worker that removes what is left of an erased film, and its second pass."""

import threading
from datetime import timedelta

import pytest

from schemas.envelope import to_message
from schemas.errors import Dead, Unavailable
from schemas.events import RadiographErased
from store.log import Record
from store.ports import rendition_key
from store.records import Neighbour
from tests.fakes.cache import FakeCache
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.rows_tables import now
from tests.store.made import drop, film
from tests.waiting import eventually
from workers.erase import RENDITIONS, EraseHandler, SecondPass

ONE, OTHER = film(1), film(2)


class House:
    """Two stored films, each with its objects, raw versions and cached answers."""

    def __init__(self) -> None:
        self.rows = FakeRows(operator=True)
        self.objects, self.cache = FakeObjects(), FakeCache()
        for of in (ONE, OTHER):
            key = f"in/{of.id}.png"
            version = self.objects.put("dropzone", key, b"raw")
            (receipt,) = self.rows.receipts.open_many([drop(1, key=key, version=version)])
            self.rows.receipts.accept(receipt, of, [])
            self.put(of.id)
        self.handler = EraseHandler(self.rows.erasures, self.objects, self.cache)
        self.second = SecondPass(self.handler, self.rows.erasures, look_s=0.01)

    def put(self, name: str) -> None:
        """Put what a writer puts of a film."""
        for rendition in RENDITIONS:
            self.objects.put("radiographs", rendition_key(name, rendition), b"picture")
        self.cache.put_similar(f"{name}:e1:12:-:0", (), 45)
        self.cache.put_similar(f"{name[::-1]}:e1:12:-:0", (Neighbour(name, 0.9),), 45)

    def erase(self) -> Record:
        """Erase the first film; return the record that says so."""
        self.rows.films.erase(ONE.id, account=None)
        message = self.rows.outbox.messages[-1]
        headers = {name: text.encode() for name, text in message.headers.items()}
        return Record(message.topic, 0, 0, message.key.encode(), headers, message.value, 0)

    def left(self) -> list[str]:
        """Return what is left of the first film in any bucket and in the cache."""
        buckets = ("dropzone", "quarantine", "radiographs")
        objects = [key for name in buckets for key, *_ in self.objects.versions(name)]
        answers = [f"{key} {answer}" for key, (_, answer) in self.cache.kept.items()]
        return [text for text in (*objects, *answers) if ONE.id in text]

    def come_due(self) -> None:
        """Let ten minutes pass."""
        for name, row in self.rows.tables.erasures.items():
            earlier = row.again_at - timedelta(minutes=10, seconds=1)
            self.rows.tables.erasures[name] = type(row)(
                row.film, row.raws, row.erased_at, earlier, row.done_at
            )


@pytest.fixture
def house() -> House:
    return House()


def test_an_erased_film_leaves_no_object_and_no_answer_and_others_stay(house: House) -> None:
    assert len(house.left()) == 6
    house.handler.handle([house.erase()])

    assert house.left() == []
    assert len(house.objects.keys("radiographs")) == len(RENDITIONS)
    assert len(house.objects.keys("dropzone")) == 1
    assert f"{OTHER.id}:e1:12:-:0" in house.cache.kept


def test_what_a_late_writer_puts_goes_with_the_second_pass(house: House) -> None:
    house.handler.handle([house.erase()])
    house.put(ONE.id)
    assert house.second.once() == 0
    assert house.left() != []

    house.come_due()
    assert house.second.once() == 1

    assert house.left() == []
    assert house.rows.erasures.get(ONE.id) is None
    assert house.second.once() == 0


def test_a_record_that_comes_again_after_the_erasure_was_lifted_removes_nothing(
    house: House,
) -> None:
    record = house.erase()
    house.handler.handle([record])
    house.come_due()
    house.second.once()
    house.rows.films.lift_erasure(ONE.id, account=None)
    house.put(ONE.id)
    left = house.left()

    house.handler.handle([record])

    assert house.left() == left != []


@pytest.mark.parametrize("effects", range(5))
def test_cut_anywhere_and_repeated_it_ends_the_same(house: House, effects: int) -> None:
    record = house.erase()
    remove = house.objects.remove
    done = 0

    def cut(bucket: str, key: str, version: str | None = None) -> None:
        nonlocal done
        if done == effects:
            raise Unavailable("minio", "cut")
        done += 1
        remove(bucket, key, version)

    house.objects.remove = cut  # type: ignore[method-assign]
    house.cache.down = effects == 4
    with pytest.raises(Unavailable):
        house.handler.handle([record])
    erasure = house.rows.erasures.get(ONE.id)
    assert erasure is not None
    assert erasure.done_at is None

    house.objects.remove = remove  # type: ignore[method-assign]
    house.cache.down = False
    house.handler.handle([record, record])

    assert house.left() == []
    assert house.rows.tables.erasures[ONE.id].done_at is not None


def test_the_clock_waits_for_a_service_that_is_down_and_goes_on(house: House) -> None:
    house.erase()
    house.come_due()
    house.objects.down = True
    stop = threading.Event()
    thread = threading.Thread(target=house.second.run, args=(stop,))
    thread.start()
    try:
        assert house.rows.erasures.get(ONE.id) is not None
        house.objects.down = False
        eventually(lambda: house.rows.erasures.get(ONE.id) is None, what="the second pass")
    finally:
        stop.set()
        thread.join(10)
    assert house.left() == []


def test_one_that_can_never_be_removed_does_not_hold_up_the_others(house: House) -> None:
    house.erase()
    house.rows.films.erase(OTHER.id, account=None)
    house.come_due()
    remove = house.objects.remove

    def refuse(bucket: str, key: str, version: str | None = None) -> None:
        if ONE.id in key:
            raise Dead("minio: remove: InvalidArgument (400)")
        remove(bucket, key, version)

    house.objects.remove = refuse  # type: ignore[method-assign]
    assert house.second.once() == 1
    assert list(house.rows.tables.erasures) == [ONE.id]


def test_one_object_that_cannot_go_keeps_no_other_of_its_film(house: House) -> None:
    house.erase()
    house.come_due()
    bad = rendition_key(ONE.id, "full")
    house.objects.bad.add(("radiographs", bad))
    assert house.second.once() == 0
    left = [key for key, *_ in house.objects.versions("radiographs")]
    assert [key for key in left if ONE.id in key] == [bad]
    house.objects.bad.clear()
    assert house.second.once() == 1


def test_a_record_that_is_no_such_fact_is_dead(house: House) -> None:
    event = to_message(RadiographErased(radiograph=ONE.id, erased_at=now()), site="local")
    headers = {name: text.encode() for name, text in event.headers.items()}
    for value in (None, b"noise"):
        record = Record("radiograph.erased", 0, 0, b"k", headers, value, 0)
        with pytest.raises(Dead):
            house.handler.handle([record])
        assert house.handler.receipt_of(record) is None
