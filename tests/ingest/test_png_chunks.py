"""What is wrong in a PNG beside its samples is no reason to refuse a film."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ingest.readers import read_file, read_film
from schemas.errors import Refusal
from tests.ingest.films import chunk, drawn, png_of, raw_png

LIMIT = 64_000_000
FILM = drawn()
PLAIN = png_of(FILM)
HEADER_END = 8 + 12 + 13


def spoiled(name: bytes, body: bytes, length: int | None = None, checksum: int = 0) -> bytes:
    """Return a chunk with a wrong checksum, and maybe a wrong length."""
    said = len(body) if length is None else length
    return struct.pack(">I", said) + name + body + struct.pack(">I", checksum)


def before_samples(*chunks: bytes, data: bytes = PLAIN) -> bytes:
    return data[:HEADER_END] + b"".join(chunks) + data[HEADER_END:]


def behind_samples(*chunks: bytes) -> bytes:
    return PLAIN[:-12] + b"".join(chunks) + PLAIN[-12:]


def folded(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def refusal(data: bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read_film(data, LIMIT)
    return refused.value


ANCILLARY = [b"gAMA", b"cHRM", b"sBIT", b"pHYs", b"tIME", b"bKGD", b"hIST", b"sRGB", b"iCCP"]
WORDS = [b"tEXt", b"zTXt", b"iTXt"]


@pytest.mark.parametrize("name", [*ANCILLARY, *WORDS, b"eXIf", b"tRNS", b"acTL"])
@pytest.mark.parametrize("length", [None, 0, 3, 9, 200, 70_000, 0xFFFFFFFF])
def test_a_wrong_checksum_or_size_in_an_ancillary_chunk_is_passed_over(
    name: bytes, length: int | None
) -> None:
    wrong = spoiled(name, b"\x00\x07" * 20, length)
    for data in (before_samples(wrong), behind_samples(wrong)):
        assert (read_film(data, LIMIT) == FILM).all()


@pytest.mark.parametrize("name", [*ANCILLARY, b"eXIf", b"tRNS"])
def test_an_ancillary_chunk_of_another_size_than_its_kind_has_is_passed_over(name: bytes) -> None:
    for body in (b"", b"\x01", bytes(300)):
        assert (read_film(before_samples(chunk(name, body)), LIMIT) == FILM).all()


def test_ancillary_chunks_that_stand_twice_or_in_the_wrong_place_are_no_reason_to_refuse() -> None:
    twice = [chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0)), chunk(b"gAMA", bytes(4))] * 2
    for data in (before_samples(*twice), behind_samples(*twice)):
        assert (read_film(data, LIMIT) == FILM).all()
    # Pixels in two runs with a time between them.
    (length,) = struct.unpack_from(">I", PLAIN, HEADER_END)
    stream = PLAIN[HEADER_END + 8 : HEADER_END + 8 + length]
    halves = [chunk(b"IDAT", stream[:500]), chunk(b"tIME", bytes(7)), chunk(b"IDAT", stream[500:])]
    data = PLAIN[:HEADER_END] + b"".join(halves) + PLAIN[-12:]
    assert (read_film(data, LIMIT) == FILM).all()


@pytest.mark.parametrize(
    "words",
    [
        chunk(b"zTXt", b"Comment\0\0" + folded(PngImagePlugin.MAX_TEXT_CHUNK * 2)),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + folded(PngImagePlugin.MAX_TEXT_CHUNK * 2)),
        chunk(b"iCCP", b"profile\0\0" + folded(PngImagePlugin.MAX_TEXT_CHUNK * 2)),
        chunk(b"tEXt", b"Comment\0" + b"x" * (PngImagePlugin.MAX_TEXT_CHUNK * 2)),
        chunk(b"zTXt", b"Comment\0\0" + b"no deflate at all"),
        chunk(b"zTXt", b"Comment\0\x09" + folded(10)),
        chunk(b"iCCP", b"no end of its name"),
    ],
    ids=["zTXt", "iTXt", "iCCP", "tEXt", "no deflate", "no method", "no name"],
)
def test_texts_and_profiles_of_any_size_are_passed_over_and_never_inflated(words: bytes) -> None:
    for data in (before_samples(words), behind_samples(words)):
        assert (read_film(data, LIMIT) == FILM).all()


def test_many_texts_are_passed_over_too() -> None:
    one = chunk(b"zTXt", b"Comment\0\0" + folded(1_000_000))
    assert (read_film(before_samples(*[one] * 100), LIMIT) == FILM).all()


@pytest.mark.parametrize("junk", [b"\0", b"\0" * 600, b"<html>", PLAIN, b"IDAT" * 9])
def test_what_stands_behind_the_end_is_passed_over(junk: bytes) -> None:
    assert (read_film(PLAIN + junk, LIMIT) == FILM).all()


def test_bytes_between_chunks_are_passed_over() -> None:
    for junk in (b"\0", b"\n\n\n", b"nonsense of 24 bytes ..."):
        assert (read_film(before_samples(junk), LIMIT) == FILM).all()
        assert (read_film(behind_samples(junk), LIMIT) == FILM).all()


def test_samples_in_a_chunk_with_a_wrong_checksum_prove_themselves_by_their_own() -> None:
    at = PLAIN.index(b"IDAT") + 4
    (length,) = struct.unpack_from(">I", PLAIN, at - 8)
    wrong = PLAIN[: at + length] + b"\0\0\0\0" + PLAIN[at + length + 4 :]
    assert (read_film(wrong, LIMIT) == FILM).all()
    damaged = bytearray(wrong)
    damaged[at + length // 2] ^= 1
    assert refusal(bytes(damaged)).code == "truncated"
    longer = PLAIN[: at - 8] + struct.pack(">I", length + 9) + PLAIN[at - 4 :]
    assert (read_film(longer, LIMIT) == FILM).all()


def test_a_damaged_header_or_palette_is_refused() -> None:
    header = bytearray(PLAIN)
    header[20] ^= 1
    assert refusal(bytes(header)).code == "truncated"
    palette = bytes(value for level in range(256) for value in [level] * 3)
    indexed = raw_png(FILM[..., None], 0).replace(b"\x08\x00\x00\x00\x00", b"\x08\x03\x00\x00\x00")
    fixed = indexed[:8] + chunk(b"IHDR", indexed[16:29])
    good = fixed + chunk(b"PLTE", palette) + indexed[HEADER_END:]
    assert (read_film(good, LIMIT) == FILM).all()
    assert refusal(fixed + spoiled(b"PLTE", palette) + indexed[HEADER_END:]).code == "truncated"
    assert refusal(fixed + indexed[HEADER_END:]).code == "truncated"
    assert refusal(fixed + chunk(b"PLTE", palette[:-1]) + indexed[HEADER_END:]).code == "truncated"


def test_a_suggested_palette_of_a_colour_film_may_be_wrong() -> None:
    colours = np.repeat(FILM[..., None], 3, axis=2)
    data = raw_png(colours, 2)
    for wrong in (chunk(b"PLTE", b"\0"), spoiled(b"PLTE", bytes(9))):
        assert (read_film(before_samples(wrong, data=data), LIMIT) == FILM).all()


def test_of_an_animation_with_one_frame_the_picture_is_the_film() -> None:
    one = chunk(b"acTL", struct.pack(">II", 1, 0))
    assert (read_film(before_samples(one), LIMIT) == FILM).all()
    two = chunk(b"acTL", struct.pack(">II", 2, 0))
    assert refusal(before_samples(two)).code == "unsupported"


@pytest.mark.parametrize(
    ("across", "down", "unit", "aspect"),
    [
        (2, 1, 0, 2.0),
        (1, 2, 0, 0.5),
        (5_906, 2_953, 1, 2.0),
        (2_835, 2_834, 1, 1.0),
        (72, 72, 0, 1.0),
        (0, 5, 0, 1.0),
        (4_000_000_000, 1, 0, 1.0),
        (1, 5, 1, 1.0),
    ],
)
def test_samples_that_are_not_square_are_said_not_to_be(
    across: int, down: int, unit: int, aspect: float
) -> None:
    said = chunk(b"pHYs", struct.pack(">IIB", across, down, unit))
    decoded = read_file(before_samples(said), LIMIT)
    assert decoded.presentation.pixel_aspect == pytest.approx(aspect)
    assert (decoded.samples == FILM).all()


def test_a_film_turned_by_its_exif_turns_its_samples_shape_too() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = png_of(FILM, exif=exif)
    said = chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))
    decoded = read_file(before_samples(said, data=data), LIMIT)
    assert decoded.samples.shape == FILM.shape[::-1]
    assert decoded.presentation.pixel_aspect == pytest.approx(0.5)


def test_orientation_in_xmp_is_read_where_exif_has_none() -> None:
    xmp = b'<rdf:Description tiff:Orientation="3"/>'
    data = before_samples(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    assert (read_film(data, LIMIT) == FILM[::-1, ::-1]).all()
