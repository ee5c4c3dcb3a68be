"""From a film's samples to the model's tensor."""

import hashlib

import numpy as np
import pytest

from schemas.film_tensor import PREPROCESSING, PREPROCESSING_HASH, to_8_bits, to_tensor


def test_an_8_bit_film_of_the_right_size_passes_unchanged() -> None:
    film = np.arange(64 * 64, dtype=np.uint32).reshape(64, 64).astype(np.uint8)
    np.testing.assert_array_equal(to_tensor(film, 64), film)


@pytest.mark.parametrize(
    ("shape", "rows", "columns"),
    [
        ((100, 50), (0, 64), (16, 48)),
        ((50, 100), (16, 48), (0, 64)),
        ((640, 10), (0, 64), (31, 32)),
        ((20, 20), (0, 64), (0, 64)),
    ],
)
def test_aspect_is_kept_the_film_centred_and_the_rest_zero(
    shape: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    tensor = to_tensor(np.full(shape, 90, np.uint8), 64)
    inside = tensor[slice(*rows), slice(*columns)]
    assert tensor.shape == (64, 64)
    assert tensor.dtype == np.uint8
    assert (inside == 90).all()
    assert tensor.sum() == inside.sum()


def test_bright_stays_bright() -> None:
    film = np.zeros((200, 200), np.uint8)
    film[:100] = 250
    tensor = to_tensor(film, 64)
    assert tensor[10, 32] == 250
    assert tensor[50, 32] == 0


def test_a_12_bit_film_in_16_bits_uses_the_whole_range() -> None:
    rng = np.random.default_rng(1)
    film = rng.integers(500, 3500, (128, 128)).astype(np.uint16)
    grey = to_8_bits(film)
    assert grey.min() == 0
    assert grey.max() == 255
    order = np.argsort(film.ravel(), kind="stable")
    assert (np.diff(grey.ravel()[order].astype(int)) >= 0).all()


def test_a_few_saturated_samples_do_not_darken_a_16_bit_film() -> None:
    rng = np.random.default_rng(2)
    film = rng.integers(1000, 3000, (200, 200)).astype(np.uint16)
    with_letter = film.copy()
    with_letter[:8, :12] = 65_535
    plain, marked = to_8_bits(film), to_8_bits(with_letter)
    assert np.abs(plain[20:].astype(int) - marked[20:].astype(int)).max() <= 2


def test_a_flat_16_bit_film_comes_out_dark_and_not_in_error() -> None:
    assert not to_tensor(np.full((64, 64), 1234, np.uint16), 64).any()


def test_a_16_bit_copy_of_an_8_bit_film_gives_nearly_the_same_tensor() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    copy = ramp.astype(np.uint16) * 257
    apart = np.abs(to_tensor(ramp, 64).astype(int) - to_tensor(copy, 64).astype(int))
    assert apart.max() <= 3


@pytest.mark.parametrize(
    "film",
    [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.float32), np.zeros((0, 4), np.uint8)],
)
def test_anything_but_grey_samples_is_refused_with_what_came(film: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"wanted uint8 or uint16 \(h, w\), came"):
        to_tensor(film, 64)


def test_what_it_computes_is_pinned_to_its_version() -> None:
    rng = np.random.default_rng(3)
    films = (
        rng.integers(0, 256, (300, 200)).astype(np.uint8),
        rng.integers(0, 4096, (200, 300)).astype(np.uint16),
    )
    found = hashlib.sha256(b"".join(to_tensor(film, 64).tobytes() for film in films)).hexdigest()
    assert (PREPROCESSING.split(":")[0], found[:16]) == ("film-tensor-1", "3debfaaf65733538")
    assert hashlib.sha256(PREPROCESSING.encode()).hexdigest().startswith(PREPROCESSING_HASH)
