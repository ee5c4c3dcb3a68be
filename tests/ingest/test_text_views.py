"""The samples of a film as the look for text sees them: faint writing is drawn as any."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.burned_in import Writing
from bench.faint import collimated, faintly, of_12_bits
from ingest.renditions import develop
from ingest.says import FileSays
from ingest.text_in_film import TextLook, without
from ingest.text_places import places
from ingest.text_reader import Line, RapidReader
from ingest.text_views import CONTRAST, GROUND, SIDE, local_views, small_of
from schemas.errors import Doubt
from schemas.presentation import Presentation
from stack.phantoms import draw, to_8_bits

NAME = Writing("DURAND Eric 1961", 30, "light", "corner", "outline")


@pytest.fixture(scope="module")
def look() -> TextLook:
    return TextLook([RapidReader()])


@pytest.fixture(scope="module")
def border() -> NDArray[np.uint16]:
    """Return a phantom of 12 bits with a collimated border."""
    return collimated(of_12_bits(to_8_bits(draw(5, 512)), 640, 1), 1)


@pytest.mark.parametrize("share", [40, 20, 12])
def test_a_name_of_24_levels_of_4095_is_found_though_the_display_shows_none(
    look: TextLook, border: NDArray[np.uint16], share: int
) -> None:
    film = develop(faintly(border, replace(NAME, share=share), 2, 24))
    with pytest.raises(Doubt):
        look.check(film)
    look.check(develop(border))


@pytest.mark.parametrize("turns", range(4))
def test_faint_writing_is_found_in_all_turns_and_mirrored(
    look: TextLook, border: NDArray[np.uint16], turns: int
) -> None:
    film = np.rot90(faintly(border, NAME, 2, 24), turns)
    with pytest.raises(Doubt):
        look.check(develop(np.ascontiguousarray(film[:, ::-1])))


def test_a_name_below_the_display_s_window_is_found(
    look: TextLook, border: NDArray[np.uint16]
) -> None:
    written = faintly(border, NAME, 2, 60)
    film = develop(written, FileSays("dicom", window=(2200.0, 3600.0)))
    # What is shown of it and of a film without it is the same: all black there.
    assert film.display == develop(border, FileSays("dicom", window=(2200.0, 3600.0))).display
    with pytest.raises(Doubt):
        look.check(film)


@pytest.mark.parametrize("levels", [2, 3])
def test_a_name_of_2_levels_of_255_in_a_black_border_is_found(look: TextLook, levels: int) -> None:
    film = to_8_bits(draw(5, 512))
    film[:90] = 0
    written = faintly(film.astype(np.uint16), NAME, 2, levels).astype(np.uint8)
    with pytest.raises(Doubt):
        look.check(develop(written))


def test_a_film_s_samples_in_small_are_means_as_they_lie_when_shown() -> None:
    samples = np.zeros((2 * SIDE, SIDE), np.uint16)
    samples[:2, :2] = [[1000, 1004], [1000, 1000]]
    small = small_of(samples)
    assert (small.rows, small.columns) == (SIDE, SIDE // 2)
    assert small.samples()[0, 0] == 1001 * small.step
    turned = small_of(samples, Presentation(orientation=6))
    assert (turned.rows, turned.columns) == (SIDE // 2, SIDE)
    assert turned.samples()[0, -1] == 1001 * small.step
    flat = small_of(np.full((100, 200), 7, np.uint8), Presentation(pixel_aspect=2.0))
    assert (flat.rows, flat.columns) == (200, 200)
    assert not flat.samples().any()


def test_padding_of_one_value_is_drawn_as_the_darkest_and_what_is_written_in_padding_stays() -> (
    None
):
    samples = np.full((100, 100), 500, np.uint16)
    samples[50:] = 600
    samples[:, :20] = 60_000
    how = Presentation(padding=(60_000, 60_010))
    assert (small_of(samples, how).samples()[:, :20] == 0).all()
    samples[10:20, 5:15] = 60_005
    kept = small_of(samples, how)
    assert kept.samples()[15, 10] == kept.samples()[5, 10] + 5 * kept.step


WRITTEN = {
    "the value": ((4095, 4095), 4095, None),
    "a value of the range": ((4090, 4095), 4095, None),
    "padding that is black": ((0, 0), 0, None),
    "padding in padding": ((0, 60), 40, 0),
    "bright padding in padding": ((4050, 4095), 4060, 4095),
    "the darkest sample in padding": ((0, 0), 25, 0),
}


@pytest.mark.parametrize("variant", WRITTEN)
@pytest.mark.parametrize("inverted", [False, True])
def test_a_name_written_in_padding_is_found(
    look: TextLook, variant: str, *, inverted: bool
) -> None:
    padding, level, border = WRITTEN[variant]
    film = unpadded()
    if border is not None:
        film[:90] = border
    named = film.copy()
    named[faintly(np.zeros_like(film), NAME, 2, 4095) > 2000] = level
    if inverted:
        film, named, padding = 4095 - film, 4095 - named, (4095 - padding[1], 4095 - padding[0])
    how = Presentation(padding=padding)
    look.check(develop(film, presentation=how))
    with pytest.raises(Doubt):
        look.check(develop(named, presentation=how))


@pytest.mark.parametrize("orientation", [1, 7])
def test_a_name_in_the_padding_of_8_bits_is_found_as_it_lies(
    look: TextLook, orientation: int
) -> None:
    film = np.minimum(to_8_bits(draw(5, 512)), 254)
    film[faintly(np.zeros((512, 512), np.uint16), NAME, 2, 4095) > 2000] = 255
    how = Presentation(padding=(255, 255), orientation=orientation)
    with pytest.raises(Doubt):
        look.check(develop(film, presentation=how))


@pytest.mark.parametrize("kind", ["columns", "border", "scattered", "circle"])
def test_padding_that_is_not_written_in_is_no_text(look: TextLook, kind: str) -> None:
    film = unpadded()
    rows, columns = np.mgrid[:512, :512]
    film[
        {
            "columns": columns % 37 == 0,
            "border": (np.minimum(rows, columns) < 40) | (np.maximum(rows, columns) > 480),
            "scattered": np.random.default_rng(1).random(film.shape) < 0.01,
            "circle": np.hypot(rows - 256, columns - 256) > 250,
        }[kind]
    ] = 0
    made = develop(film, presentation=Presentation(padding=(0, 0)))
    assert made.small.padding
    look.check(made)


def test_a_film_without_padding_has_no_picture_of_it() -> None:
    film = unpadded()
    assert not develop(film).small.padding
    assert not develop(film, presentation=Presentation(padding=(0, 0))).small.padding


def unpadded() -> NDArray[np.uint16]:
    """Return a phantom of 12 bits without the codes that padding has here."""
    return np.clip(of_12_bits(to_8_bits(draw(5, 512)), 512, 1), 100, 4000)


def test_grain_alone_is_no_place_of_writing_and_writing_in_it_is() -> None:
    grain = np.random.default_rng(3).normal(1000, 12, (320, 320))
    plain = np.clip(np.rint(grain), 0, 4095).astype(np.uint16)
    for view in local_views(small_of(plain)):
        assert places(view, CONTRAST) == []
    film = faintly(plain, replace(NAME, share=20), 2, 100)
    assert places(next(local_views(small_of(film))), CONTRAST)


def test_an_even_film_is_an_even_view_and_a_tiny_one_has_none() -> None:
    views = list(local_views(small_of(np.full((400, 300), 9, np.uint8))))
    assert len(views) == 3
    assert all((view == GROUND).all() for view in views)
    assert list(local_views(small_of(np.full((8, 300), 9, np.uint8)))) == []


def test_what_is_settled_is_painted_over_and_what_is_not_stays() -> None:
    view = np.full((100, 200), 250, np.uint8)
    settled = Line("PORTABLE", 1.0, part=(0.1, 0.2, 0.4, 0.3))
    unsure = Line("PRTBL", 0.5, part=(0.6, 0.2, 0.9, 0.3))
    painted = without(view, [settled, unsure])
    assert (painted[20:30, 20:80] == GROUND).all()
    assert (painted[:, 100:] == 250).all()
    assert (view == 250).all()
