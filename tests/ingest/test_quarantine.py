"""Doubtful drops wait for a steward, and go on, or go, as decided."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ingest.black_out import black_out
from ingest.housekeeper import Housekeeper
from ingest.says import FileSays
from schemas.envelope import to_message
from schemas.errors import Unavailable
from schemas.events import ObjectUploaded
from schemas.identities import film_id
from store.ports import held_key, rendition_key
from store.records import Part, Receipt
from tests.fakes.rows_tables import now
from tests.ingest.films import drawn, png_of
from tests.ingest.test_handler import House, uploaded

BURNED = FileSays("dicom", modality="DX", burned_in="YES")


@pytest.fixture
def house() -> House:
    made = House()
    made.rows.tables.site = made.settings.site
    return made


@pytest.fixture
def steward(house: House) -> UUID:
    return house.rows.accounts.add("Ada", "admin", "hash", by=None).id


def held(house: House, key: str = "a.dcm", seed: int = 1) -> Receipt:
    house.decoder.says = BURNED
    record = house.drop(key, png_of(drawn(seed=seed)))
    house.handler.handle([record])
    return house.receipt(record)


def released(house: House, receipt: Receipt, steward: UUID, *parts: Part) -> Receipt:
    event = to_message(ObjectUploaded(receipt=receipt.id), site=receipt.site)
    house.rows.quarantine.release(receipt.id, account=steward, black_out=parts, event=event)
    house.handler.handle([uploaded(house.said("object.uploaded")[-1])])
    known = house.rows.receipts.get(receipt.id)
    assert known is not None
    return known


def test_a_doubtful_drop_is_kept_with_its_picture_and_is_no_film(house: House) -> None:
    receipt = held(house)
    assert (receipt.state, receipt.code, receipt.film) == ("quarantined", "burned-in", None)
    raw = house.objects.read("quarantine", held_key(receipt.id, "raw"))
    assert raw == png_of(drawn(seed=1))
    picture = Image.open(io.BytesIO(house.objects.read("quarantine", f"{receipt.id}/display")))
    assert picture.size == (72, 80)
    assert house.raw() == []
    assert list(house.objects.keys("radiographs")) == []
    assert [row.topic for row in house.rows.outbox.messages] == ["radiograph.quarantined"]
    assert b"burned-in" in house.said("radiograph.quarantined")[0].value


def test_cut_before_its_raw_version_went_the_record_comes_again(house: House) -> None:
    house.decoder.says = BURNED
    record = house.drop("a.dcm", png_of(drawn()))
    house.objects.down = True
    with pytest.raises(Unavailable):
        house.handler.handle([record])
    house.objects.down = False
    house.handler.handle([record])
    version = house.objects.put("dropzone", "b", b"another")
    house.handler.handle([record])
    assert house.receipt(record).state == "quarantined"
    assert [version] == [each for _, each, _, _ in house.objects.versions("dropzone")]
    assert len(house.said("radiograph.quarantined")) == 1


def test_a_released_drop_goes_on_and_leaves_nothing_in_quarantine(
    house: House, steward: UUID
) -> None:
    receipt = released(house, held(house), steward)
    assert receipt.state == "accepted"
    assert receipt.film == film_id(drawn(seed=1))
    assert list(house.objects.keys("quarantine")) == []
    assert len(house.said("analysis.requested.bulk")) == 1


def test_a_film_with_parts_blacked_out_is_another_film_without_them(
    house: House, steward: UUID
) -> None:
    receipt = released(house, held(house), steward, (0.0, 0.0, 0.5, 0.25))
    wanted = black_out(drawn(seed=1), [(0.0, 0.0, 0.5, 0.25)])
    assert receipt.film == film_id(wanted) != film_id(drawn(seed=1))
    kept = house.objects.read("radiographs", rendition_key(receipt.film, "full"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(kept))), wanted)


def test_a_film_that_a_steward_has_let_pass_is_not_held_again(house: House, steward: UUID) -> None:
    first = released(house, held(house), steward)
    again = held(house, "again.dcm")
    assert (again.state, again.film) == ("accepted", first.film)


def test_what_a_steward_refused_goes_at_the_next_round_and_the_rest_stays(
    house: House, steward: UUID
) -> None:
    refused, waiting = held(house, "a", 1), held(house, "b", 2)
    house.decoder.says = FileSays("png")
    bad = house.drop("c", b"no film")
    house.handler.handle([bad])
    house.rows.quarantine.refuse(refused.id, account=steward, note="nom lisible")
    housekeeper = Housekeeper(house.settings, house.rows, house.objects)
    assert housekeeper.once() == 1
    assert {key.split("/")[0] for key in house.objects.keys("quarantine")} == {str(waiting.id)}
    assert house.raw() == ["c"]
    assert housekeeper.once() == 0


def test_refused_bytes_go_after_their_days_and_what_nobody_decided_on_too(house: House) -> None:
    receipt = held(house)
    house.decoder.says = FileSays("png")
    bad = house.drop("c", b"no film")
    house.handler.handle([bad])
    tables = house.rows.tables
    old = now() - timedelta(days=31)
    for row in list(tables.receipts.values()):
        changes = {"updated_at": old} | ({"held_at": old} if row.held_at else {})
        tables.receipts[row.id] = Receipt(**{**row.__dict__, **changes})
    assert Housekeeper(house.settings, house.rows, house.objects).once() == 2
    assert house.raw() == []
    assert list(house.objects.keys("quarantine")) == []
    known = house.rows.receipts.get(receipt.id)
    assert known is not None
    assert (known.state, known.code) == ("rejected", "expired")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_blacking_out_covers_whole_pixels_and_nothing_else(
    dtype: type[np.uint8] | type[np.uint16],
) -> None:
    film: NDArray[Any] = (np.arange(100).reshape(10, 10) + 7).astype(dtype)
    made = black_out(film, [(0.25, 0.0, 0.21, 0.11), (0.9, 0.9, 0.2, 0.2)])
    covered = np.zeros((10, 10), bool)
    covered[0:2, 2:5] = True
    covered[9:, 9:] = True
    assert (made[covered] == 7).all()
    np.testing.assert_array_equal(made[~covered], film[~covered])
    assert film[0, 3] == 10
    assert black_out(film, []) is film
