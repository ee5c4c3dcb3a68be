"""From stored codes to a film's samples: bits, sign, rescale, LUTs, polarity, window."""

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from ingest.readers import Decoded, read_file
from schemas.identities import film_id
from tests.ingest import dicoms
from tests.ingest.dicoms import dicom_of
from tests.ingest.films import drawn

FILM = drawn(dtype=np.uint16) >> 4


def read(*arguments: Any, **tags: Any) -> Decoded:
    return read_file(dicom_of(*arguments, **tags), 64_000_000)


def lut_of(entries: Any, first: int = 0, bits: int = 12) -> list[Dataset]:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries) % 65_536, first % 65_536, bits])
    item.add_new("LUTData", "OW", np.asarray(entries, "<u2").tobytes())
    item.ModalityLUTType = "US"
    return [item]


@pytest.mark.parametrize("syntax", dicoms.EXACT, ids=[one.name for one in dicoms.EXACT])
def test_the_same_film_as_monochrome_1_and_2_is_one_film_in_every_syntax(syntax: UID) -> None:
    plain = read(FILM, 12)
    turned = read(4095 - FILM, 12, photometric="MONOCHROME1", syntax=syntax)
    assert film_id(turned.samples) == film_id(plain.samples)


def test_the_same_film_in_8_bits_as_monochrome_1_and_2_is_one_film() -> None:
    film = drawn()
    turned = read(255 - film, 8, photometric="MONOCHROME1").samples
    assert film_id(turned) == film_id(film)


def test_presentation_lut_inverse_turns_once_also_beside_monochrome_1() -> None:
    shape = {"PresentationLUTShape": "INVERSE"}
    assert (read(4095 - FILM, 12, **shape).samples == FILM).all()
    assert (read(4095 - FILM, 12, photometric="MONOCHROME1", **shape).samples == FILM).all()
    assert (read(FILM, 12, PresentationLUTShape="IDENTITY").samples == FILM).all()


def test_only_the_stored_bits_count_whatever_lies_above_them() -> None:
    overlaid = FILM | (np.arange(FILM.size, dtype=np.uint16).reshape(FILM.shape) % 16 << 12)
    assert (read(overlaid, 12).samples == FILM).all()


def test_samples_stored_at_the_top_of_their_word_come_down() -> None:
    assert (read(FILM << 4, 12, HighBit=15).samples == FILM).all()


def test_a_film_of_8_bits_stored_in_16_is_the_film_of_8_bits() -> None:
    film = drawn()
    samples = read(film.astype(np.uint16), 8).samples
    assert samples.dtype == np.uint8
    assert (samples == film).all()


def test_fewer_than_8_bits_are_spread_over_0_to_255() -> None:
    film = drawn() >> 2
    samples = read(film, 6).samples
    assert (samples == np.rint(film * (255 / 63))).all()


@pytest.mark.parametrize(
    "syntax",
    [dicoms.EXPLICIT, dicoms.BIG_ENDIAN, dicoms.RLE, dicoms.JPEG_LS, dicoms.LOSSLESS_SV1],
)
def test_signed_samples_count_from_the_lowest_that_their_bits_allow(syntax: UID) -> None:
    signed = (FILM.astype(np.int32) - 2048).astype(np.int16)
    assert (read(signed, 12, syntax=syntax).samples == FILM).all()


def test_signed_jpeg_2000_keeps_its_sign() -> None:
    import imagecodecs

    signed = (FILM.astype(np.int32) - 2048).astype(np.int16)
    stream = imagecodecs.jpeg2k_encode(
        signed, level=0, codecformat="J2K", bitspersample=12, reversible=True
    )
    made = read(signed, 12, syntax=dicoms.JPEG_2000, pixels=bytes(stream))
    assert (made.samples == FILM).all()


@pytest.mark.parametrize(("slope", "intercept"), [(1, -1024), (0.25, 0), (4.7, 130.5)])
def test_a_rising_rescale_leaves_samples_in_steps_of_one_code(
    slope: float, intercept: float
) -> None:
    made = read(FILM, 12, RescaleSlope=slope, RescaleIntercept=intercept)
    assert (made.samples == FILM).all()


def test_a_falling_rescale_turns_the_film() -> None:
    made = read(4095 - FILM, 12, RescaleSlope=-1, RescaleIntercept=4095)
    assert (made.samples == FILM).all()


def test_a_rescale_that_is_no_number_or_flat_is_passed_over() -> None:
    for slope in (0, float("1e-30")):
        assert (read(FILM, 12, RescaleSlope=slope, RescaleIntercept=0).samples == FILM).all()


def test_a_modality_lut_gives_its_entries() -> None:
    curve = np.rint(np.sqrt(np.arange(4096) / 4095) * 4095).astype(np.uint16)
    made = read(FILM, 12, ModalityLUTSequence=lut_of(curve))
    assert (made.samples == curve[FILM]).all()
    turned = read(FILM, 12, photometric="MONOCHROME1", ModalityLUTSequence=lut_of(curve))
    assert (turned.samples == 4095 - curve[FILM]).all()


def test_codes_outside_a_modality_lut_take_its_first_or_last_entry() -> None:
    curve = np.arange(1000, 2000, dtype=np.uint16)
    made = read(FILM, 12, ModalityLUTSequence=lut_of(curve, first=500))
    assert (made.samples == np.clip(FILM.astype(int) - 500, 0, 999) + 1000).all()


def test_a_lut_of_65_536_entries_says_0() -> None:
    curve = np.arange(65_536, dtype=np.uint16)[::-1]
    made = read(FILM, 12, ModalityLUTSequence=lut_of(curve, bits=16))
    assert (made.samples == 65_535 - FILM).all()


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (None, (2047.5, 999.0)),
        ("LINEAR", (2047.5, 999.0)),
        ("LINEAR_EXACT", (2048.0, 1000.0)),
        ("SIGMOID", (2048.0, 1000.0)),
    ],
)
def test_the_first_window_is_kept_in_film_samples(
    function: str | None, expected: tuple[float, float]
) -> None:
    window = {"WindowCenter": [2048, 1], "WindowWidth": [1000, 2]}
    if function:
        window["VOILUTFunction"] = function  # type: ignore[assignment]
    assert read(FILM, 12, **window).says.window == expected
    turned = read(4095 - FILM, 12, photometric="MONOCHROME1", **window).says.window
    assert turned == (4095 - expected[0], expected[1])


def test_a_window_follows_the_rescale() -> None:
    made = read(
        FILM, 12, RescaleSlope=0.5, RescaleIntercept=-100,
        WindowCenter=400, WindowWidth=200, VOILUTFunction="LINEAR_EXACT",
    )  # fmt: skip
    assert made.says.window == (1000.0, 400.0)


def test_the_window_of_the_same_film_is_one_window_in_both_polarities() -> None:
    exact = {"VOILUTFunction": "LINEAR_EXACT"}
    plain = read(FILM, 12, WindowCenter=3000, WindowWidth=800, **exact)
    turned = read(
        4095 - FILM, 12, photometric="MONOCHROME1", WindowCenter=1095, WindowWidth=800, **exact
    )
    assert plain.says.window == turned.says.window


def test_a_voi_lut_is_kept_as_the_window_where_it_rises() -> None:
    curve = np.clip((np.arange(4096) - 1000) * 4, 0, 4095).astype(np.uint16)
    centre, width = read(FILM, 12, VOILUTSequence=lut_of(curve)).says.window
    assert centre == pytest.approx(1000 + 4095 / 8, abs=2)
    assert width == pytest.approx(0.96 * 4095 / 4, abs=2)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"WindowCenter": 100, "WindowWidth": 0},
        {"WindowCenter": 100, "WindowWidth": 1},
        {"WindowCenter": 100},
        {"VOILUTSequence": lut_of(np.zeros(10))},
    ],
)
def test_a_window_that_shows_nothing_is_none(tags: dict[str, Any]) -> None:
    assert read(FILM, 12, **tags).says.window == ()
