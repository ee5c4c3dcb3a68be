"""What is wrong in a JPEG beside its samples is no reason to refuse a film; what is cut is."""

import io
import struct
from itertools import pairwise

import numpy as np
import pytest
from PIL import ExifTags, Image

from ingest.readers import read_file, read_film
from schemas.errors import Refusal
from tests.ingest.films import drawn, jpeg_of

LIMIT = 64_000_000
GREY = jpeg_of(drawn())
COLOUR = jpeg_of(np.dstack([drawn(seed=seed) for seed in (1, 2, 3)]))
PROGRESSIVE = jpeg_of(drawn(), progressive=True)
FILMS = pytest.mark.parametrize("film", [GREY, COLOUR, PROGRESSIVE], ids=["grey", "rgb", "steps"])


def segment(marker: int, body: bytes, wrong: int = 0) -> bytes:
    """Return a segment; its size is off by `wrong`."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2 + wrong) + body


def places(film: bytes) -> list[int]:
    """Return where each segment begins up to the first scan."""
    at, found = 2, []
    while film[at + 1] != 0xDA:
        found.append(at)
        at += 2 + int.from_bytes(film[at + 2 : at + 4])
    return [*found, at]


def put(film: bytes, at: int, junk: bytes) -> bytes:
    return film[:at] + junk + film[at:]


def thumbnail() -> bytes:
    return jpeg_of(drawn(16, 16, seed=9))


def refusal(data: bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read_film(data, LIMIT)
    return refused.value


@FILMS
@pytest.mark.parametrize("junk", [b"\0", b"\0\0\0\xff\0", b"\r\n", b"\xff\xff\xff", bytes(3000)])
def test_stray_bytes_between_segments_are_passed_over(film: bytes, junk: bytes) -> None:
    for at in places(film):
        assert (read_film(put(film, at, junk), LIMIT) == read_film(film, LIMIT)).all(), at


@FILMS
@pytest.mark.parametrize("wrong", [-40, -7, -1, 1, 7, 70, 3000])
@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xED, 0xFE])
def test_a_passed_segment_of_a_wrong_size_hides_nothing(
    film: bytes, wrong: int, marker: int
) -> None:
    body = b"Exif\0\0MM\0*" + bytes(20) + thumbnail() + bytes(90)
    for at in places(film):
        broken = put(film, at, segment(marker, body, wrong))
        assert (read_film(broken, LIMIT) == read_film(film, LIMIT)).all(), at


@FILMS
@pytest.mark.parametrize("size", [0, 1, 65_533])
def test_a_passed_segment_of_an_impossible_size_hides_nothing(film: bytes, size: int) -> None:
    for at in places(film):
        broken = put(film, at, b"\xff\xe1" + struct.pack(">H", size) + b"Exif\0\0" + thumbnail())
        assert (read_film(broken, LIMIT) == read_film(film, LIMIT)).all(), at


@FILMS
@pytest.mark.parametrize("junk", [b"\0", b"\0" * 5000, b"<html>", thumbnail(), GREY, b"\xff\xd8"])
def test_what_stands_behind_the_end_is_passed_over(film: bytes, junk: bytes) -> None:
    assert (read_film(film + junk, LIMIT) == read_film(film, LIMIT)).all()


@FILMS
def test_application_segments_of_any_kind_and_size_change_nothing(film: bytes) -> None:
    many = b"".join(segment(0xE0 + kind, b"\xff\xd9" + bytes(65_000)) for kind in range(2, 14)) * 9
    assert (read_film(put(film, 2, many), LIMIT) == read_film(film, LIMIT)).all()


@FILMS
def test_samples_that_are_all_there_need_no_mark_of_the_end(film: bytes) -> None:
    want = read_film(film, LIMIT)
    for without in (film[:-2], film[:-1], film[:-2] + b"\0\0\0", film[:-2] + thumbnail()):
        assert (read_film(without, LIMIT) == want).all()


@FILMS
def test_a_jpeg_cut_within_its_samples_is_truncated_whatever_mark_is_put_behind(
    film: bytes,
) -> None:
    scan = film.index(b"\xff\xda") + 20
    for cut in range(scan, len(film) - 400, 211):
        for end in (b"", b"\xff\xd9", b"\xff\xd9" + thumbnail(), thumbnail(), b"\0\0"):
            assert refusal(film[:cut] + end).code == "truncated", (cut, end[:4])


def test_a_jpeg_that_lacks_the_last_few_samples_is_truncated() -> None:
    for missing in range(4, 40):
        assert refusal(GREY[:-missing]).code == "truncated", missing


def test_a_jpeg_that_lacks_whole_scans_is_truncated() -> None:
    scans = [at for at in range(len(PROGRESSIVE)) if PROGRESSIVE[at : at + 2] == b"\xff\xda"]
    assert len(scans) > 2
    for _, cut in pairwise(scans):
        assert refusal(PROGRESSIVE[:cut] + b"\xff\xd9").code == "truncated"
    assert refusal(PROGRESSIVE[: scans[0]] + b"\xff\xd9").code == "truncated"


def test_a_film_that_is_flat_at_its_end_is_whole() -> None:
    film = drawn()
    film[40:] = 12
    for shade in (film, np.full((80, 72), 7, np.uint8)):
        data = jpeg_of(shade)
        assert np.abs(read_film(data, LIMIT).astype(int) - shade).max() < 12


def test_a_jpeg_with_restarts_is_read_with_stray_bytes_too() -> None:
    film = jpeg_of(drawn(), restart_marker_blocks=4)
    assert b"\xff\xd3" in film
    want = np.asarray(Image.open(io.BytesIO(film)))
    assert (read_film(film, LIMIT) == want).all()
    assert (read_film(film[:-2], LIMIT) == want).all()


def test_colours_are_read_as_jfif_or_adobe_say() -> None:
    bands = np.dstack([np.full((80, 72), value, np.uint8) for value in (200, 40, 90)])
    plain = Image.fromarray(bands)
    for options in ({}, {"keep_rgb": True}):
        out = io.BytesIO()
        plain.save(out, "JPEG", quality=95, subsampling=0, **options)
        grey = read_film(out.getvalue(), LIMIT)
        assert np.abs(grey.astype(float) - (0.299 * 200 + 0.587 * 40 + 0.114 * 90)).max() <= 2


def test_the_first_exif_says_how_the_film_lies() -> None:
    exif, other = Image.Exif(), Image.Exif()
    exif[ExifTags.Base.Orientation], other[ExifTags.Base.Orientation] = 3, 6
    data = put(jpeg_of(drawn(), exif=exif), 2, segment(0xE1, b"Exif\0\0" + bytes(9)))
    want = read_film(jpeg_of(drawn()), LIMIT)
    assert (read_film(data, LIMIT) == want).all()
    both = put(jpeg_of(drawn(), exif=other), 2, segment(0xE1, exif.tobytes()))
    assert (read_film(both, LIMIT) == want[::-1, ::-1]).all()
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='3'/>")
    assert (read_film(put(GREY, 2, xmp), LIMIT) == want[::-1, ::-1]).all()


@pytest.mark.parametrize(
    ("units", "across", "down", "aspect"),
    [(0, 2, 1, 2.0), (1, 100, 200, 0.5), (0, 1, 1, 1.0), (1, 300, 0, 1.0), (0, 1, 60, 1.0)],
)
def test_densities_that_are_not_equal_say_that_samples_are_not_square(
    units: int, across: int, down: int, aspect: float
) -> None:
    said = struct.pack(">5sHBHHBB", b"JFIF", 0x102, units, across, down, 0, 0)
    data = GREY[:2] + segment(0xE0, said) + GREY[places(GREY)[1] :]
    decoded = read_file(data, LIMIT)
    assert decoded.presentation.pixel_aspect == pytest.approx(aspect)
    assert (decoded.samples == read_film(GREY, LIMIT)).all()


def test_a_header_without_a_frame_is_no_picture() -> None:
    assert refusal(b"\xff\xd8\xff\xd9").code == "not-an-image"
    assert refusal(b"\xff\xd8" + segment(0xE0, b"JFIF\0") + b"\xff\xd9").code == "not-an-image"
    assert refusal(b"\xff\xd8 and then words").code == "truncated"


def test_a_marked_end_may_come_before_details_of_colour_that_there_are_none_of() -> None:
    data = jpeg_of(np.repeat(drawn()[..., None], 3, axis=2), progressive=True)
    want = read_film(data, LIMIT)
    at = data.index(b"\xff\xda")
    kept = data[:at]
    while data[at + 1] == 0xDA:
        following = data.index(b"\xff", at + 2 + int.from_bytes(data[at + 2 : at + 4]))
        while data[following + 1] in {0, *range(0xD0, 0xD8)}:
            following = data.index(b"\xff", following + 1)
        channels, first = data[at + 4], data[at + 5 + 2 * data[at + 4]]
        if first == 0 or (channels == 1 and data[at + 5] == 1):
            kept += data[at:following]
        at = following
        while data[at + 1] == 0xC4:
            size = 2 + int.from_bytes(data[at + 2 : at + 4])
            kept += data[at : at + size]
            at += size
    assert len(kept) + 2 < len(data)
    assert (read_film(kept + b"\xff\xd9", LIMIT) == want).all()
    assert refusal(kept).code == "truncated"
