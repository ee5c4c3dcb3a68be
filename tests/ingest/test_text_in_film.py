"""Text in a film's pixels: marks pass, what may be a name does not, and nothing read is told."""

import logging
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.burned_in import INKS, Writing, written
from ingest.renditions import Developed, develop
from ingest.text_in_film import Line, RapidReader, TextLook, may_name, picture_of
from schemas.errors import Doubt
from stack.phantoms import draw, to_8_bits

NAME = "DUPONT Jeanne 04/05/1961"


class Told:
    """A reader that reads what it was told."""

    def __init__(self, *lines: Line) -> None:
        self.lines = list(lines)
        self.seen: list[tuple[int, ...]] = []

    def read(self, picture: NDArray[np.uint8]) -> list[Line]:
        self.seen.append(picture.shape)
        return self.lines


def film(*lines: str, side: int = 512, share: int = 50, shade: int = 255) -> Developed:
    """Return a phantom with these lines drawn in, each a share of its height high."""
    picture = Image.fromarray(to_8_bits(draw(3, side)))
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        at = (side * 0.05, side * (0.85 + 0.04 * number))
        pen.text(at, line, fill=shade, font_size=side // share)
    return develop(np.asarray(picture))


@pytest.mark.parametrize(
    "line",
    ["L", "R", "AP", "PA", "AP PORTABLE", "portable", "Semi-Erect", "kV 80", "D", "↑", "", "1 2 3",
     "Debout", "PHANTOM"],
)  # fmt: skip
def test_marks_of_a_film_name_nobody(line: str) -> None:
    assert not may_name(line)


@pytest.mark.parametrize(
    "line",
    ["DUPONT", "Dupont^Jeanne", "04/05/61", "1961-05-04", "IPP 00123", "Épône", "AP LDMD",
     "Hôpital Nord", "JD 4471"],
)  # fmt: skip
def test_names_numbers_and_dates_may_name_somebody(line: str) -> None:
    assert may_name(line)


def test_what_is_read_surely_is_a_doubt_that_tells_how_many_lines_and_not_which() -> None:
    look = TextLook([Told(("DUPONT", 0.95), ("MARTIN", 0.85), ("PAULO", 0.5), ("AP", 1.0))])
    with pytest.raises(Doubt) as doubt:
        look.check(film())
    assert doubt.value.code == "burned-in-text"
    assert doubt.value.came == "one with 2 lines of other text"
    assert "DUPONT" not in str(doubt.value)
    look.check  # noqa: B018 - the reader is free again
    with pytest.raises(Doubt):
        look.check(film())


def test_a_reader_that_fails_is_free_for_the_next_film() -> None:
    class Broken:
        def read(self, picture: NDArray[np.uint8]) -> Sequence[Line]:
            raise ZeroDivisionError(picture.shape)

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


def test_a_line_that_runs_upwards_is_found(real: TextLook) -> None:
    turned = np.rot90(to_8_bits(draw(5, 512)))
    writing = Writing("DURAND Eric 1961", share=30, ink="light", place="corner", face="outline")
    with pytest.raises(Doubt):
        real.check(develop(np.ascontiguousarray(np.rot90(written(turned, writing, 2), 3))))


def test_a_film_with_marks_alone_is_clean(real: TextLook) -> None:
    real.check(film("AP PORTABLE", "R"))
    real.check(develop(to_8_bits(draw(5, 512))))
