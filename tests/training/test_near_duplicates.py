"""The same film twice is found whatever was done to it; two chests of one build are two films."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from schemas.film_tensor import picture_area, to_tensor
from stack import phantoms
from training.data import near_duplicates
from training.data.film_cache import CachedFilms
from training.data.film_likeness import COARSE, FINE, MIDDLE, likeness
from training.data.near_duplicates import ALIKE, groups, kept_groups
from training.errors import WrongInput

Film = NDArray[np.uint8]
SIDE: Final = 128
COUNT: Final = 16


def cached(films: Sequence[Film], readable: Sequence[bool] | None = None) -> CachedFilms:
    return CachedFilms(
        pixels=np.stack([to_tensor(film, SIDE) for film in films]),
        areas=np.array([picture_area(SIDE, *film.shape[::-1]) for film in films], np.int16),
        readable=np.ones(len(films), bool) if readable is None else np.array(readable),
        problems=(),
        folder=Path(),
    )


def jpeg(
    film: NDArray[np.floating] | Film, quality: int, size: tuple[int, int] | None = None
) -> Film:
    image = Image.fromarray(np.clip(np.rint(film), 0, 255).astype(np.uint8))
    if size is not None:
        image = image.resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out).convert("L"))


@pytest.fixture(scope="module")
def chests() -> list[Film]:
    """Return drawn chests of many builds, wide and high ones, some with black around."""
    films = [phantoms.to_8_bits(phantoms.draw(seed, 384)) for seed in range(1, COUNT + 1)]
    return [film[:, 20:-20] if n % 3 == 0 else film for n, film in enumerate(films)]


def around(film: Film) -> NDArray[np.float64]:
    return film.astype(np.float64)


CHANGES: Final[dict[str, Callable[[Film], Film]]] = {
    "a copy": lambda film: film,
    "compressed hard": lambda film: jpeg(film, 20),
    "half the size": lambda film: jpeg(film, 60, (film.shape[1] // 2, film.shape[0] // 2)),
    "a third more": lambda film: jpeg(film, 75, (film.shape[1] * 4 // 3, film.shape[0] * 4 // 3)),
    "paler": lambda film: jpeg(around(film) * 0.8 + 30, 75),
    "darker": lambda film: jpeg(around(film) * 0.6, 75),
    "another gamma": lambda film: jpeg(255 * (around(film) / 255) ** 0.7, 75),
    "a window": lambda film: jpeg((around(film) - 30) * 255 / 190, 75),
    "inverted": lambda film: 255 - film,
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_film_is_found_whatever_was_done_to_it(chests: list[Film], change: str) -> None:
    again = [CHANGES[change](film) for film in chests]
    assert groups(cached([*chests, *again])).tolist() == [*range(COUNT)] * 2


def test_merely_similar_chests_are_each_its_own(chests: list[Film]) -> None:
    coarse, fine = (likeness(*pictures(chests), grid) for grid in (COARSE, FINE))
    apart = np.triu_indices(COUNT, 1)
    assert (coarse @ coarse.T)[apart].max() > 0.6
    assert (fine @ fine.T)[apart].max() < ALIKE
    assert groups(cached(chests)).tolist() == [*range(COUNT)]


def pictures(films: Sequence[Film]) -> tuple[Film, NDArray[np.int16]]:
    found = cached(films)
    return found.pixels, found.areas


def test_the_same_build_with_another_patch_is_another_film(chests: list[Film]) -> None:
    """A film of next week: the same chest, moved and turned a little."""
    turned = [
        np.asarray(Image.fromarray(film).rotate(3, Image.Resampling.BICUBIC, translate=(7, -5)))
        for film in chests
    ]
    assert groups(cached([*chests, *turned])).tolist() == [*range(2 * COUNT)]


def test_what_is_the_same_as_the_same_is_the_same(chests: list[Film]) -> None:
    one, other = chests[:2]
    films = [other, jpeg(one, 90), one, jpeg(other, 40), jpeg(one, 40), chests[2], jpeg(one, 30)]
    assert groups(cached(films)).tolist() == [0, 1, 1, 0, 1, 5, 1]


def test_films_without_structure_or_that_cannot_be_read_are_the_same_as_none(
    chests: list[Film],
) -> None:
    black, grey = np.zeros((90, 70), np.uint8), np.full((90, 90), 128, np.uint8)
    films = [black, black, grey, grey, chests[0], chests[0], chests[0]]
    readable = [True, True, True, True, True, False, True]
    assert groups(cached(films, readable)).tolist() == [0, 1, 2, 3, 4, 5, 4]


def test_thousands_of_copies_are_joined_before_they_are_compared(chests: list[Film]) -> None:
    few = cached(chests)
    films = CachedFilms(
        np.tile(few.pixels, (100, 1, 1)),
        np.tile(few.areas, (100, 1)),
        np.ones(1600, bool),
        (),
        Path(),
    )
    assert groups(films).tolist() == [*range(COUNT)] * 100


def test_no_films_have_no_groups() -> None:
    pixels, areas = np.zeros((0, SIDE, SIDE), np.uint8), np.zeros((0, 4), np.int16)
    none = CachedFilms(pixels, areas, np.zeros(0, bool), (), Path())
    assert groups(none).shape == (0,)


def test_padding_counts_for_nothing() -> None:
    """Two high films share broad padding; it must not make them alike."""
    rng = np.random.default_rng(1)
    pixels, areas = pictures(list(rng.integers(90, 160, (COUNT, 384, 184), np.uint8)))
    assert (areas[:, 0] > SIDE // 8).all()
    whole = np.tile(np.array([0, 0, SIDE, SIDE], np.int16), (COUNT, 1))
    apart = np.triu_indices(COUNT, 1)
    with_it, without = (
        (vectors @ vectors.T)[apart].mean()
        for vectors in (likeness(pixels, whole, FINE), likeness(pixels, areas, FINE))
    )
    assert with_it > 0.2
    assert abs(without) < 0.02


@pytest.mark.parametrize("grid", [COARSE, MIDDLE, FINE])
def test_likeness_is_of_length_one_and_blind_to_greys(
    chests: list[Film], grid: tuple[int, int]
) -> None:
    pixels, areas = pictures(chests)
    vectors = likeness(pixels // 2, areas, grid)
    assert vectors.shape == (COUNT, grid[0] ** 2)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(COUNT), abs=1e-5)
    paler = likeness(pixels // 2 + np.uint8(60), areas, grid)
    assert (vectors * paler).sum(axis=1).min() > 0.999


def test_buckets_hold_few_of_those_who_are_not_alike() -> None:
    """Random structure in 4,000 films: a sorting compares a small part of the pairs."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(4000, 256)).astype(np.float16)
    met = sum(len(one) for one, _ in near_duplicates._met(near_duplicates._codes(vectors, 0)))
    assert 0 < met < 4000 * 4000 / 2 / 10_000


def test_groups_are_looked_for_once_and_kept_beside_the_pixels(
    chests: list[Film], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    films = replace(cached([*chests[:2], chests[0]]), folder=tmp_path)
    assert kept_groups(films).tolist() == [0, 1, 0]
    assert "sortings compared: 16 / 16" in capfd.readouterr().err
    assert kept_groups(films).tolist() == [0, 1, 0]
    assert capfd.readouterr().err == ""
    (file,) = tmp_path.iterdir()
    for wrong in (b"", b"no groups"):
        file.write_bytes(wrong)
        with pytest.raises(WrongInput, match="holds no groups"):
            kept_groups(films)
    np.save(file, np.zeros(4, np.intp))
    with pytest.raises(WrongInput, match="wanted groups of 3 films"):
        kept_groups(films)
