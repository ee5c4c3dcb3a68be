"""JPEG XL films: one still picture of up to 16 bits, grey or colour, lossless or not.

The codestream is taken out of its container (its boxes of EXIF, XMP and others stay behind), and
size, depth and whether it moves are read from its header before anything is decoded (libjxl in
imagecodecs). Orientation is the codestream's own, and applied by the decoder.
Sources: ISO/IEC 18181-1 annexes A (size) and D.3 (metadata), 18181-2 (boxes).
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.checks import check_size
from ingest.colour import coloured_share, sample_of
from ingest.readers.grey import luma, over_black
from ingest.readers.picture import Picture
from schemas.errors import Refusal
from schemas.film_files import JPEG_XL, JPEG_XL_STREAM

WANTED: Final = "a whole JPEG XL file"
_NUMBERS: Final = "whole numbers of up to 16 bits"

#: Width to height, by the header's number for it.
_RATIOS: Final = ((1, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
#: U32 in the header: a selector of two bits, then (offset, bits) of the value.
_SIZES: Final = ((1, 9), (1, 13), (1, 18), (1, 30))
_PREVIEW: Final = ((1, 6), (65, 8), (321, 10), (1345, 12))
_PREVIEW_IN_8: Final = ((16, 0), (32, 0), (1, 5), (33, 9))
_DEPTHS: Final = ((8, 0), (10, 0), (12, 0), (1, 6))
_DEEPEST: Final = 16


class _Header(NamedTuple):
    width: int
    height: int
    bits: int
    is_float: bool
    moves: bool


def read(data: bytes, pixel_limit: int) -> Picture:
    """Return a JPEG XL file's picture, uint8, or uint16 from 9 bits on. Raises Refusal."""
    stream = _codestream(data)
    try:
        header = _header(stream)
    except IndexError:
        raise Refusal(
            "truncated", wanted=WANTED, came="one that ends within its headers"
        ) from None
    if header.moves:
        raise Refusal("multi-frame", wanted="one picture", came="an animation")
    if header.is_float:
        raise Refusal("unsupported", wanted=_NUMBERS, came=f"floating point of {header.bits} bits")
    if header.bits > _DEEPEST:
        raise Refusal("unsupported", wanted=_NUMBERS, came=f"whole numbers of {header.bits} bits")
    check_size(header.width, header.height, pixel_limit)
    try:
        grey, coloured = _decode(stream, header)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - libjxl's kinds: the file is not whole
        raise Refusal(
            "truncated", wanted=WANTED, came=f"one that cannot be decoded ({type(error).__name__})"
        ) from None
    return Picture(np.ascontiguousarray(grey), coloured)


def _decode(stream: bytes, header: _Header) -> tuple[NDArray[Any], float]:
    from imagecodecs import jpegxl_decode

    samples = np.asarray(jpegxl_decode(stream, numthreads=1))
    sides = samples.shape[:2]
    if sorted(sides) != sorted((header.height, header.width)) or samples.ndim > 3:
        raise ValueError("the decoder sees another size")
    if samples.dtype not in (np.uint8, np.uint16):
        raise ValueError("the decoder gives other numbers")
    channels = samples if samples.ndim == 3 else samples[..., None]
    count, coloured = channels.shape[2], 0.0
    if count >= 3:
        coloured = coloured_share(sample_of(channels[..., :3]))
        grey = luma(channels[..., :3])
    else:
        grey = channels[..., 0]
    return (over_black(grey, channels[..., -1]) if count in {2, 4} else grey), coloured


def _codestream(data: bytes) -> bytes:
    """Return the codestream of a file, alone or in the boxes `jxlc` or `jxlp` of a container."""
    if not data.startswith(JPEG_XL):
        return data
    parts: list[bytes] = []
    at = 0
    while at + 8 <= len(data):
        size, kind, body = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, body = int.from_bytes(data[body : body + 8]), at + 16
        # A size of 0 reaches to the end; one too small to step over the box ends the walk.
        end = len(data) if size < body - at else min(at + size, len(data))
        if kind == b"jxlc":
            return data[body:end]
        if kind == b"jxlp":
            # Four bytes count the parts; they lie in order.
            parts.append(data[body + 4 : end])
        at = end
    if not parts:
        raise Refusal("truncated", wanted=WANTED, came="a container without a picture")
    return b"".join(parts)


def _header(stream: bytes) -> _Header:
    """Return what a codestream announces. Raises IndexError where it is cut."""
    if not stream.startswith(JPEG_XL_STREAM):
        raise Refusal("not-an-image", wanted=WANTED, came="one without a header")
    bits = _Bits(stream[2:])
    width, height = _size(bits)
    depth, is_float = 8, False
    if bits.take(1):
        return _Header(width, height, depth, is_float, moves=False)
    if bits.take(1):
        bits.take(3)
        if bits.take(1):
            _size(bits)
        if bits.take(1):
            _size(bits, preview=True)
        if bits.take(1):
            return _Header(width, height, depth, is_float, moves=True)
    is_float = bool(bits.take(1))
    depth = bits.choose(((32, 0), (16, 0), (24, 0), (1, 6)) if is_float else _DEPTHS)
    return _Header(width, height, depth, is_float, moves=False)


def _size(bits: "_Bits", *, preview: bool = False) -> tuple[int, int]:
    in_8 = bits.take(1)
    if preview:
        choices, unit = (_PREVIEW_IN_8, 8) if in_8 else (_PREVIEW, 1)
    else:
        choices, unit = _SIZES, 1

    def side() -> int:
        if in_8 and not preview:
            return (1 + bits.take(5)) * 8
        return bits.choose(choices) * unit

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return side(), height
    across, down = _RATIOS[ratio]
    return height * across // down, height


class _Bits:
    """A header's bits, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        # No header is longer: sizes, orientation and depth take some twenty bytes.
        self._bytes = data[:64]
        self._at = 0

    def take(self, count: int) -> int:
        """Return the number in so many bits. Raises IndexError behind the end."""
        value = 0
        for number in range(count):
            place, bit = divmod(self._at + number, 8)
            value |= (self._bytes[place] >> bit & 1) << number
        self._at += count
        return value

    def choose(self, choices: tuple[tuple[int, int], ...]) -> int:
        """Return the U32 whose selector comes first (18181-1, 9.2)."""
        offset, count = choices[self.take(2)]
        return offset + self.take(count)
