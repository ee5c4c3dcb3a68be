"""Even places of a film: a few levels written in them are plain, whatever is beside them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.burned_in import Writing
from bench.faint import faintly
from ingest.even_places import even_view
from ingest.renditions import develop
from ingest.text_in_film import TextLook
from ingest.text_reader import RapidReader
from ingest.text_views import GROUND
from schemas.errors import Doubt
from stack.phantoms import draw

NAME = Writing("DURAND Eric", 36, "light", "corner", "outline")


@pytest.fixture(scope="module")
def look() -> TextLook:
    return TextLook([RapidReader()])


def bordered(level: int) -> NDArray[np.uint16]:
    """Return a phantom of 12 bits under an even border of 70 rows of 1,094."""
    return np.pad(draw(9001, 1024), ((70, 0), (0, 0)), constant_values=level)


def named(film: NDArray[np.uint16], levels: int) -> NDArray[np.uint16]:
    """Return it with a name written in the border, so many levels from it."""
    mask = faintly(np.zeros((1024, 1024), np.uint16), NAME, 2, 4095).astype(np.int32)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    letters = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    made = film.astype(np.int32)
    made[14 : 14 + len(letters), 600 : 600 + letters.shape[1]] += levels * letters // 4095
    return made.astype(np.uint16)


@pytest.mark.parametrize("level", [0, 300, 2000])
def test_a_name_of_24_levels_in_an_even_border_beside_anatomy_is_found(
    look: TextLook, level: int
) -> None:
    film = bordered(level)
    look.check(develop(film))
    with pytest.raises(Doubt):
        look.check(develop(named(film, 24)))


def test_a_name_of_2_levels_of_255_beside_anatomy_is_found(look: TextLook) -> None:
    film = (bordered(300) >> 4).astype(np.uint16)
    look.check(develop(film.astype(np.uint8)))
    with pytest.raises(Doubt):
        look.check(develop(named(film, 2).astype(np.uint8)))


def test_what_is_not_even_and_what_is_small_is_left_out() -> None:
    picture = np.random.default_rng(2).normal(30_000, 2_000, (300, 300)).astype(np.float32)
    picture[100:140, 100:140] = 20_000
    assert even_view(picture, 5.0) is None
    picture[:40] = 20_000
    picture[10:20, 100:104] = 20_300
    view = even_view(picture, 5.0)
    assert view is not None
    assert (view[10:20, 101:103] == 255).all()
    assert (view[50:] == GROUND).all()


def test_grain_within_an_even_place_is_drawn_as_grain() -> None:
    picture = np.random.default_rng(2).normal(30_000, 60, (200, 300)).astype(np.float32)
    view = even_view(picture, 5.0)
    assert view is not None
    assert np.mean(np.abs(view.astype(int) - GROUND) > 48) < 0.05
