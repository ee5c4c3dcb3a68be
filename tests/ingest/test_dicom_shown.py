"""Padding, orientation and aspect of a DICOM film, from its tags to what is shown and scored."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ingest.film_of_file import film_of_file
from ingest.readers import Decoded, read_file
from ingest.renditions import Developed
from schemas.errors import Refusal
from schemas.presentation import AS_STORED, Presentation
from tests.ingest import dicoms
from tests.ingest.dicoms import dicom_of
from tests.ingest.films import drawn

LIMIT = 64_000_000
SIDE = 48
#: 12 bits, without the lowest and highest codes: those are the padding's.
FILM = np.clip(drawn(96, 80, np.uint16) >> 4, 40, 4000)


def read(*arguments: Any, **tags: Any) -> Decoded:
    return read_file(dicom_of(*arguments, **tags), LIMIT)


def developed(*arguments: Any, **tags: Any) -> Developed:
    return film_of_file(dicom_of(*arguments, **tags), LIMIT, side=SIDE)


def in_a_border(film: NDArray[Any], value: int) -> NDArray[Any]:
    return np.pad(film, ((0, 12), (20, 5)), constant_values=value)


def in_columns(film: NDArray[Any], value: int) -> NDArray[Any]:
    made = film.copy()
    made[:, 4::16] = value
    return made


def scattered(film: NDArray[Any], value: int) -> NDArray[Any]:
    made = film.copy()
    made.ravel()[np.random.default_rng(1).permutation(film.size)[: film.size // 100]] = value
    return made


@pytest.mark.parametrize("padded", [in_a_border, in_columns, scattered])
@pytest.mark.parametrize(
    ("photometric", "value"),
    [("MONOCHROME2", 0), ("MONOCHROME2", 4095), ("MONOCHROME1", 0), ("MONOCHROME1", 4095)],
)
def test_padding_is_background_and_moves_nothing_else(
    padded: Any, photometric: str, value: int
) -> None:
    codes = padded(FILM, value)
    made = developed(codes, 12, photometric=photometric, PixelPaddingValue=value)
    sample = value if photometric == "MONOCHROME2" else 4095 - value
    assert made.presentation.padding == (sample, sample)
    plain = developed(FILM, 12, photometric=photometric)
    apart = np.frombuffer(made.tensor, np.uint8).astype(int)
    apart -= np.frombuffer(plain.tensor, np.uint8)
    if padded is in_a_border:
        assert not apart.any()
        assert made.presentation.within == (20, 0, 100, 96)
    else:
        assert made.presentation.within is None
        # Where samples are missing a place is the mean of fewer; white and black stay.
        assert np.abs(apart).mean() <= 8
    # What the film is by its samples and its stored picture has the padding in it.
    assert made.film == developed(codes, 12, photometric=photometric).film


@pytest.mark.parametrize("syntax", [dicoms.EXPLICIT, dicoms.IMPLICIT, dicoms.BIG_ENDIAN])
@pytest.mark.parametrize("written", [-2000, 63_536, 2096])
def test_padding_of_signed_samples_is_understood_however_it_is_written(
    syntax: Any, written: int
) -> None:
    """As a signed value, as its 16 bits, as the 12 bits that are stored."""
    signed = np.clip(FILM.astype(np.int32) - 2048, -1990, 2000).astype(np.int16)
    data = dicoms.dataset_of(in_a_border(signed, -2000), 12)
    data.add_new("PixelPaddingValue", "SS" if written < 0 else "US", written)
    pixels = in_a_border(signed, -2000)
    data.PixelData = pixels.astype(">i2" if syntax == dicoms.BIG_ENDIAN else "<i2").tobytes()
    data["PixelData"].VR = "OW"
    made = film_of_file(dicoms.file_of(data, syntax), LIMIT, side=SIDE)
    assert made.presentation.padding == (48, 48)
    assert made.tensor == developed(signed, 12).tensor


def test_a_range_of_padding_reaches_from_its_value_to_its_limit_in_either_order() -> None:
    codes = in_a_border(FILM, 3)
    codes[0, 0] = 0
    for value, limit in ((0, 20), (20, 0)):
        made = read(codes, 12, PixelPaddingValue=value, PixelPaddingRangeLimit=limit)
        assert made.presentation.padding == (0, 20)
    turned = read(
        4095 - codes, 12, photometric="MONOCHROME1",
        PixelPaddingValue=4095, PixelPaddingRangeLimit=4000,
    )  # fmt: skip
    assert turned.presentation.padding == (0, 95)


def test_padding_goes_through_the_rescale_and_the_modality_lut() -> None:
    from tests.ingest.test_dicom_grey import lut_of

    falling = {"RescaleSlope": -1, "RescaleIntercept": 4095}
    assert read(FILM, 12, PixelPaddingValue=1, **falling).presentation.padding == (4094, 4094)
    curve = np.arange(4096, dtype=np.uint16)[::-1] // 2
    mapped = read(FILM, 12, PixelPaddingValue=0, ModalityLUTSequence=lut_of(curve))
    assert mapped.presentation.padding == (2047, 2047)
    assert read(drawn() >> 2, 6, PixelPaddingValue=1).presentation.padding == (4, 4)


@pytest.mark.parametrize(
    "tags",
    [
        {"PixelPaddingRangeLimit": 20},
        {"PixelPaddingValue": 60_000},
        {"PixelPaddingValue": None},
        {"PixelPaddingValue": [], "PixelPaddingRangeLimit": 5},
    ],
    ids=["a limit alone", "more than the bits hold", "empty", "no value"],
)
def test_padding_that_says_nothing_is_none(tags: dict[str, Any]) -> None:
    made = dicoms.dataset_of(FILM, 12)
    for keyword, value in tags.items():
        made.add_new(keyword, "US", value)
    made.PixelData = FILM.tobytes()
    made["PixelData"].VR = "OW"
    found = read_file(dicoms.file_of(made, dicoms.EXPLICIT), LIMIT)
    assert found.presentation.padding is None


def test_a_film_of_padding_alone_is_blank() -> None:
    with pytest.raises(Refusal) as refused:
        developed(in_columns(np.full((80, 80), 9, np.uint16), 0), 12,
                  PixelPaddingValue=0, PixelPaddingRangeLimit=9)  # fmt: skip
    assert refused.value.code == "blank"


@pytest.mark.parametrize(
    ("tags", "aspect"),
    [
        ({"PixelAspectRatio": [2, 1]}, 2.0),
        ({"PixelAspectRatio": [1, 2]}, 0.5),
        ({"PixelAspectRatio": [100, 100]}, 1.0),
        ({"PixelSpacing": [0.3, 0.15]}, 2.0),
        ({"ImagerPixelSpacing": [0.15, 0.2]}, 0.75),
        ({"NominalScannedPixelSpacing": [0.2, 0.1]}, 2.0),
        # Spacing says it, where there is one; a ratio beside it is another maker's default.
        ({"PixelSpacing": [0.15, 0.15], "PixelAspectRatio": [2, 1]}, 1.0),
        ({"PixelAspectRatio": [0, 0]}, 1.0),
        ({"PixelAspectRatio": [-1, 2]}, 1.0),
        ({"PixelAspectRatio": 2}, 1.0),
        ({"PixelAspectRatio": [1, 1000]}, 1.0),
        ({"PixelSpacing": [0.1430, 0.1431]}, 1.0),
    ],
)
def test_samples_that_are_not_square_are_found_by_spacing_or_ratio(
    tags: dict[str, Any], aspect: float
) -> None:
    made = read(FILM, 12, **tags)
    assert made.presentation.pixel_aspect == pytest.approx(aspect)
    assert (made.samples == FILM).all()


def test_a_film_of_half_the_rows_is_to_a_model_what_the_whole_one_is() -> None:
    smooth = (np.add.outer(np.arange(128), np.arange(128)) * 15).astype(np.uint16)
    whole = np.frombuffer(developed(smooth, 12).tensor, np.uint8).astype(int)
    made = developed(np.ascontiguousarray(smooth[::2]), 12, PixelAspectRatio=[2, 1])
    assert np.abs(np.frombuffer(made.tensor, np.uint8) - whole).max() <= 4


def test_a_picture_too_long_once_its_samples_are_square_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        developed(drawn(200, 100, np.uint16) >> 4, 12, PixelAspectRatio=[3, 1])
    assert (refused.value.code, refused.value.came) == ("aspect", "100 x 600 pixels")


@pytest.mark.parametrize(
    ("said", "back"),
    [
        (["L", "F"], FILM),
        (["R", "F"], FILM[:, ::-1]),
        (["R", "H"], FILM[::-1, ::-1]),
        (["L", "H"], FILM[::-1]),
        (["F", "L"], FILM.T),
        (["F", "R"], np.rot90(FILM)),
        (["H", "L"], np.rot90(FILM, -1)),
        (["P", "H"], FILM[::-1, ::-1]),
        (["F", "A"], np.rot90(FILM)),
    ],
)
def test_a_film_that_lies_otherwise_is_turned_and_its_samples_stay(
    said: list[str], back: NDArray[Any]
) -> None:
    upright = developed(FILM, 12)
    stored = np.ascontiguousarray(back)
    made = developed(stored, 12, PatientOrientation=said)
    assert made.tensor == upright.tensor
    assert made.display == upright.display
    assert (made.width, made.height) == (stored.shape[1], stored.shape[0])
    assert made.film == developed(stored, 12).film
    assert (made.presentation == AS_STORED) == (said == ["L", "F"])


def test_a_film_on_its_side_with_a_border_and_oblong_samples_is_what_it_is_without() -> None:
    tall = np.clip(drawn(160, 80, np.uint16) >> 4, 40, 4000)
    stored = np.ascontiguousarray(np.rot90(tall)[:, ::2])
    made = developed(
        in_a_border(stored, 4095), 12, PixelPaddingValue=4095, PatientOrientation=["F", "R"],
        PixelSpacing=[0.1, 0.2],
    )  # fmt: skip
    assert made.presentation == Presentation(
        padding=(4095, 4095), within=(20, 0, 100, 80), orientation=6, pixel_aspect=0.5
    )
    alone = developed(stored, 12, PatientOrientation=["F", "R"], PixelSpacing=[0.1, 0.2])
    assert made.tensor == alone.tensor


def test_what_a_steward_draws_over_a_turned_picture_is_blacked_out_there() -> None:
    stored = np.ascontiguousarray(np.rot90(FILM))
    data = dicom_of(stored, 12, PatientOrientation=["F", "R"])
    made = film_of_file(data, LIMIT, [(0.0, 0.5, 0.25, 0.25)], SIDE)
    shown = np.asarray(Image.open(io.BytesIO(made.display)))
    assert shown.shape == FILM.shape
    assert shown[50:70, 2:18].max() < 10
    assert np.abs(shown[4:44].astype(int) - _displayed(FILM)[4:44]).mean() < 12


def _displayed(film: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(developed(film, 12).display))).astype(int)


def test_colour_and_palettes_are_turned_and_squared_too() -> None:
    tags: dict[str, Any] = {"PatientOrientation": ["R", "H"], "PixelAspectRatio": [2, 1]}
    made = read(np.repeat(drawn()[..., None], 3, axis=2), 8, photometric="RGB", **tags)
    assert made.presentation == Presentation(orientation=3, pixel_aspect=2.0)
