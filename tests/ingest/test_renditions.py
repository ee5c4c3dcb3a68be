import io

import numpy as np
import pytest
from PIL import Image

from ingest.readers import read_film
from ingest.renditions import develop
from schemas.film_tensor import to_8_bits
from schemas.identities import film_id
from tests.ingest.films import drawn


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_full_png_gives_the_samples_back_and_holds_nothing_else(dtype: type) -> None:
    film = drawn(dtype=dtype)
    made = develop(film)
    assert (read_film(made.full, 10_000) == film).all()
    assert (made.film, made.width, made.height) == (film_id(film), 72, 80)
    assert made.bits == film.dtype.itemsize * 8
    assert not opened(made.full).info


def test_pictures_are_8_bit_jpegs_no_longer_than_stated() -> None:
    made = develop(drawn(2000, 1000, np.uint16))
    display, thumbnail = opened(made.display), opened(made.thumbnail)
    assert (display.format, display.mode, display.size) == ("JPEG", "L", (800, 1600))
    assert (thumbnail.format, thumbnail.mode, thumbnail.size) == ("JPEG", "L", (128, 256))


def test_a_small_film_is_never_enlarged() -> None:
    made = develop(drawn())
    assert opened(made.display).size == opened(made.thumbnail).size == (72, 80)


def test_the_display_picture_shows_16_bits_windowed_as_for_the_model() -> None:
    film = drawn(dtype=np.uint16) // 16 + 300
    shown = np.asarray(opened(develop(film).display)).astype(int)
    assert np.abs(shown - to_8_bits(film)).mean() < 5


def test_the_signature_is_the_mean_of_each_32nd() -> None:
    film = drawn(128, 64)
    expected = film.reshape(32, 4, 32, 2).mean(axis=(1, 3))
    signature = np.frombuffer(develop(film).signature, np.uint8).reshape(32, 32)
    assert np.abs(signature - expected).max() <= 1
