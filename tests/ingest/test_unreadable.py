"""One object that cannot be read is refused and kept; the others of its batch come in."""

from collections.abc import Iterator

import pytest

from ingest.handler import IngestHandler
from ingest.housekeeper import Housekeeper
from schemas.errors import BadObject, Unavailable
from schemas.events import ObjectUploaded
from schemas.identities import film_id
from store.log import Record
from store.object_tries import TRIES
from store.objects import MinioObjects
from store.ports import held_key, rendition_key
from store.records import Receipt
from store.settings import Settings
from tests.fakes.chest import FakeChest
from tests.fakes.objects import notification
from tests.fakes.rows import FakeRows
from tests.fakes.s3_server import (
    S3Server,
    Sends,
    error,
    gone_midway,
    patience,
    s3_server,
    short,
    stalls,
)
from tests.fakes.settings import fake_settings
from tests.ingest.films import drawn, png_of
from tests.ingest.test_handler import DevelopedHere, House, created
from tests.ingest.test_quarantine import held, released
from web.reasons import reason_of

FAILS: dict[str, tuple[Sends, str]] = {
    "500": (error("InternalError", 500), "unreadable-object"),
    "a checksum that does not fit": (error("XMinioObjectCorrupted", 400), "unreadable-object"),
    "sealed": (error("InvalidObjectState", 403), "unreadable-object"),
    "short": (short, "unreadable-object"),
    "stalls": (stalls, "unreadable-object"),
    "gone midway": (gone_midway, "object-gone"),
}


class Site:
    """The handler on a bucket whose objects may fail; rows are in memory."""

    def __init__(self, server: S3Server, fails: Sends | None = None) -> None:
        self.server = server
        self.settings: Settings = fake_settings(s3_endpoint=server.endpoint, bucket_prefix="")
        self.rows = FakeRows()
        self.objects = MinioObjects(self.settings, patience(fails))
        self.handler = IngestHandler(
            self.settings, self.rows, self.objects, DevelopedHere(), FakeChest()
        )
        self.records: list[Record] = []

    def drop(self, key: str, data: bytes, fails: Sends | None = None) -> Record:
        self.server.objects[f"/dropzone/{key}"] = data
        if fails is not None:
            self.server.fails[f"/dropzone/{key}"] = fails
        value = notification("dropzone", key, "v", len(data))
        self.records.append(created(value, len(self.records), key.encode()))
        return self.records[-1]

    def receipt(self, record: Record) -> Receipt:
        identity = self.handler.receipt_of(record)
        assert identity is not None
        found = self.rows.receipts.get(identity)
        assert found is not None
        return found


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with s3_server() as server:
        named = getattr(request.node, "callspec", None)
        opened = Site(server, named.params["fails"] if named else None)
        yield opened
        server.over.set()
        opened.handler.close()


@pytest.mark.parametrize(("fails", "code"), FAILS.values(), ids=FAILS)
def test_what_one_object_does_is_its_own_fate_and_the_others_become_films(
    site: Site, fails: Sends, code: str
) -> None:
    bad = site.drop("bad.png", png_of(drawn(seed=9)), fails)
    good = [site.drop(f"{seed}.png", png_of(drawn(seed=seed))) for seed in range(3)]
    site.handler.handle([bad, *good])
    assert [site.receipt(each).state for each in good] == ["accepted"] * 3
    receipt = site.receipt(bad)
    assert (receipt.state, receipt.code) == ("rejected", code)
    kept = "/dropzone/bad.png" in site.server.objects
    assert kept == (code == "unreadable-object")
    topics = [message.topic for message in site.rows.outbox.messages]
    assert topics.count("radiograph.rejected") == 1


def test_while_the_store_is_down_nothing_is_refused_and_afterwards_all_is_read(
    site: Site,
) -> None:
    records = [site.drop(f"{seed}.png", png_of(drawn(seed=seed))) for seed in range(3)]
    site.server.down = True
    with pytest.raises(Unavailable, match="minio"):
        site.handler.handle(records)
    assert {site.receipt(each).state for each in records} == {"received"}
    site.server.down = False
    site.handler.handle(records)
    assert {site.receipt(each).state for each in records} == {"accepted"}


def test_a_film_put_under_a_wrong_encoding_is_a_film(site: Site) -> None:
    record = site.drop("a.png", png_of(drawn()))
    site.server.headers["/dropzone/a.png"] = {"Content-Encoding": "gzip"}
    site.handler.handle([record])
    assert site.receipt(record).film == film_id(drawn())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_its_depositor_reads_why(language: str) -> None:
    house = House()
    record = house.drop("a.png", png_of(drawn()))
    house.objects.bad.add(("dropzone", "a.png"))
    house.handler.handle([record])
    reason = reason_of(house.receipt(record), language)  # type: ignore[arg-type]
    assert reason is not None
    assert str(TRIES) in reason["message"]
    assert ("attendu un objet" if language == "fr" else "wanted an object") in reason["message"]


def test_a_manifest_that_cannot_be_read_is_refused_and_stays() -> None:
    house = House()
    record = house.drop("a/labels.csv", b"Path\na.png\n")
    film = house.drop("a/a.png", png_of(drawn()))
    house.objects.bad.add(("dropzone", "a/labels.csv"))
    house.handler.handle([record, film])
    house.read_manifests()
    assert house.receipt(record).code == "unreadable-object"
    assert house.receipt(film).state == "accepted"
    assert house.raw() == ["a/labels.csv"]


def test_a_manifest_over_the_limit_is_not_read() -> None:
    house = House(fake_settings(file_limit_bytes=1000))
    record = house.drop("a/labels.csv", b"Path\n" + b"a.png\n" * 200)
    house.handler.handle([record])
    house.read_manifests()
    assert house.receipt(record).code == "too-large"


def test_a_held_film_that_cannot_be_read_any_more_is_refused_with_its_reason() -> None:
    house = House()
    house.rows.tables.site = house.settings.site
    steward = house.rows.accounts.add("Ada", "admin", "hash", by=None).id
    receipt = held(house)
    house.objects.bad.add(("quarantine", held_key(receipt.id, "raw")))
    assert released(house, receipt, steward).code == "unreadable-object"
    assert ObjectUploaded.topic in {row.topic for row in house.rows.outbox.messages}


def test_a_rendition_that_cannot_be_stored_sets_its_own_record_aside() -> None:
    house = House()
    bad, good = (house.drop(f"{seed}.png", png_of(drawn(seed=seed))) for seed in (1, 2))
    house.objects.bad.add(("radiographs", rendition_key(film_id(drawn(seed=1)), "full")))
    with pytest.raises(BadObject):
        house.handler.handle([bad, good])
    assert house.receipt(bad).state == "received"
    assert house.receipt(good).state == "accepted"
    house.objects.bad.clear()
    house.handler.handle([bad])
    assert house.receipt(bad).state == "accepted"


def test_the_housekeeper_keeps_what_could_not_be_read_and_passes_what_cannot_go() -> None:
    house = House(fake_settings(refused_days=0.0))
    for key in ("a", "b", "c"):
        house.drop(key, b"no film" if key != "c" else png_of(drawn()))
    house.objects.bad.add(("dropzone", "c"))
    house.handler.handle(house.told)
    house.objects.bad = {("dropzone", "a")}
    housekeeper = Housekeeper(house.settings, house.rows, house.objects)
    assert housekeeper.once() == 1
    assert house.raw() == ["a", "c"]
    house.objects.bad.clear()
    assert housekeeper.once() == 1
    assert house.raw() == ["c"]
