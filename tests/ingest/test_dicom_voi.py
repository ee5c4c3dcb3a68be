"""Windows, their functions and VOI LUTs of any shape: what is shown, and which way is bright."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ingest.film_of_file import film_of_file
from ingest.readers import Decoded, read_file
from ingest.renditions import curved_to_8_bits
from tests.ingest.dicoms import dicom_of
from tests.ingest.films import drawn
from tests.ingest.test_dicom_grey import lut_of

LIMIT = 64_000_000
FILM = drawn(96, 80, np.uint16) >> 4
VALUES = np.arange(4096)
RISING = np.rint(255 / (1 + np.exp(-(VALUES - 2000) / 300))).astype(np.uint16)
POLARITIES = pytest.mark.parametrize(
    ("polarity", "inverse"),
    [
        ({"photometric": "MONOCHROME2"}, False),
        ({"photometric": "MONOCHROME1"}, True),
        ({"photometric": "MONOCHROME2", "PresentationLUTShape": "INVERSE"}, True),
        ({"photometric": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}, True),
    ],
)


def read(*arguments: Any, **tags: Any) -> Decoded:
    return read_file(dicom_of(*arguments, **tags), LIMIT)


def shown(codes: NDArray[Any], **tags: Any) -> NDArray[np.int64]:
    """Return the levels that are displayed, but for what JPEG does to them."""
    made = read(codes, 12, **tags)
    levels = curved_to_8_bits(made.samples, made.curves)
    assert levels is not None
    return levels.astype(int)


@POLARITIES
def test_sigmoid_is_the_standards_own_function(polarity: dict[str, Any], *, inverse: bool) -> None:
    levels = shown(FILM, WindowCenter=1500, WindowWidth=900, VOILUTFunction="SIGMOID", **polarity)
    expected = 255 / (1 + np.exp(-4 * (FILM.astype(float) - 1500) / 900))
    expected = 255 - expected if inverse else expected
    assert np.abs(levels - expected).max() <= 0.5


def test_sigmoid_works_on_values_after_rescale_and_of_fewer_bits() -> None:
    asked: dict[str, Any] = {"WindowWidth": 450, "VOILUTFunction": "SIGMOID"}
    levels = shown(FILM, WindowCenter=650, RescaleSlope=0.5, RescaleIntercept=-100, **asked)
    expected = 255 / (1 + np.exp(-4 * (FILM.astype(float) - 1500) / 900))
    assert np.abs(levels - expected).max() <= 0.5
    small = drawn() >> 2
    made = read(small, 6, WindowCenter=30, WindowWidth=30, VOILUTFunction="SIGMOID")
    levels = np.take(made.curves[0], made.samples).astype(int)
    expected = 255 / (1 + np.exp(-4 * (small.astype(float) - 30) / 30))
    assert np.abs(levels - expected).max() <= 0.5


@POLARITIES
@pytest.mark.parametrize("falling", [False, True])
def test_a_voi_lut_of_any_shape_is_shown_as_it_is_and_polarity_comes_after_it(
    polarity: dict[str, Any], *, falling: bool, inverse: bool
) -> None:
    entries = RISING[::-1].copy() if falling else RISING
    levels = shown(FILM, VOILUTSequence=lut_of(entries, bits=8), **polarity)
    expected = entries[FILM].astype(int)
    assert (levels == (255 - expected if inverse else expected)).all()


@POLARITIES
@pytest.mark.parametrize("falling", [False, True])
def test_no_model_is_given_a_negative(
    polarity: dict[str, Any], *, falling: bool, inverse: bool
) -> None:
    """What the file means to be seen bright is high in the samples, whichever way it says so."""
    entries = RISING[::-1].copy() if falling else RISING
    made = read(FILM, 12, VOILUTSequence=lut_of(entries, bits=8), **polarity)
    assert (made.samples == (4095 - FILM if falling != inverse else FILM)).all()
    levels = np.take(made.curves[0], made.samples).astype(int)
    assert np.corrcoef(levels.ravel(), made.samples.ravel())[0, 1] > 0.9


def test_the_display_picture_is_what_the_lut_makes_of_the_film() -> None:
    humped = np.rint(np.sin(VALUES / 4095 * np.pi / 1.5) * 4095).astype(np.uint16)
    smooth = np.repeat(np.repeat(FILM[::8, ::8], 8, axis=0), 8, axis=1)
    made = film_of_file(dicom_of(smooth, 12, VOILUTSequence=lut_of(humped)), LIMIT)
    levels = np.asarray(Image.open(io.BytesIO(made.display))).astype(int)
    assert np.abs(levels - humped[smooth] / 4095 * 255).mean() < 3


def test_a_lut_that_says_16_bits_and_uses_12_is_not_dark() -> None:
    entries = (VALUES[::-1] * 0 + VALUES).astype(np.uint16)
    assert (
        np.abs(shown(FILM, VOILUTSequence=lut_of(entries, bits=16)) - FILM / 4095 * 255).max() < 1
    )


def test_codes_outside_a_voi_lut_take_its_first_or_last_entry() -> None:
    entries = np.arange(0, 4000, 2, dtype=np.uint16)
    levels = shown(FILM, VOILUTSequence=lut_of(entries, first=1000))
    expected = entries[np.clip(FILM.astype(int) - 1000, 0, 1999)] / 4095 * 255
    assert np.abs(levels - expected).max() <= 0.5


def test_a_voi_lut_whose_first_value_is_below_0_is_read_as_signed() -> None:
    signed = (FILM.astype(np.int32) - 2048).astype(np.int16)
    levels = shown(signed, VOILUTSequence=lut_of(RISING, first=-2048, bits=8))
    assert (levels == RISING[FILM]).all()


@pytest.mark.parametrize("entries", [np.where(VALUES < 4090, 0, 4095), np.full(4096, 7)])
def test_a_lut_that_shows_no_film_gives_way_to_a_window_and_then_to_the_models(
    entries: NDArray[Any],
) -> None:
    lut = lut_of(entries.astype(np.uint16))
    plain = film_of_file(dicom_of(FILM, 12), LIMIT)
    assert film_of_file(dicom_of(FILM, 12, VOILUTSequence=lut), LIMIT).display == plain.display
    window: dict[str, Any] = {"WindowCenter": 2000, "WindowWidth": 1500}
    asked = film_of_file(dicom_of(FILM, 12, **window), LIMIT)
    assert asked.display != plain.display
    both = film_of_file(dicom_of(FILM, 12, VOILUTSequence=lut, **window), LIMIT)
    assert both.display == asked.display


def test_a_falling_lut_says_its_window_too() -> None:
    falling = np.clip((3000 - VALUES) * 4, 0, 4095).astype(np.uint16)
    made = read(4095 - FILM, 12, VOILUTSequence=lut_of(falling))
    assert (made.samples == FILM).all()
    centre, width = made.says.window
    assert centre == pytest.approx(4095 - (3000 - 4095 / 8), abs=2)
    assert width == pytest.approx(0.96 * 4095 / 4, abs=2)
