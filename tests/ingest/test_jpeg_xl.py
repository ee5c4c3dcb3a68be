"""JPEG XL films: one picture, 8 and 16 bits, in a container or alone."""

import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ingest.readers import read_film
from schemas.errors import Refusal
from schemas.identities import film_id
from tests.ingest.films import drawn, png_of

LIMIT = 64_000_000
MARK = b"\0\0\0\x0cJXL \r\n\x87\n"
KIND = struct.pack(">I", 20) + b"ftypjxl \0\0\0\0jxl "


def jxl_of(samples: NDArray[Any], **options: Any) -> bytes:
    """Return a lossless JPEG XL, its codestream alone."""
    made = bytes(imagecodecs.jpegxl_encode(samples, lossless=True, **options))
    return made if made.startswith(b"\xff\x0a") else stream_of(made)


def stream_of(container: bytes) -> bytes:
    at = container.index(b"jxlc")
    (size,) = struct.unpack_from(">I", container, at - 4)
    return container[at + 4 : at - 4 + size if size else None]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def refusal(data: bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read_film(data, LIMIT)
    return refused.value


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(80, 72), (64, 64), (64, 256), (135, 240), (300, 200)])
def test_a_jpeg_xl_and_a_png_of_the_same_samples_are_one_film(
    dtype: type, shape: tuple[int, int]
) -> None:
    film = drawn(*shape, dtype=dtype)
    assert film_id(read_film(jxl_of(film), LIMIT)) == film_id(read_film(png_of(film), LIMIT))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colour_and_transparency_are_taken_as_in_a_png(dtype: type) -> None:
    film = drawn(dtype=dtype)
    colours = np.repeat(film[..., None], 4, axis=2)
    assert (read_film(jxl_of(colours[..., :3]), LIMIT) == film).all()
    colours[..., 3] = np.iinfo(dtype).max
    colours[:10, :, 3] = 0
    expected = film.copy()
    expected[:10] = 0
    assert (read_film(jxl_of(colours), LIMIT) == expected).all()


def test_12_bits_come_out_as_they_are_stored() -> None:
    film = drawn(dtype=np.uint16) >> 4
    assert (read_film(jxl_of(film, bitspersample=12), LIMIT) == film).all()


def test_of_a_container_only_the_picture_is_read() -> None:
    film = drawn(dtype=np.uint16)
    stream = jxl_of(film)
    half = len(stream) // 2
    words = box(b"xml ", b"Dupont") + box(b"Exif", bytes(4) + b"no EXIF at all")
    parts = box(b"jxlp", bytes(4) + stream[:half])
    parts += words + box(b"jxlp", b"\x80\0\0\1" + stream[half:])
    to_the_end = bytes(4) + b"jxlc" + stream
    long = struct.pack(">I4sQ", 1, b"jxlc", len(stream) + 16) + stream
    for boxes in (words + box(b"jxlc", stream) + words, parts, to_the_end, long):
        assert (read_film(MARK + KIND + boxes, LIMIT) == film).all()
    assert (read_film(stream + b"junk", LIMIT) == film).all()
    assert refusal(MARK + KIND + words).code == "truncated"
    assert refusal(MARK + box(b"jxlc", b"")).code in {"truncated", "not-an-image"}


@pytest.mark.parametrize("said", range(1, 9))
def test_the_codestreams_orientation_is_applied(said: int) -> None:
    film = drawn(72, 64)
    exif = Image.Exif()
    exif[0x0112] = said
    turned = _turned(jxl_of(film), said)
    assert (read_film(turned, LIMIT) == read_film(png_of(film, exif=exif), LIMIT)).all()


def _turned(stream: bytes, said: int) -> bytes:
    """Return the codestream of an 8-bit grey film saying an orientation of 1..8.

    Its header is 41 bits and padding (18181-1 annex D): the size in 14, whether all else is as
    usual, and whether there are extra fields. There are now: the orientation, three that are
    none, and behind the colours, how tones are mapped (as usual).
    """
    bits = [byte >> number & 1 for byte in stream[2:8] for number in range(8)]
    assert bits[14:16] == [0, 0]
    assert not any(bits[41:])
    fields = [1, *((said - 1) >> number & 1 for number in range(3)), 0, 0, 0]
    made = bits[:15] + fields + bits[16:38] + [1] + bits[38:41]
    packed = np.packbits(np.array(made, np.uint8), bitorder="little").tobytes()
    return stream[:2] + packed + stream[8:]


def test_an_animation_is_refused() -> None:
    film = drawn()
    data = bytes(imagecodecs.jpegxl_encode(np.stack([film, film[::-1]]), lossless=True))
    assert refusal(data).code == "multi-frame"


def test_floating_point_is_unsupported() -> None:
    film = drawn().astype(np.float32) / 255
    why = refusal(jxl_of(film))
    assert (why.code, why.came) == ("unsupported", "floating point of 32 bits")


def test_announced_gigabytes_are_refused_before_anything_is_decoded() -> None:
    # Height 2**30, then width by a ratio of 1:1: no division by 8, selector 3, 30 bits.
    bits = [0, 1, 1, *[1] * 30, 1, 0, 0]
    number = sum(bit << place for place, bit in enumerate(bits))
    data = b"\xff\x0a" + number.to_bytes(16, "little")
    assert refusal(data).code == "too-large"
    assert refusal(jxl_of(drawn(60, 90))).code == "too-small"


def test_a_cut_jpeg_xl_is_truncated_wherever_it_is_cut() -> None:
    for data in (jxl_of(drawn()), bytes(imagecodecs.jpegxl_encode(drawn(dtype=np.uint16)))):
        for length in (*range(2, len(data) - 1, 131), len(data) - 2):
            if length >= 12 or not data.startswith(MARK):
                assert refusal(data[:length]).code == "truncated", length
