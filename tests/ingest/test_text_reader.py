"""Lines of text, straightened and read in the way that they lie."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ingest.text_reader import Line, RapidReader, is_lead, lengthened, straightened


def word(text: str, apart: float = 0.0) -> NDArray[np.uint8]:
    """Return a word in white on black, 32 pixels high, its letters further apart or not."""
    font = ImageFont.load_default(size=24)
    picture = Image.new("L", (40 + int(len(text) * (20 + apart)), 32))
    pen = ImageDraw.Draw(picture)
    at = 10.0
    for letter in text:
        pen.text((at, 2), letter, fill=230, font=font)
        at += pen.textlength(letter, font=font) + apart
    return np.asarray(picture.crop((0, 0, int(at) + 10, 32)), np.uint8)


@pytest.fixture(scope="module")
def reader() -> RapidReader:
    return RapidReader()


@pytest.mark.parametrize("way", ["as it is", "upside down", "mirrored", "mirrored upside down"])
def test_the_surest_of_four_readings_counts(reader: RapidReader, way: str) -> None:
    sheet = np.pad(word("JEANNE 1961"), 60)
    lying = {
        "as it is": sheet,
        "upside down": sheet[::-1, ::-1],
        "mirrored": sheet[:, ::-1],
        "mirrored upside down": sheet[::-1],
    }[way]
    (line,) = reader.read(np.ascontiguousarray(lying))
    assert "1961" in line.text
    assert "EANN" in line.text
    assert line.turned is (way != "as it is")


def test_initials_set_in_lead_stand_apart_and_printed_letters_do_not() -> None:
    assert is_lead(word("LDMD", apart=8), "LDMD")
    assert not is_lead(word("LDMD"), "LDMD")
    for name in ("LEON", "ROSS", "MOMO", "OWEN", "KARL", "DORN"):
        assert not is_lead(word(name), name)
    assert not is_lead(word("LDMDX", apart=8), "LDMDX")
    assert not is_lead(word("Ldmd", apart=8), "Ldmd")


def test_a_line_between_four_corners_is_straightened_and_one_that_runs_down_is_laid() -> None:
    picture = np.zeros((60, 80), np.uint8)
    picture[10:50, 20:30] = 200
    corners = np.array([[20, 10], [30, 10], [30, 50], [20, 50]], np.float32)
    line = straightened(picture, corners)
    assert line.shape == (10, 40)
    assert line[3:-3, 3:-3].min() > 150


def test_a_line_is_lengthened_by_its_height_the_way_it_runs() -> None:
    lying = np.array([[20, 10], [60, 10], [60, 20], [20, 20]], np.float32)
    assert lengthened(lying).tolist() == [[10, 10], [70, 10], [70, 20], [10, 20]]
    upright = np.array([[20, 30], [30, 30], [30, 70], [20, 70]], np.float32)
    assert lengthened(upright).tolist() == [[20, 20], [30, 20], [30, 80], [20, 80]]


@pytest.mark.parametrize("turned", [False, True])
def test_a_line_that_was_cut_is_read_with_what_stands_beside_its_ends(
    reader: RapidReader, *, turned: bool
) -> None:
    sheet = np.pad(word("zittend op bed"), 40)
    high, wide = sheet.shape
    # 26 pixels of the word are cut off: its first two letters.
    left, top, right, bottom = 76 / wide, 42 / high, (wide - 40) / wide, (high - 40) / high
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    if turned:
        sheet = np.ascontiguousarray(np.rot90(sheet, -1))
        corners = ((1 - bottom, left), (1 - top, left), (1 - top, right), (1 - bottom, right))
    line = Line("tend op bed", 1.0, part=(left, top, right, bottom), corners=corners)
    longer = reader.longer(sheet, line)
    assert "".join(longer.text.split()) == "zittendopbed"
    assert (longer.part, longer.corners) == (line.part, line.corners)
