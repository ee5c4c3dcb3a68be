from pathlib import Path

import numpy as np
from PIL import Image

from schemas.identities import film_id
from stack.phantoms import draw, to_8_bits, write_films


def test_a_seed_always_draws_the_same_phantom_and_another_seed_another() -> None:
    assert film_id(draw(7, 96)) == film_id(draw(7, 96))
    assert film_id(draw(7, 96)) != film_id(draw(8, 96))


def test_a_phantom_is_12_bits_in_16_with_lungs_darker_than_the_spine() -> None:
    film = draw(2, 256)
    assert film.dtype == np.uint16
    assert film.max() <= 4095
    middle = film[110:140]
    assert middle[:, 66:86].mean() < 0.7 * middle[:, 122:134].mean()


def test_phantom_files_are_of_three_kinds_and_say_what_they_are(tmp_path: Path) -> None:
    paths = write_films(tmp_path / "films", 4, side=128)
    modes = set()
    for path in paths:
        with Image.open(path) as picture:
            modes.add((path.suffix, picture.mode))
    assert len(paths) == 4
    assert modes == {(".jpg", "L"), (".png", "L"), (".png", "I;16")}


def test_the_label_phantom_is_burned_into_the_upper_left_corner() -> None:
    film = to_8_bits(draw(3, 512))
    corner = film[:30, :120]
    assert (corner > 230).sum() > 40
    assert (film[:30, 300:] > 230).sum() == 0
