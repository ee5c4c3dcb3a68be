"""Lines of text, straightened and read in the way that they lie."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ingest.text_reader import RapidReader, is_lead, straightened


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
