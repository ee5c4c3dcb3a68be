"""DICOM by content, and its pixels in every transfer syntax."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import UID

from ingest.readers import read_film
from ingest.readers.grey import luma
from schemas.identities import film_id
from tests.ingest import dicoms
from tests.ingest.dicoms import dataset_of, dicom_of, file_of
from tests.ingest.films import drawn, jpeg_of, png_of

LIMIT = 64_000_000
FILM = drawn(dtype=np.uint16) >> 4
COLOURS = np.dstack([drawn(seed=seed) for seed in (1, 2, 3)])


def names(syntaxes: tuple[UID, ...]) -> list[str]:
    return [syntax.name for syntax in syntaxes]


@pytest.mark.parametrize("syntax", dicoms.EXACT, ids=names(dicoms.EXACT))
def test_every_lossless_transfer_syntax_gives_the_samples_back(syntax: UID) -> None:
    samples = read_film(dicom_of(FILM, 12, syntax=syntax), LIMIT)
    assert samples.dtype == np.uint16
    assert (samples == FILM).all()


@pytest.mark.parametrize("syntax", dicoms.LOSSY, ids=names(dicoms.LOSSY))
def test_every_lossy_transfer_syntax_comes_near(syntax: UID) -> None:
    data = dicom_of(FILM, 12, syntax=syntax)
    far = np.abs(read_film(data, LIMIT).astype(int) - FILM)
    assert 0 < far.max() <= 8


def test_baseline_jpeg_in_dicom_is_the_film_of_the_jpeg_file() -> None:
    film = drawn()
    inside = read_film(dicom_of(film, 8, syntax=dicoms.BASELINE), LIMIT)
    assert film_id(inside) == film_id(read_film(jpeg_of(film), LIMIT))


def test_a_dicom_and_a_png_of_the_same_samples_are_one_film() -> None:
    assert film_id(read_film(dicom_of(FILM, 12), LIMIT)) == film_id(read_film(png_of(FILM), LIMIT))
    small = drawn()
    assert film_id(read_film(dicom_of(small, 8), LIMIT)) == film_id(
        read_film(png_of(small), LIMIT)
    )


@pytest.mark.parametrize("syntax", [dicoms.IMPLICIT, dicoms.EXPLICIT])
@pytest.mark.parametrize("preamble", [True, False])
def test_dicom_is_known_without_its_preamble(syntax: UID, *, preamble: bool) -> None:
    made = dataset_of(FILM, 12)
    made.PixelData = FILM.tobytes()
    made["PixelData"].VR = "OW"
    data = file_of(made, syntax, preamble=preamble)
    assert data.startswith(b"\0" * 128) == preamble
    assert (read_film(data, LIMIT) == FILM).all()


@pytest.mark.parametrize("syntax", [dicoms.IMPLICIT, dicoms.EXPLICIT])
def test_dicom_is_known_without_file_meta(syntax: UID) -> None:
    made = dataset_of(FILM, 12)
    made.PixelData = FILM.tobytes()
    made["PixelData"].VR = "OW"
    data = file_of(made, syntax, meta=False)
    assert data[:2] == b"\x08\0"
    assert (read_film(data, LIMIT) == FILM).all()


@pytest.mark.parametrize("planar", [0, 1])
def test_uncompressed_colour_becomes_its_luma(planar: int) -> None:
    stored = COLOURS if planar == 0 else np.moveaxis(COLOURS, 2, 0)
    data = dicom_of(
        COLOURS, 8, photometric="RGB", PlanarConfiguration=planar, pixels=stored.tobytes()
    )
    assert (read_film(data, LIMIT) == luma(COLOURS)).all()


@pytest.mark.parametrize(
    "syntax", [dicoms.RLE, dicoms.LOSSLESS_SV1, dicoms.JPEG_LS, dicoms.JPEG_2000]
)
def test_compressed_colour_becomes_its_luma(syntax: UID) -> None:
    data = dicom_of(COLOURS, 8, syntax=syntax, photometric="RGB")
    assert (read_film(data, LIMIT) == luma(COLOURS)).all()


def test_grey_stored_as_colour_is_the_grey_film() -> None:
    grey = drawn()
    data = dicom_of(np.dstack([grey] * 3), 8, photometric="RGB")
    assert (read_film(data, LIMIT) == grey).all()


def test_full_range_ybr_is_its_first_channel() -> None:
    data = dicom_of(COLOURS, 8, photometric="YBR_FULL")
    assert (read_film(data, LIMIT) == COLOURS[..., 0]).all()


def test_subsampled_ybr_is_its_two_lumas_of_each_four_bytes() -> None:
    film = drawn()
    quads = np.full((80, 36, 4), 128, np.uint8)
    quads[..., :2] = film.reshape(80, 36, 2)
    data = dicom_of(COLOURS, 8, photometric="YBR_FULL_422", pixels=quads.tobytes())
    assert (read_film(data, LIMIT) == film).all()


def palette(entries: NDArray[np.uint16]) -> dict[str, Any]:
    tags: dict[str, Any] = {}
    for name in ("Red", "Green", "Blue"):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [len(entries), 0, 16]
        tags[f"{name}PaletteColorLookupTableData"] = entries.tobytes()
    return tags


def test_a_palette_of_greys_is_the_grey_film() -> None:
    film = drawn()
    reversed_greys = np.arange(255, -1, -1, dtype=np.uint16) * 257
    data = dicom_of(255 - film, 8, photometric="PALETTE COLOR", **palette(reversed_greys))
    assert (read_film(data, LIMIT) == film).all()


def test_samples_of_one_byte_in_big_endian_words_come_in_order() -> None:
    film = drawn()
    swapped = film.reshape(-1, 2)[:, ::-1].tobytes()
    made = dataset_of(film, 8)
    made.PixelData = swapped
    made["PixelData"].VR = "OW"
    assert (read_film(file_of(made, dicoms.BIG_ENDIAN), LIMIT) == film).all()


def test_a_frame_in_several_fragments_is_put_together() -> None:
    from pydicom.encaps import encapsulate

    stream = dicoms.encoded(FILM, 12, dicoms.JPEG_2000)
    made = dataset_of(FILM, 12)
    made.PixelData = encapsulate([stream], fragments_per_frame=3, has_bot=False)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    assert (read_film(file_of(made, dicoms.JPEG_2000), LIMIT) == FILM).all()
