"""Text in a film's pixels: marks pass, what may be a name does not, and nothing read is told."""

import logging
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.burned_in import INKS, Writing, written
from ingest.renditions import Developed, develop
from ingest.text_in_film import TextLook, may_name, picture_of
from ingest.text_marks import Marks
from ingest.text_places import CONTRAST
from ingest.text_reader import Line, RapidReader
from ingest.text_views import CONTRAST as FAINT
from schemas.errors import Doubt
from stack.phantoms import draw, to_8_bits

NAME = "DUPONT Jeanne 04/05/1961"


class Told:
    """A reader that reads what it was told."""

    def __init__(self, *lines: Line, longer: Line | None = None) -> None:
        self.lines = list(lines)
        self.longer_line = longer
        self.seen: list[tuple[int, ...]] = []

    def read(self, picture: NDArray[np.uint8], contrast: int = CONTRAST) -> list[Line]:
        self.seen.append((*picture.shape, contrast))
        return self.lines

    def longer(self, picture: NDArray[np.uint8], line: Line) -> Line:
        del picture
        return self.longer_line or line


def film(*lines: str, side: int = 512, share: int = 50, shade: int = 255) -> Developed:
    """Return a phantom with these lines drawn in, each a share of its height high."""
    picture = Image.fromarray(to_8_bits(draw(3, side)))
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        at = (side * 0.05, side * (0.85 + 0.04 * number))
        pen.text(at, line, fill=shade, font_size=side // share)
    return develop(np.asarray(picture))


def phantom() -> NDArray[np.uint8]:
    """Return a phantom without the word that stands in its corner."""
    drawn = to_8_bits(draw(5, 512))
    drawn[:24, :80] = drawn[24:48, :80]
    return drawn


def test_what_is_read_surely_is_a_doubt_that_tells_how_many_lines_and_not_which() -> None:
    look = TextLook(
        [Told(Line("DUPONT", 0.95), Line("MARTIN", 0.85), Line("PAULO", 0.5), Line("AP", 1.0))]
    )
    with pytest.raises(Doubt) as doubt:
        look.check(film())
    assert doubt.value.code == "burned-in-text"
    assert doubt.value.came == "one with 2 lines of other text"
    assert "DUPONT" not in str(doubt.value)
    look.check  # noqa: B018 - the reader is free again
    with pytest.raises(Doubt):
        look.check(film())


def test_the_samples_are_looked_at_after_the_display_and_not_once_something_is_found() -> None:
    reader = Told(Line("AP", 1.0))
    TextLook([reader]).check(film(side=256))
    assert reader.seen == [(256, 256, CONTRAST), (256, 256, FAINT), (85, 85, FAINT)]
    named = Told(Line("DUPONT", 1.0))
    with pytest.raises(Doubt):
        TextLook([named]).check(film(side=256))
    assert named.seen == [(256, 256, CONTRAST)]


def at(text: str, left: float, top: float, sure: float = 0.99) -> Line:
    """Return a line of letters a fiftieth of a square film high."""
    right, bottom = left + 0.01 * len(text), top + 0.02
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Line(text, sure, part=(left, top, right, bottom), corners=corners)


def is_held(*lines: Line, longer: Line | None = None) -> bool:
    try:
        TextLook([Told(*lines, longer=longer)]).check(film(side=256))
    except Doubt:
        return True
    return False


@pytest.mark.parametrize(
    ("cut", "longer", "held"),
    [
        ("tend op bed", "zittend op bed", False),
        ("uche 10h30", "couché 10h30", False),
        ("letto", "a letto", False),
        ("imazione ore 6.30", "Rianimazione ore 6.30", False),
        # What stands beside may be a name, or was one all the time.
        ("tend op bed", "zittend op bed Visser", True),
        ("MEIER", "liegend MEIER", True),
        ("UCHE", "UCHE liegend", True),
        # Another reading of it is no longer one.
        ("MEIER", "PORTABLE", True),
        ("MEIER", "", True),
    ],
)
def test_a_mark_that_the_detector_cut_is_known_by_what_stands_beside_it(
    cut: str, longer: str, *, held: bool
) -> None:
    assert is_held(at(cut, 0.1, 0.1), longer=at(longer, 0.1, 0.1)) is held
    assert is_held(at(cut, 0.1, 0.1), longer=at(longer, 0.1, 0.1, sure=0.6))


def test_a_row_that_was_found_in_parts_is_told_by_all_of_it() -> None:
    assert not is_held(at("AP", 0.1, 0.1), at("assis", 0.14, 0.1))
    assert not is_held(at("ward", 0.15, 0.1), at("ICU", 0.1, 0.1))
    assert not is_held(at("AP", 0.1, 0.1), at("assis", 0.1, 0.13))
    assert is_held(at("ward", 0.15, 0.1), at("ICU", 0.1, 0.13))
    for name in ("ANA", "LI", "J", "DE"):
        assert is_held(at("assis", 0.14, 0.1), at(name, 0.1, 0.1)), name
    # A lone letter is found and not read.
    unread = at("J", 0.11, 0.1)._replace(text="")
    assert is_held(at("assis", 0.14, 0.1), unread)
    assert not is_held(at("liegend", 0.14, 0.1), unread)
    assert is_held(at("LI", 0.1, 0.1), at("WEI", 0.13, 0.1))
    assert is_held(at("AP", 0.1, 0.1), at("DUPONT", 0.14, 0.1))
    # What is not read surely neither makes a name of a mark nor a mark of a name.
    assert not is_held(at("assis", 0.14, 0.1), at("iil", 0.1, 0.1, sure=0.5))
    assert is_held(at("DUPONT", 0.14, 0.1), at("iil", 0.1, 0.1, sure=0.5))
    assert is_held(at("ward", 0.14, 0.1), at("ICU", 0.1, 0.1, sure=0.5))


def test_a_reader_that_fails_is_free_for_the_next_film() -> None:
    class Broken:
        def read(self, picture: NDArray[np.uint8], contrast: int = 24) -> Sequence[Line]:
            raise ZeroDivisionError(picture.shape, contrast)

        def longer(self, picture: NDArray[np.uint8], line: Line) -> Line:
            raise ZeroDivisionError(picture.shape, line)

    look = TextLook([Broken()])  # type: ignore[list-item]
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            look.check(film())


def test_a_film_is_read_as_large_as_it_is_kept() -> None:
    samples = np.random.default_rng(1).integers(0, 255, (2000, 1000), np.uint8)
    assert picture_of(develop(samples).display).shape == (1600, 800)


@pytest.fixture(scope="module")
def real() -> TextLook:
    return TextLook([RapidReader()])


@pytest.mark.slow
@pytest.mark.parametrize("side", [512, 1024])
@pytest.mark.parametrize("share", [30, 40, 50])
def test_a_name_burned_into_a_film_is_found(
    real: TextLook, side: int, share: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Doubt):
        real.check(film(NAME, side=side, share=share))
    assert "DUPONT" not in caplog.text


@pytest.mark.slow
def test_small_text_on_a_large_film_is_read_as_large_as_it_is_kept(real: TextLook) -> None:
    with pytest.raises(Doubt):
        real.check(film(NAME, side=1600, share=90, shade=0))


@pytest.mark.slow
@pytest.mark.parametrize("ink", INKS)
def test_a_name_in_the_middle_is_found_whatever_it_is_written_with(
    real: TextLook, ink: str
) -> None:
    writing = Writing("DURAND Eric 1961", share=30, ink=ink, place="middle", face="outline")
    with pytest.raises(Doubt):
        real.check(develop(written(to_8_bits(draw(5, 512)), writing, 2)))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", range(4))
def test_a_name_is_found_in_all_four_turns_and_mirrored(
    real: TextLook, turns: int, *, mirrored: bool
) -> None:
    writing = Writing(
        "DURAND Eric 1961", 30, "light", "corner", "outline", turns=turns, mirrored=mirrored
    )
    with pytest.raises(Doubt):
        real.check(develop(written(phantom(), writing, 2)))


@pytest.mark.parametrize("turns", range(4))
def test_marks_are_marks_whichever_way_they_lie(real: TextLook, turns: int) -> None:
    for mirrored in (False, True):
        writing = Writing(
            "Bettaufnahme liegend",
            25,
            "light",
            "corner",
            "outline",
            turns=turns,
            mirrored=mirrored,
        )
        real.check(develop(written(phantom(), writing, 2)))


def test_a_name_on_a_mark_s_line_is_found(real: TextLook) -> None:
    with pytest.raises(Doubt):
        real.check(film("Bettaufnahme MEIER", share=30))


@pytest.mark.parametrize(
    ("line", "held"),
    [
        (Line("DUPONT", 0.7), True),
        # Four readings are four chances to see a word in wires.
        (Line("DUPONT", 0.7, turned=True), False),
        (Line("DUPONT", 0.85, turned=True), True),
        # Lead letters that stand close are often read as one word.
        (Line("LDMD", 0.8), False),
        (Line("ROSS", 0.99), True),
        (Line("ROSS", 0.95, turned=True), False),
        (Line("LDMD", 1.0, lead=True), False),
    ],
)
def test_how_sure_a_reading_has_to_be(line: Line, *, held: bool) -> None:
    assert may_name(line, Marks()) is held


def test_a_film_with_marks_alone_is_clean(real: TextLook) -> None:
    real.check(film("AP PORTABLE", "R"))
    real.check(develop(to_8_bits(draw(5, 512))))
