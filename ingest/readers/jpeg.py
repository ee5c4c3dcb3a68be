"""JPEG films: 8 bits, grey, colour or CMYK, baseline or progressive.

Markers are walked up to the frame header, so that size and kind are known before a pixel is
decoded. Colour becomes grey inside the decoder (its Y channel is BT.601 luma). Profiles (ICC) are
passed over. A second picture in the file (MPO) is passed over too: it is a preview or a gain map.
Source: ITU-T T.81, annex B.
"""

import io
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL.JpegImagePlugin import JpegImageFile

from ingest.checks import check_size
from ingest.colour import SAMPLE_SIDE, coloured_share, sample_of
from ingest.readers.grey import luma
from ingest.readers.upright import orientation, upright
from schemas.errors import Refusal
from schemas.film_files import JPEG
from schemas.identities import Samples

SIGNATURE: Final = JPEG
WANTED: Final = "a whole JPEG file"

#: SOF markers. Others are lossless, differential or arithmetic-coded.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DECODABLE: Final = frozenset({0xC0, 0xC1, 0xC2})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_SCAN, _END = 0xDA, 0xD9


def read(data: bytes, pixel_limit: int) -> tuple[Samples, float]:
    """Return a JPEG's samples, uint8 (height, width), upright, and its coloured share, 0..1.

    Raises Refusal.
    """
    marker, bits, width, height, channels = _frame(data)
    if marker not in _DECODABLE or bits != 8:
        raise Refusal(
            "unsupported",
            wanted="a baseline or progressive JPEG of 8 bits",
            came=f"one of kind SOF{marker - 0xC0} at {bits} bits",
        )
    if channels not in {1, 3, 4} or not width or not height:
        raise Refusal(
            "unsupported",
            wanted="1, 3 or 4 channels and a size in the header",
            came=f"{channels} channels, {width} x {height} pixels",
        )
    check_size(width, height, pixel_limit)
    try:
        picture = _open(data, (width, height))
        said = orientation(picture)
        grey = _grey(picture)
        coloured = coloured_share(_colours(data, (width, height))) if channels > 1 else 0.0
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow raises many kinds: the file is not whole
        raise Refusal(
            "truncated", wanted=WANTED, came=f"one that cannot be decoded ({type(error).__name__})"
        ) from None
    return upright(grey, said), coloured


def grey_of(data: bytes, size: tuple[int, int]) -> NDArray[Any]:
    """Return the grey of a JPEG of 8 bits and this (width, height), as a DICOM file holds one.

    Its frame header has been read; EXIF is passed over. Raises what Pillow raises.
    """
    return _grey(_open(data, size))


def _open(data: bytes, size: tuple[int, int]) -> JpegImageFile:
    picture = JpegImageFile(io.BytesIO(data))
    if picture.size != size:
        raise ValueError("the decoder sees another size")
    return picture


def _grey(picture: JpegImageFile) -> NDArray[Any]:
    if picture.mode == "CMYK":
        # Plainly R = 255 - min(255, C + K): Pillow's, and no printer made this film.
        return luma(np.asarray(picture.convert("RGB")))
    picture.draft("L", None)
    return np.asarray(picture)


def _colours(data: bytes, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the sample of colours: decoded again at an eighth, since the grey had none."""
    picture = _open(data, size)
    picture.draft("RGB", (SAMPLE_SIDE, SAMPLE_SIDE))
    return sample_of(np.asarray(picture.convert("RGB")))


def _frame(data: bytes) -> tuple[int, int, int, int, int]:
    """Return the frame header's (marker, bits, width, height, channels)."""
    at = 2
    while True:
        if at + 4 > len(data):
            raise Refusal("truncated", wanted=WANTED, came="one that ends within its headers")
        if data[at] != 0xFF:
            raise Refusal("not-an-image", wanted=WANTED, came="bytes where a marker should be")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        if marker in {_SCAN, _END}:
            raise Refusal("not-an-image", wanted=WANTED, came="a picture without a frame header")
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _FRAMES:
            if at + 10 > len(data):
                raise Refusal("truncated", wanted=WANTED, came="one that ends within its headers")
            bits, height, width, channels = struct.unpack_from(">BHHB", data, at + 4)
            return marker, bits, width, height, channels
        at += 2 + max(length, 2)
