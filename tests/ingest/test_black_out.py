"""Where a steward's parts lie in a film that is shown turned."""

import pytest

from ingest.black_out import black_out
from schemas.presentation import ORIENTATIONS, turned
from tests.ingest.films import drawn

PART = (0.1, 0.0, 0.4, 0.25)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_part_drawn_over_a_turned_picture_is_blacked_out_where_it_was_drawn(
    orientation: int,
) -> None:
    film = drawn(80, 60) // 2 + 50
    made = black_out(film, [PART], orientation)
    shown, before = turned(made, orientation), turned(film, orientation)
    height, width = shown.shape
    part = (slice(0, height // 4), slice(width // 10, width // 2))
    assert (shown[part] == film.min()).all()
    changed = shown != before
    changed[part] = False
    assert not changed.any()
