import io

import numpy as np
import pytest
from PIL import Image

from ingest.readers import read_film
from ingest.renditions import develop, windowed_to_8_bits
from ingest.says import FileSays
from schemas.film_tensor import to_8_bits, to_tensor
from schemas.identities import film_id
from schemas.presentation import AS_STORED, Presentation
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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_model_is_given_the_same_whether_it_was_foreseen_or_another_went_live(
    dtype: type,
) -> None:
    film = drawn(dtype=dtype)
    made = develop(film, side=64)
    assert len(made.tensor) == 64 * 64
    for side in (64, 96):
        np.testing.assert_array_equal(made.model_input(side), to_tensor(film, side))


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


def test_the_display_picture_and_thumbnail_show_the_files_window_and_the_signature_does_not() -> (
    None
):
    film = (drawn(dtype=np.uint16) >> 4).astype(np.uint16)
    plain = develop(film)
    made = develop(film, FileSays("dicom", window=(2000.0, 1000.0)))
    expected = np.clip((film.astype(float) - 1500) * 255 / 1000, 0, 255)
    for picture in (made.display, made.thumbnail):
        assert np.abs(np.asarray(opened(picture)).astype(int) - expected).mean() < 6
    assert made.display != plain.display
    assert (made.film, made.full, made.signature) == (plain.film, plain.full, plain.signature)


def test_a_window_works_on_8_bits_too() -> None:
    film = drawn()
    shown = windowed_to_8_bits(film, (128.0, 128.0))
    assert shown is not None
    expected = np.clip(np.rint((film.astype(float) - 64) * 255 / 128), 0, 255)
    assert (shown == expected).all()


@pytest.mark.parametrize(
    "window",
    [(), (60_000.0, 100.0), (-500.0, 100.0), (2000.0, 2.0), (2000.0, 60_000.0)],
    ids=["none", "above", "below", "a cut", "far too wide"],
)
def test_a_window_that_shows_no_film_gives_way_to_the_models(window: tuple[float, ...]) -> None:
    film = (drawn(dtype=np.uint16) >> 4).astype(np.uint16)
    assert develop(film, FileSays("dicom", window=window)).display == develop(film).display


TURNED = Presentation(orientation=6)


def test_a_turned_film_is_shown_turned_and_stored_as_it_lies() -> None:
    film = drawn(200, 128)
    made = develop(film, presentation=TURNED, side=64)
    assert (read_film(made.full, 100_000) == film).all()
    assert (made.width, made.height) == (128, 200)
    upright = develop(np.ascontiguousarray(TURNED.turned(film)), side=64)
    assert made.film != upright.film
    for name in ("display", "thumbnail", "signature", "tensor"):
        assert getattr(made, name) == getattr(upright, name)


@pytest.mark.parametrize("turned", [AS_STORED, TURNED])
def test_samples_that_are_not_square_are_displayed_square(turned: Presentation) -> None:
    how = turned.model_copy(update={"pixel_aspect": 2.0})
    made = develop(drawn(100, 150, np.uint16), presentation=how)
    size = (200, 150) if turned is TURNED else (150, 200)
    assert opened(made.display).size == opened(made.thumbnail).size == size
    assert opened(made.full).size == (150, 100)


def test_pictures_of_a_large_film_that_is_not_square_are_no_longer_than_stated() -> None:
    made = develop(drawn(1500, 400), presentation=Presentation(pixel_aspect=2.0))
    assert opened(made.display).size == (213, 1600)


def test_padding_is_drawn_as_background_and_moves_no_window() -> None:
    film = (drawn(128, 128, np.uint16) >> 4).astype(np.uint16)
    padded = np.pad(film, 32, constant_values=65_535)
    padding = Presentation(padding=(65_535, 65_535))
    for window in ((), (2000.0, 3000.0)):
        plain = develop(film, FileSays("dicom", window=window), side=48)
        made = develop(padded, FileSays("dicom", window=window), 48, padding)
        shown = np.asarray(opened(made.display)).astype(int)
        inside = np.asarray(opened(plain.display)).astype(int)
        assert np.abs(shown[32:-32, 32:-32] - inside).mean() < 3
        assert shown[:24].max() < 12
        assert (made.tensor, made.signature) == (plain.tensor, plain.signature)
        assert made.presentation.within == (32, 32, 160, 160)
