"""What is done to stored samples before they are shown or scored."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.film_tensor import (
    PREPROCESSING_HASH,
    preprocessing_hash,
    to_8_bits,
    to_tensor,
)
from schemas.presentation import AS_STORED, ORIENTATIONS, Presentation
from tests.ingest.films import drawn

FILM = drawn(96, 64, np.uint16) >> 4


def bordered(film: NDArray[Any], value: int, edge: int = 9) -> NDArray[Any]:
    return np.pad(film, ((edge, 2 * edge), (3 * edge, 0)), constant_values=value)


def scattered(film: np.ndarray, value: int) -> np.ndarray:
    made = film.copy()
    made.ravel()[np.random.default_rng(1).permutation(film.size)[: film.size // 50]] = value
    return made


@pytest.mark.parametrize("value", [0, 4095, 65_535])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_border_of_padding_changes_nothing_that_a_model_is_given(
    value: int, dtype: type
) -> None:
    film = FILM if dtype == np.uint16 else drawn(96, 64) // 2 + 20
    value = min(value, 255) if dtype == np.uint8 else value
    film[film == value] -= 1
    padded = bordered(film, value)
    how = Presentation(padding=(value, value)).found_in(padded)
    assert how.within == (27, 9, 27 + 64, 9 + 96)
    np.testing.assert_array_equal(to_tensor(padded, 48, how), to_tensor(film, 48))


@pytest.mark.parametrize("value", [0, 65_535])
def test_padding_in_columns_or_scattered_is_background_and_moves_no_other_sample(
    value: int,
) -> None:
    how = Presentation(padding=(value, value))
    plain = to_8_bits(FILM).astype(int)
    columns = FILM.copy()
    columns[:, 20:23] = value
    for padded in (columns, scattered(FILM, value)):
        grey = to_8_bits(padded, how.found_in(padded)).astype(int)
        assert not grey[padded == value].any()
        assert np.abs(grey - plain)[padded != value].max() <= 2
        # Without it, the padding itself sets black or white.
        assert value == 0 or np.abs(to_8_bits(padded) - plain).mean() > 40


@pytest.mark.parametrize("value", [0, 65_535])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("side", [48, 96, 200], ids=["smaller", "as it is", "larger"])
@pytest.mark.parametrize("every", [7, 50])
def test_gaps_of_padding_are_closed_whatever_size_a_model_eats(
    every: int, side: int, dtype: type, value: int
) -> None:
    film = np.add.outer(np.arange(96), np.arange(96)).astype(np.uint8) + 20
    film = film.astype(dtype) * (1 if dtype == np.uint8 else 200)
    value = min(value, 255) if dtype == np.uint8 else value
    for lines in (np.s_[:, 3::every], np.s_[3::every]):
        padded: NDArray[Any] = film.copy()
        padded[lines] = value
        how = Presentation(padding=(value, value)).found_in(padded)
        apart = to_tensor(padded, side, how).astype(int) - to_tensor(film, side)
        assert np.abs(apart).mean() <= 2
        assert np.abs(apart).max() <= 12


@pytest.mark.parametrize("side", [64, 128, 256])
def test_a_wide_gap_within_a_film_is_background_and_what_is_beside_it_stays(side: int) -> None:
    film = np.full((128, 128), 180, np.uint8)
    film[:, 40:80] = 255
    how = Presentation(padding=(255, 255)).found_in(film)
    tensor = to_tensor(film, side, how)
    scale = side / 128
    inside = tensor[:, round(42 * scale) : round(78 * scale)]
    assert not inside.any()
    beside = np.delete(tensor, np.s_[round(39 * scale) : round(81 * scale)], axis=1)
    assert (np.abs(beside.astype(int) - 180) <= 1).all()


def test_padding_that_a_film_does_not_have_leaves_it_as_it_is_stored() -> None:
    assert Presentation(padding=(50_000, 65_535)).found_in(FILM) == AS_STORED


def test_a_film_of_padding_alone_is_dark_and_no_error() -> None:
    film = np.full((64, 64), 7, np.uint16)
    how = Presentation(padding=(0, 9)).found_in(film)
    assert how.within is None
    assert not to_tensor(film, 32, how).any()


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_film_stored_turned_is_given_to_a_model_as_if_it_had_been_stored_upright(
    orientation: int,
) -> None:
    how = Presentation(orientation=orientation)
    back = {6: 8, 8: 6}.get(orientation, orientation)
    stored = np.ascontiguousarray(Presentation(orientation=back).turned(FILM))
    np.testing.assert_array_equal(how.turned(stored), FILM)
    np.testing.assert_array_equal(to_tensor(stored, 48, how), to_tensor(FILM, 48))
    assert how.shown_size(stored.shape[1], stored.shape[0]) == (64, 96)


@pytest.mark.parametrize(
    ("aspect", "stored"), [(2.0, FILM[::2]), (0.5, FILM[:, ::2]), (1.5, FILM[::3])]
)
def test_samples_that_are_not_square_are_shown_and_scored_as_if_they_were(
    aspect: float, stored: np.ndarray
) -> None:
    height, width = stored.shape
    how = Presentation(pixel_aspect=aspect)
    shown = how.shown_size(width, height)
    assert shown == (round(width / min(aspect, 1)), round(height * max(aspect, 1)))
    tensor = to_tensor(stored, 48, how)
    # What is not padding of the square has the film's own aspect.
    rows, columns = (np.flatnonzero(tensor.any(axis=axis)) for axis in (1, 0))
    assert len(columns) / len(rows) == pytest.approx(shown[0] / shown[1], abs=0.03)


def test_a_square_film_scanned_with_half_the_rows_is_the_same_to_a_model() -> None:
    smooth = np.add.outer(np.arange(128), np.arange(128)).astype(np.uint8)
    how = Presentation(pixel_aspect=2.0)
    apart = to_tensor(smooth[::2], 64, how).astype(int) - to_tensor(smooth, 64)
    assert np.abs(apart).max() <= 3


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_part_inside_a_border_is_found_again_in_the_picture(orientation: int) -> None:
    padded = bordered(FILM, 65_535)
    how = Presentation(padding=(65_535, 65_535), orientation=orientation).found_in(padded)
    seen = how.turned(padded)
    left, top, right, bottom = how.place_within(padded.shape[1], padded.shape[0])
    height, width = seen.shape
    inside = seen[round(top * height) : round(bottom * height)]
    inside = inside[:, round(left * width) : round(right * width)]
    np.testing.assert_array_equal(inside, how.turned(how.cut(padded)))


def test_the_hash_of_what_was_done_is_another_only_where_something_else_was_done() -> None:
    assert preprocessing_hash(AS_STORED) == PREPROCESSING_HASH
    assert preprocessing_hash(Presentation(pixel_aspect=2.0)) != PREPROCESSING_HASH
    turned_round = Presentation(orientation=3)
    padded = turned_round.model_copy(update={"padding": (0, 0)})
    assert preprocessing_hash(padded) != preprocessing_hash(turned_round)
