"""Manifests are read beside films: in short pieces, in turns, again after a cut."""

import threading

import pytest

from ingest.manifest_reader import ManifestReader
from schemas.errors import Dead, Unavailable
from schemas.identities import film_id
from store.records import Drop, Receipt
from store.records_manifests import LineFates, ManifestLine
from tests.ingest.films import drawn, png_of
from tests.ingest.test_handler import House
from tests.waiting import eventually


@pytest.fixture
def house() -> House:
    return House()


def reader(house: House) -> ManifestReader:
    return ManifestReader(house.settings, house.rows, house.objects)


def table(lines: int, edema: int = 1) -> bytes:
    return b"Path,Edema\n" + b"".join(b"%d.png,%d\n" % (line, edema) for line in range(lines))


def test_a_manifest_holds_no_film_of_its_batch_or_of_the_next(house: House) -> None:
    long = house.drop("lot/labels.csv", table(3000))
    house.handler.handle([long, house.drop("other/a.png", png_of(drawn(seed=1)))])
    house.handler.handle([house.drop("lot/7.png", png_of(drawn(seed=2)))])
    assert house.receipt(long).state == "received"
    assert house.rows.films.get(film_id(drawn(seed=1))) is not None
    assert house.rows.films.get(film_id(drawn(seed=2))) is not None
    house.read_manifests()
    assert house.receipt(long).state == "manifest"
    assert (film_id(drawn(seed=2)), "Edema", "imported", "manifest") in house.rows.tables.labels
    assert house.raw() == []


def test_a_step_is_a_page_and_a_short_manifest_does_not_wait_for_a_long_one(house: House) -> None:
    long = house.drop("long/labels.csv", table(5000))
    short = house.drop("short/labels.csv", table(3))
    house.handler.handle([long, short])
    reading = reader(house)
    reading.turn()
    assert len(house.rows.tables.lines) == 503
    for _ in range(4):
        reading.turn()
    assert house.receipt(short).state == "manifest"
    assert house.receipt(long).state == "received"


def test_lines_that_name_no_film_count_into_a_step_too(house: House) -> None:
    house.handler.handle([house.drop("a/labels.csv", b"Path\n" + b"../x\n" * 5000)])
    turns = 0
    reading = reader(house)
    while reading.turn():
        turns += 1
    assert turns > 10


@pytest.mark.parametrize("after", [1, 3, 6, 7])
def test_cut_anywhere_it_is_read_again_and_every_line_is_kept_once(
    house: House, after: int
) -> None:
    house.handler.handle([house.drop("lot/1.png", png_of(drawn(seed=1)))])
    record = house.drop("lot/labels.csv", table(2600) + b"1.png,1\n")
    house.handler.handle([record])
    cut = reader(house)
    for _ in range(after):
        cut.turn()
    house.read_manifests()
    summary = house.rows.manifests.get(house.receipt(record).id)
    assert summary is not None
    assert (summary.lines, summary.usable) == (2601, 2601)
    fates = summary.fates
    assert (fates.found, fates.absent, fates.repeated) == (1, 2599, 1)
    assert house.raw() == []


def test_what_waits_is_noted_in_rows_so_that_no_kill_forgets_it(house: House) -> None:
    record = house.drop("lot/labels.csv", table(1))
    house.handler.handle([record])
    house.handler.handle([record])
    assert [one.id for one in house.rows.manifests.waiting(9)] == [house.receipt(record).id]
    house.read_manifests()
    assert house.rows.manifests.waiting(9) == []
    house.handler.handle([record])
    assert house.rows.manifests.waiting(9) == []


def test_one_that_fails_holds_no_other_and_is_refused_after_three_tries(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.manifest_reader._PAUSE_S", 0.0)
    bad = house.drop("bad/labels.csv", table(1))
    good = house.drop("good/labels.csv", table(2))
    house.handler.handle([bad, good])
    put = house.rows.manifests.put

    def failing(manifest: Receipt, lines: list[ManifestLine]) -> None:
        if manifest.key.startswith("bad"):
            raise Dead("22021")
        put(manifest, lines)

    monkeypatch.setattr(house.rows.manifests, "put", failing)
    house.read_manifests()
    assert (house.receipt(bad).state, house.receipt(bad).code) == ("rejected", "manifest")
    assert house.receipt(good).state == "manifest"
    assert house.raw() == ["bad/labels.csv"]


def test_while_a_service_is_down_manifests_wait_and_then_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = house.drop("lot/labels.csv", table(60))
    house.handler.handle([record])
    put = house.rows.manifests.put
    down = [True]

    def failing(manifest: Receipt, lines: list[ManifestLine]) -> None:
        if down[0]:
            down[0] = False
            raise Unavailable("postgres", "down")
        put(manifest, lines)

    monkeypatch.setattr(house.rows.manifests, "put", failing)
    stop = threading.Event()
    clock = threading.Thread(target=reader(house).run, args=(stop,))
    clock.start()
    try:
        eventually(lambda: house.receipt(record).state == "manifest", 20, what="read")
    finally:
        stop.set()
        clock.join()
    summary = house.rows.manifests.get(house.receipt(record).id)
    assert summary is not None
    assert summary.fates == LineFates(absent=60, absent_lines=tuple(range(2, 12)))


def test_what_a_person_waits_for_is_begun_first(house: House) -> None:
    bulk = house.drop("lot/labels.csv", table(1))
    house.handler.handle([bulk])
    version = house.objects.put("dropzone", "uploads/1/labels.csv", table(1))
    first = Drop("dropzone", "uploads/1/labels.csv", version, 1, "first", "test", "upload")
    [receipt] = house.rows.receipts.open_many([first])
    house.rows.manifests.wait(receipt)
    waiting = house.rows.manifests.waiting(1)
    assert [one.id for one in waiting] == [receipt.id]
