"""A bulk drop stays in dropzone a while after it was taken, and then certainly goes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.taken import TakenDrops
from schemas.errors import Unavailable
from store.records import Drop, ReceiptState
from tests.fakes.settings import fake_settings
from tests.ingest.films import drawn, png_of
from tests.ingest.test_handler import House, uploaded

KEEP_S = 30.0


@pytest.fixture
def house() -> House:
    return House(fake_settings(keep_taken_s=KEEP_S))


def clock(house: House) -> TakenDrops:
    return TakenDrops(house.rows.receipts, house.objects)


def wait(house: House) -> None:
    """Let the time of every receipt pass."""
    rows = house.rows.tables.receipts
    for receipt in list(rows.values()):
        if receipt.keep_until:
            passed = receipt.keep_until - timedelta(seconds=KEEP_S + 1)
            rows[receipt.id] = replace(receipt, keep_until=passed)


def test_a_taken_bulk_drop_is_readable_until_its_time_is_over(house: House) -> None:
    record = house.drop("a/b.png", png_of(drawn()))
    house.handler.handle([record])
    assert house.receipt(record).state == "accepted"
    kept = house.receipt(record).keep_until
    assert kept is not None
    assert timedelta(0) < kept - datetime.now(UTC) <= timedelta(seconds=KEEP_S)
    assert clock(house).once() == 0
    assert house.raw() == ["a/b.png"]
    wait(house)
    assert clock(house).once() == 1
    assert house.raw() == []
    assert clock(house).once() == 0


def test_what_is_taken_over_and_over_again_stays_and_goes_all_the_same(house: House) -> None:
    record = house.drop("a", png_of(drawn()))
    house.handler.handle([record])
    house.handler.handle([record])
    assert house.raw() == ["a"]
    wait(house)
    clock(house).once()
    house.handler.handle([record])
    assert house.raw() == []
    assert house.receipt(record).state == "accepted"


def test_a_manifest_and_a_held_drop_stay_as_long_and_a_refused_one_its_days(house: House) -> None:
    house.decoder.says = replace(house.decoder.says, burned_in="YES")
    records = [
        house.drop("lot/labels.csv", b"Path,Sex\na.png,Female\n"),
        house.drop("lot/held.png", png_of(drawn())),
        house.drop("lot/refused.png", b"no film"),
    ]
    house.handler.handle(records)
    house.read_manifests()
    states: list[ReceiptState] = ["manifest", "quarantined", "rejected"]
    assert [house.receipt(record).state for record in records] == states
    assert len(house.raw()) == 3
    wait(house)
    assert clock(house).once() == 2
    assert house.raw() == ["lot/refused.png"]


def test_what_the_browser_uploads_goes_at_once_whoever_tells_of_it_first(house: House) -> None:
    record = house.drop("uploads/1", png_of(drawn(seed=1)))
    house.handler.handle([record])
    version = house.objects.put("dropzone", "uploads/2", png_of(drawn(seed=2)))
    drop = Drop("dropzone", "uploads/2", version, 1, "first", "test", "upload")
    house.rows.receipts.open_with_event([drop])
    house.handler.handle([uploaded(house.said("object.uploaded")[0])])
    assert house.raw() == []


def test_an_erased_film_dropped_again_goes_at_once(house: House) -> None:
    record = house.drop("a", png_of(drawn()))
    house.handler.handle([record])
    film = house.receipt(record).film
    assert film is not None
    house.rows.tables.operator = True
    house.rows.films.erase(film, account=None)
    house.objects.remove("dropzone", "a", house.receipt(record).version)
    again = house.drop("b", png_of(drawn()))
    house.handler.handle([again])
    assert (house.receipt(again).state, house.receipt(again).code) == ("rejected", "erased")
    assert house.raw() == []


def test_a_store_that_is_down_keeps_them_for_the_next_look(house: House) -> None:
    records = [house.drop(f"{seed}", png_of(drawn(seed=seed))) for seed in range(3)]
    house.handler.handle(records)
    wait(house)
    house.objects.fail_next = 1
    with pytest.raises(Unavailable):
        clock(house).once()
    assert clock(house).once() == 3
    assert house.raw() == []


def test_another_version_under_the_same_key_is_not_touched(house: House) -> None:
    first = house.drop("a", png_of(drawn(seed=1)))
    house.handler.handle([first])
    wait(house)
    second = house.drop("a", png_of(drawn(seed=2)))
    clock(house).once()
    house.handler.handle([second])
    [(_, version, _, _)] = house.objects.versions("dropzone")
    assert version == house.receipt(second).version != house.receipt(first).version


def test_one_that_cannot_be_removed_waits_and_hides_no_other(house: House) -> None:
    records = [house.drop(f"{seed}", png_of(drawn(seed=seed))) for seed in range(3)]
    house.handler.handle(records)
    wait(house)
    house.objects.bad.add(("dropzone", "0"))
    assert clock(house).once() == 2
    assert house.raw() == ["0"]
    house.objects.bad.clear()
    assert clock(house).once() == 1
