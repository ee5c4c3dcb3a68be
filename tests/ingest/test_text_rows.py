"""Lines that were found apart on one row are one line."""

from ingest.text_reader import Line
from ingest.text_rows import rows_of


def at(text: str, left: float, top: float, right: float, bottom: float) -> Line:
    return Line(text, 0.9, part=(left, top, right, bottom))


AP = at("AP", 0.10, 0.10, 0.12, 0.12)
ASSIS = at("assis", 0.14, 0.101, 0.19, 0.121)


def texts(*lines: Line, wide_for_high: float = 1.0) -> list[str]:
    return [line.text for line in rows_of(lines, wide_for_high)]


def test_lines_of_one_row_are_joined_from_left_to_right_and_as_sure_as_the_least() -> None:
    (row,) = rows_of([ASSIS._replace(sure=0.7), AP], 1.0)
    assert row == Line("AP assis", 0.7, part=(0.10, 0.10, 0.19, 0.121))
    third = at("10h30", 0.22, 0.1, 0.27, 0.12)
    assert texts(third, ASSIS, AP) == ["AP assis 10h30"]


def test_rows_one_above_the_other_and_lines_far_apart_stay_apart() -> None:
    below = at("assis", 0.10, 0.125, 0.15, 0.145)
    far = at("assis", 0.19, 0.10, 0.24, 0.12)
    large = at("assis", 0.14, 0.09, 0.29, 0.13)
    same = at("AF", 0.101, 0.10, 0.12, 0.12)
    for other in (below, far, large, same):
        assert sorted(texts(AP, other)) == sorted(["AP", other.text])


def test_how_far_apart_is_told_in_heights_whatever_the_picture_s_sides() -> None:
    assert texts(AP, ASSIS, wide_for_high=0.9) == ["AP assis"]
    assert texts(AP, ASSIS, wide_for_high=3.0) == ["AP", "assis"]


def test_lines_that_run_up_were_turned_or_are_lead_stay_by_themselves() -> None:
    upright = at("assis", 0.14, 0.10, 0.15, 0.12)
    for other in (upright, ASSIS._replace(turned=True), ASSIS._replace(lead=True)):
        assert texts(AP, other) == ["AP", "assis"]
