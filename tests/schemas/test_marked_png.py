"""A film's PNG that says how it is shown: the samples stay, the mark comes back."""

import io

import numpy as np
import pytest
from PIL import Image

from schemas.film_tensor import read_png
from schemas.marked_png import KEYWORD, UNMARKED, Mark, mark_of, marked
from schemas.presentation import Presentation

SAMPLES = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000


def png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(SAMPLES).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    "mark",
    [
        Mark(inverted=True),
        Mark(
            presentation=Presentation(
                padding=(0, 9), within=(1, 0, 4, 3), orientation=5, pixel_aspect=1.3
            )
        ),
        Mark(presentation=Presentation(orientation=2), inverted=True),
    ],
)
def test_a_mark_comes_back_and_the_samples_are_the_same(mark: Mark) -> None:
    made = marked(png(), mark)
    with Image.open(io.BytesIO(made)) as image:
        image.verify()
        assert mark_of(image.info) == mark
    np.testing.assert_array_equal(read_png(made, "f"), SAMPLES)


def test_a_film_that_is_shown_as_it_is_stored_keeps_its_bytes() -> None:
    assert marked(png(), UNMARKED) == png()
    assert mark_of({}) == UNMARKED


def test_what_is_no_png_and_no_mark_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted our PNG, came 4 other bytes"):
        marked(b"GIF8", UNMARKED)
    for text in ("{", '{"inverted": 3}', '{"presentation": {"orientation": 9}}', '{"x": 1}'):
        with pytest.raises(ValueError, match="wanted a radiotheque-film of ours"):
            mark_of({KEYWORD: text})
