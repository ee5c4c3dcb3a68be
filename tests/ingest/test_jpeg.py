import io

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from ingest.readers import read_film
from schemas.errors import Refusal
from tests.ingest.films import drawn, jpeg_of

LIMIT = 64_000_000


def pillow(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("progressive", [False, True])
def test_grey_comes_out_as_the_decoder_gives_it(progressive: bool) -> None:  # noqa: FBT001
    data = jpeg_of(drawn(), progressive=progressive)
    assert (read_film(data, LIMIT) == np.asarray(pillow(data))).all()


def test_grey_in_colour_is_grey() -> None:
    film = drawn()
    data = jpeg_of(np.repeat(film[..., None], 3, axis=2))
    difference = read_film(data, LIMIT).astype(int) - np.asarray(pillow(data).convert("L"))
    assert np.abs(difference).max() <= 1


def test_colour_becomes_luma() -> None:
    colours = np.zeros((80, 72, 3), np.uint8)
    colours[:] = (200, 40, 90)
    samples = read_film(jpeg_of(colours, subsampling=0), LIMIT)
    assert np.abs(samples.astype(float) - (0.299 * 200 + 0.587 * 40 + 0.114 * 90)).max() <= 2


def test_cmyk_becomes_luma() -> None:
    film = drawn()
    picture = Image.fromarray(np.repeat(film[..., None], 3, axis=2)).convert("CMYK")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=100)
    samples = read_film(out.getvalue(), LIMIT)
    assert np.abs(samples.astype(int) - film).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = jpeg_of(drawn(), exif=exif)
    assert (read_film(data, LIMIT) == np.asarray(ImageOps.exif_transpose(pillow(data)))).all()


def test_a_cut_jpeg_is_truncated_wherever_it_is_cut() -> None:
    data = jpeg_of(drawn())
    for length in (1, 2, 3, 10, 100, len(data) // 2, len(data) - 20):
        with pytest.raises(Refusal) as refused:
            read_film(data[:length], LIMIT)
        assert refused.value.code == "truncated"


def test_the_size_is_checked_before_decoding() -> None:
    data = bytearray(jpeg_of(drawn()))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(Refusal) as refused:
        read_film(bytes(data), LIMIT)
    assert refused.value.code == "too-large"
    with pytest.raises(Refusal) as refused:
        read_film(jpeg_of(drawn(60, 200)), LIMIT)
    assert refused.value.code == "too-small"


@pytest.mark.parametrize(("marker", "bits"), [(0xC3, 8), (0xC9, 8), (0xC1, 12)])
def test_lossless_arithmetic_and_12_bit_jpegs_are_unsupported(marker: int, bits: int) -> None:
    data = bytearray(jpeg_of(drawn()))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = marker, bits
    with pytest.raises(Refusal) as refused:
        read_film(bytes(data), LIMIT)
    assert refused.value.code == "unsupported"
