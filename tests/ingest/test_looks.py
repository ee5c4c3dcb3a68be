"""The looks at a film before it is taken: their order, and what a steward settles."""

from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.handler import IngestHandler
from ingest.renditions import develop
from ingest.text_in_film import TextLook
from ingest.text_places import CONTRAST
from ingest.text_reader import Line
from schemas.envelope import to_message
from schemas.errors import Doubt
from schemas.events import ObjectUploaded
from schemas.greys import jpeg_turned_over
from schemas.identities import film_id
from store.ports import held_key
from store.records import Receipt
from tests.ingest.films import drawn, png_of
from tests.ingest.test_handler import House, uploaded


class Told:
    """A reader that reads what it was told, and counts."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.count = 0

    def read(self, picture: NDArray[np.uint8], contrast: int = CONTRAST) -> list[Line]:
        assert picture.ndim == 2
        # The samples are looked at after the display.
        self.count += contrast == CONTRAST
        return self.lines

    def longer(self, picture: NDArray[np.uint8], line: Line) -> Line:
        del picture
        return line


@pytest.fixture
def reader() -> Told:
    return Told()


@pytest.fixture
def house(reader: Told) -> House:
    made = House()
    made.rows.tables.site = made.settings.site
    made.handler = IngestHandler(
        made.settings, made.rows, made.objects, made.decoder, made.chest, text=TextLook([reader])
    )
    return made


@pytest.fixture
def steward(house: House) -> UUID:
    return house.rows.accounts.add("Ada", "admin", "hash", by=None).id


def dropped(house: House, key: str, seed: int = 1) -> Receipt:
    record = house.drop(key, png_of(drawn(seed=seed)))
    house.handler.handle([record])
    return house.receipt(record)


def text_check(house: House, seed: int = 1) -> str | None:
    film = house.rows.films.get(film_id(drawn(seed=seed)))
    return film.text_check if film else None


def test_text_that_is_found_holds_the_drop(house: House, reader: Told) -> None:
    reader.lines = [Line("DUPONT 1961", 0.99)]
    receipt = dropped(house, "a")
    assert (receipt.state, receipt.code) == ("quarantined", "burned-in-text")
    assert text_check(house) is None


def test_what_was_looked_at_and_let_pass_is_clean_and_the_rest_unseen(
    house: House, reader: Told, steward: UUID
) -> None:
    dropped(house, "a", seed=1)
    assert text_check(house, 1) == "clean"
    reader.lines = [Line("DUPONT 1961", 0.99)]
    held = dropped(house, "b", seed=2)
    event = to_message(ObjectUploaded(receipt=held.id), site=held.site)
    house.rows.quarantine.release(held.id, account=steward, black_out=(), event=event)
    house.handler.handle([uploaded(event)])
    assert text_check(house, 2) == "clean"
    blind = House()
    dropped(blind, "c", seed=3)
    assert text_check(blind, 3) == "unseen"


def test_a_film_known_clean_is_not_read_again(house: House, reader: Told) -> None:
    for key in ("a", "b", "c"):
        assert dropped(house, key).state == "accepted"
    assert reader.count == 1


def test_a_film_that_nobody_looked_at_becomes_clean_by_a_later_drop(
    house: House, reader: Told
) -> None:
    blind = IngestHandler(house.settings, house.rows, house.objects, house.decoder, house.chest)
    blind.handle([house.drop("a", png_of(drawn()))])
    assert (text_check(house), reader.count) == ("unseen", 0)
    dropped(house, "b")
    assert (text_check(house), reader.count) == ("clean", 1)


@pytest.mark.parametrize(("inverted", "shown"), [(0.9, "turned over"), (0.1, "as it came")])
def test_a_steward_is_shown_an_inverted_film_the_right_way_round(
    house: House, reader: Told, inverted: float, shown: str
) -> None:
    reader.lines = [Line("DUPONT 1961", 0.99)]
    house.chest.says = {"inverted": inverted}
    held = dropped(house, "a")

    picture = house.objects.read("quarantine", held_key(held.id, "display"))

    film = develop(drawn())
    wanted = (
        jpeg_turned_over(film.display, film.width, film.height)
        if shown == "turned over"
        else film.display
    )
    assert picture == wanted


def test_a_doubt_about_the_chest_holds_the_drop_and_nothing_is_asked_of_it(
    house: House, reader: Told, steward: UUID
) -> None:
    house.chest.raises = Doubt("not-a-chest", wanted="a chest radiograph", came="a hand")
    held = dropped(house, "a")
    assert (held.state, held.code, held.film) == ("quarantined", "not-a-chest", None)
    assert [row.topic for row in house.rows.outbox.messages] == ["radiograph.quarantined"]
    assert reader.count == 0
    event = to_message(ObjectUploaded(receipt=held.id), site=held.site)
    house.rows.quarantine.release(held.id, account=steward, black_out=(), event=event)
    house.handler.handle([uploaded(event)])
    assert house.rows.tables.receipts[held.id].state == "accepted"
