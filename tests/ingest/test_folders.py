import pytest

from ingest.folders import is_folder
from ingest.notification import Folder, drop_of
from store.records import Drop
from tests.fakes.objects import FakeObjects, notification
from tests.fakes.settings import fake_settings
from tests.ingest.films import drawn, png_of
from tests.ingest.test_handler import House
from tests.ingest.test_reconciler import House as Listing


@pytest.mark.parametrize(
    ("key", "size", "media", "is_one"),
    [
        ("dir/", 0, "", True),
        ("a/b c/", 0, "binary/octet-stream", True),
        ("dir", 0, "application/x-directory", True),
        ("dir", 0, "application/x-directory; charset=UTF-8", True),
        ("dir", 0, "httpd/unix-directory", True),
        ("dir_$folder$", 0, "", True),
        ("film.png", 0, "image/png", False),
        ("film.png", 0, "", False),
        ("dir/", 7, "", False),
        ("film.png", 7, "application/x-directory", False),
    ],
)
def test_a_folders_marker_holds_nothing_and_says_so_by_name_or_media_type(
    key: str, size: int, media: str, *, is_one: bool
) -> None:
    assert is_folder(key, size, media) == is_one
    drop = drop_of(notification("dropzone", key, "v", size, None, media), fake_settings())
    assert isinstance(drop, Folder if is_one else Drop)


def test_a_folders_marker_is_passed_over_and_counted_and_its_films_come_in() -> None:
    house = House()
    house.objects.put("dropzone", "north/", b"")
    house.objects.put("dropzone", "south", b"", "application/x-directory")
    film = house.drop("north/a.png", png_of(drawn()))
    empty = house.drop("north/b.png", b"")
    house.handler.handle(house.told)
    assert house.receipt(film).state == "accepted"
    assert house.receipt(empty).code == "empty"
    assert len(house.rows.tables.receipts) == 2
    assert house.handler.receipt_of(house.told[0]) is None
    assert house.handler.figures.folders._value.get() == 2
    assert {"north/", "south"} <= set(house.raw())


def test_the_reconciler_passes_markers_over_and_says_how_many_there_are() -> None:
    house = Listing()
    put = house.objects.put
    put("dropzone", "north/", b"")
    put("dropzone", "south", b"", "application/x-directory")
    put("dropzone", "north/a.png", b"film")
    put("dropzone", "north/b.png", b"")
    for _ in range(2):
        house.reconciler.once()
        assert house.reconciler.figures.folders_listed._value.get() == 2
    assert {row.key for row in house.rows.tables.receipts.values()} == {
        "north/a.png",
        "north/b.png",
    }
    assert isinstance(house.objects, FakeObjects)
