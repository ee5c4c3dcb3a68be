"""From the directions that a file says of rows and columns to how its film is turned."""

import numpy as np
import pytest

from schemas.film_turns import turn_of
from schemas.presentation import ORIENTATIONS, turned

OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}


def directions(stored: tuple[str, str], orientation: int) -> tuple[str, str]:
    """Return where rows and columns of the turned film run, by marking its stored edges."""
    rows, columns = stored
    edges = np.full((3, 3), "", dtype="<U1")
    edges[1, 2], edges[1, 0], edges[2, 1], edges[0, 1] = (
        rows, OPPOSITE[rows], columns, OPPOSITE[columns],
    )  # fmt: skip
    seen = turned(edges, orientation)
    return str(seen[1, 2]), str(seen[2, 1])


@pytest.mark.parametrize("along", ["LR", "AP"])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("second", [0, 1])
def test_every_way_a_film_may_lie_comes_to_the_usual_orientation(
    along: str, first: int, second: int, *, swapped: bool
) -> None:
    said = (along[first], "HF"[second])
    stored = (said[1], said[0]) if swapped else said
    orientation = turn_of(stored)
    assert orientation is not None
    across, down = directions(stored, orientation)
    assert down == "F"
    assert across == "L" if along == "LR" else across in "AP"
    if along == "AP":
        # Turned, never mirrored: which side of a lateral film is which, nothing says.
        swap, rows, columns = ORIENTATIONS[orientation]
        assert (swap + rows + columns) % 2 == 0


@pytest.mark.parametrize("said", [("LF", "FP"), (" l ", "f"), ("LAH", "FAR")])
def test_the_stronger_of_two_directions_counts(said: tuple[str, str]) -> None:
    assert turn_of(said) == 1


@pytest.mark.parametrize(
    "said",
    [(), ("L",), ("L", "R"), ("L", "A"), ("F", "H"), ("L", "X"), ("", "F"), ("LEFT", "FEET"),
     ("L", "F", "A")],
)  # fmt: skip
def test_what_says_no_two_directions_says_nothing(said: tuple[str, ...]) -> None:
    assert turn_of(said) is None
