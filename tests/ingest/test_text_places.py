"""Where text may be in a film: every kind of writing lies in a place, and places are few."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.burned_in import FACES, INKS, SHARES, Writing, written
from ingest.text_places import STEP, places, reduced
from stack.phantoms import draw, to_8_bits

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def clean() -> Picture:
    return to_8_bits(draw(5, 512))


def covered(picture: Picture) -> NDArray[np.bool_]:
    """Return which pixels lie in a place."""
    mask = np.zeros(picture.shape, bool)
    for place in places(picture):
        mask[place] = True
    return mask


@pytest.mark.slow
@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("ink", INKS)
@pytest.mark.parametrize("share", SHARES)
def test_writing_of_every_kind_and_size_lies_in_a_place(
    clean: Picture, face: str, ink: str, share: int
) -> None:
    for number, place in enumerate(("corner", "border", "middle")):
        writing = Writing("MARTIN 04/05/1961", share=share, ink=ink, place=place, face=face)
        film = written(clean, writing, number)
        changed = np.abs(film.astype(int) - clean) > 20
        assert covered(film)[changed].mean() > 0.97, place


@pytest.mark.parametrize("seed", range(5))
def test_of_a_film_without_writing_little_is_a_place(seed: int) -> None:
    film = to_8_bits(draw(seed, 640))
    # Its own word in the corner is one.
    assert covered(film)[5:20, 20:60].all()
    assert covered(film).mean() < 0.08


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_an_even_picture_has_no_place(shade: int) -> None:
    assert places(np.full((300, 400), shade, np.uint8)) == []


@pytest.mark.parametrize(("high", "wide"), [(512, 640), (301, 217), (40, 40), (20, 700), (1, 1)])
def test_places_lie_within_the_picture_and_are_as_large_as_the_detector_wants(
    high: int, wide: int
) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (high, wide), np.uint8)
    found = places(noise)
    for rows, columns in found:
        assert 0 <= rows.start < rows.stop <= high
        assert 0 <= columns.start < columns.stop <= wide
        for size, whole in ((rows.stop - rows.start, high), (columns.stop - columns.start, wide)):
            assert size % STEP == 0 or size == whole
    assert bool(found) == (min(high, wide) > 20)


def test_two_words_side_by_side_are_one_place_and_two_corners_are_two(clean: Picture) -> None:
    def with_words(*places_: tuple[int, int]) -> Picture:
        film = np.full((512, 512), 60, np.uint8)
        for row, column in places_:
            film[row : row + 12, column : column + 60 : 4] = 220
        return film

    assert len(places(with_words((40, 40), (40, 110)))) == 1
    assert len(places(with_words((40, 40), (450, 420)))) == 2


def test_a_picture_is_reduced_to_a_side_and_never_enlarged() -> None:
    picture = np.full((1600, 800), 77, np.uint8)
    assert reduced(picture, 640).shape == (640, 320)
    assert (reduced(picture, 640) == 77).all()
    assert reduced(picture, 2000) is picture
