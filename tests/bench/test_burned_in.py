"""What the look for text is measured on is written as it is meant to be."""

import numpy as np
import pytest

from bench.burned_in import Writing, letters


@pytest.mark.parametrize(("accented", "bare"), [("é", "e"), ("Ü", "U"), ("à", "a")])
def test_accents_are_drawn_above_the_letter_that_the_typeface_has(
    accented: str, bare: str
) -> None:
    drawn, plain = (
        letters(Writing(text, 50, "light", "corner", "outline"), 30) for text in (accented, bare)
    )
    high = plain.shape[0]
    assert high + 3 <= drawn.shape[0] <= high + 12
    wide = min(drawn.shape[1], plain.shape[1])
    assert abs(drawn.shape[1] - plain.shape[1]) <= 4
    assert np.array_equal(drawn[-high // 2 :, :wide] > 0, plain[-high // 2 :, :wide] > 0)
