"""Rules before any model: what is plainly no film is refused, and no film is."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ingest.checks import check_size
from ingest.readers import read_file
from ingest.rules import (
    LEAST_CONTRAST,
    MOST_COLOURED,
    check_body_part,
    check_contrast,
    check_film,
    contrast,
)
from schemas.errors import Refusal
from schemas.presentation import Presentation
from stack.phantoms import draw, to_8_bits
from tests.ingest.films import drawn, jpeg_of, png_of, raw_png
from tests.ingest.pictures import (
    TINTS,
    landscape,
    lettered,
    phantom,
    photograph,
    tinted,
    with_arrow,
)

LIMIT = 64_000_000
FILES = pytest.mark.parametrize("file", [png_of, jpeg_of], ids=["png", "jpeg"])


def code_of(data: bytes) -> str | None:
    try:
        check_film(read_file(data, LIMIT))
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize("seed", range(10))
def test_every_phantom_passes_at_both_depths_with_room_to_spare(seed: int) -> None:
    film = draw(seed, 256)
    for samples in (film, to_8_bits(film)):
        assert code_of(png_of(samples)) is None
        assert contrast(samples) > 10 * LEAST_CONTRAST


@FILES
@pytest.mark.parametrize("picture", [landscape, photograph])
def test_a_colour_picture_is_no_film(picture: object, file: object) -> None:
    assert code_of(file(picture())) == "not-a-film"  # type: ignore[operator]


@FILES
@pytest.mark.parametrize("tint", TINTS)
@pytest.mark.parametrize("noise", [0.0, 6.0])
def test_a_tinted_scan_of_a_film_is_a_film(tint: str, noise: float, file: object) -> None:
    assert code_of(file(tinted(phantom(), tint, noise))) is None  # type: ignore[operator]


@FILES
def test_grey_in_disguise_and_marks_in_colour_pass(file: object) -> None:
    film = phantom()
    for picture in (np.dstack([film] * 3), with_arrow(film)):
        assert code_of(file(picture)) is None  # type: ignore[operator]


def of_16_bits(channels: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return channels.astype(np.uint16) * 257


def test_colour_is_seen_in_every_kind_of_png_and_jpeg() -> None:
    colours = landscape()
    alpha = np.dstack([colours, np.full(colours.shape[:2], 255, np.uint8)])
    palette, cmyk = io.BytesIO(), io.BytesIO()
    Image.fromarray(colours).quantize(64).save(palette, "PNG")
    Image.fromarray(colours).convert("CMYK").save(cmyk, "JPEG")
    files = [
        png_of(alpha),
        raw_png(of_16_bits(colours), 2),
        raw_png(of_16_bits(alpha), 6),
        palette.getvalue(),
        cmyk.getvalue(),
        jpeg_of(colours, progressive=True),
    ]

    assert [code_of(data) for data in files] == ["not-a-film"] * len(files)


def test_colours_under_a_transparent_frame_do_not_count() -> None:
    film = phantom()
    picture = np.dstack([film, film, film, np.full_like(film, 255)])
    picture[:100, :, :3], picture[:100, :, 3] = (255, 0, 128), 0

    assert code_of(png_of(picture)) is None


def test_a_large_colour_film_is_judged_on_a_small_sample() -> None:
    wide = np.kron(landscape(), np.ones((8, 8, 1), np.uint8))

    assert read_file(jpeg_of(wide), LIMIT).coloured > MOST_COLOURED
    assert read_file(png_of(wide, compress_level=1), LIMIT).coloured > MOST_COLOURED


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((100, 90), np.uint8),
        np.full((100, 90), 255, np.uint8),
        np.full((100, 90), 700, np.uint16),
        np.random.default_rng(1).integers(120, 136, (512, 400)).astype(np.uint8),
        np.random.default_rng(1).normal(2000, 20, (1200, 1000)).astype(np.uint16),
        np.random.default_rng(1).integers(0, 4, (512, 512)).astype(np.uint16),
        lettered(),
    ],
    ids=["black", "white", "flat16", "noise", "noise16", "few-steps", "a-lone-letter"],
)
def test_a_film_that_shows_nothing_is_blank(samples: NDArray[np.uint8]) -> None:
    with pytest.raises(Refusal) as refused:
        check_contrast(samples)

    assert refused.value.code == "blank"
    assert "levels" in refused.value.came


def test_a_faint_film_is_not_blank() -> None:
    check_contrast((phantom() // 10 + 100).astype(np.uint8))
    check_contrast((draw(1, 256) // 64).astype(np.uint16))


@pytest.mark.parametrize("said", ["HAND", "hip", " Teeth ", "L-SPINE", "Abdomen", "c spine"])
def test_a_body_part_far_from_the_chest_is_refused(said: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_body_part(said)

    assert refused.value.code == "not-a-chest"


@pytest.mark.parametrize(
    "said", [None, "", "CHEST", "THORAX", "RIB", "TSPINE", "Poumon", "CHESTABDOMEN"]
)
def test_a_body_part_that_leaves_a_doubt_passes(said: str | None) -> None:
    check_body_part(said)


@pytest.mark.parametrize(("size", "code"), [
    ((400, 100), None), ((100, 400), None), ((401, 100), "aspect"), ((100, 401), "aspect"),
    ((63, 63), "too-small"), ((64, 300), "aspect"), ((20_000, 100), "too-large"),
])  # fmt: skip
def test_sizes_are_judged_before_a_pixel_is_decoded(
    size: tuple[int, int], code: str | None
) -> None:
    found = None
    try:
        check_size(*size, LIMIT)
    except Refusal as refusal:
        found = refusal.code

    assert found == code


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("value", [0, 255, 65_535])
def test_padding_lends_a_blank_film_no_contrast_and_takes_none_from_a_film(
    dtype: type, value: int
) -> None:
    value = min(value, int(np.iinfo(dtype).max))
    how = Presentation(padding=(value, value))
    blank: NDArray[Any] = np.pad(np.full((80, 80), 77, dtype), 40, constant_values=value)
    with pytest.raises(Refusal, match="levels apart"):
        check_contrast(blank, how)
    with pytest.raises(Refusal, match="levels apart"):
        check_contrast(np.full((80, 80), value, dtype), how)
    film: NDArray[Any] = (drawn(160, 160, dtype) // 2 + 1).astype(dtype)
    padded = np.pad(film, 40, constant_values=value)
    assert contrast(padded, how) == pytest.approx(contrast(film), rel=0.1)
