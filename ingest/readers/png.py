"""PNG films: every colour type and depth, 16 bits kept whole.

The file is taken apart first (png_parts): size and kind are known before a pixel is decoded, and
the decoder gets what carries samples and nothing else. Gamma (gAMA), profiles (iCCP, sRGB) and
sBIT are passed over: they say how to show samples, and a film's identity is its samples.
Transparency is laid over black.
Source: PNG Specification, third edition (W3C, 2025).
"""

import io
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngImageFile

from ingest.checks import check_size
from ingest.colour import coloured_share, sample_of
from ingest.readers.grey import luma, over_black
from ingest.readers.picture import Picture
from ingest.readers.png_parts import (
    COLOUR,
    COLOUR_ALPHA,
    GREY,
    GREY_ALPHA,
    WANTED,
    Parts,
    check_stream,
    put_together,
    take_apart,
)
from schemas.errors import Refusal
from schemas.film_files import PNG

SIGNATURE: Final = PNG


def read(data: bytes, pixel_limit: int) -> Picture:
    """Return a PNG's picture, uint8 or uint16. Raises Refusal."""
    parts = take_apart(data)
    check_size(parts.width, parts.height, pixel_limit)
    check_stream(parts)
    try:
        grey, coloured = _decode(parts)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow raises many kinds: the file is not whole
        raise Refusal(
            "truncated", wanted=WANTED, came=f"one that cannot be decoded ({type(error).__name__})"
        ) from None
    return Picture.upright(grey, parts.orientation, coloured, parts.aspect)


def _decode(parts: Parts) -> tuple[NDArray[Any], float]:
    """Return the grey samples as they lie in the file, and the coloured share."""
    picture = _open(put_together(parts), parts)
    if parts.depth == 16:
        return _sixteen(picture, parts)
    if parts.kind != GREY:
        return _eight(picture, parts)
    grey = np.asarray(picture.convert("L"))
    if parts.transparent:
        step = 255 // ((1 << parts.depth) - 1)
        (clear,) = struct.unpack(">H", parts.transparent)
        grey = np.where(grey == clear * step, np.uint8(0), grey)
    return grey, 0.0


def _open(data: bytes, parts: Parts) -> PngImageFile:
    picture = PngImageFile(io.BytesIO(data))
    if picture.size != (parts.width, parts.height):
        raise ValueError("the decoder sees another size")
    return picture


def _eight(picture: PngImageFile, parts: Parts) -> tuple[NDArray[Any], float]:
    alpha = parts.kind in {GREY_ALPHA, COLOUR_ALPHA} or bool(parts.transparent)
    channels = np.asarray(picture.convert("RGBA" if alpha else "RGB"))
    coloured = coloured_share(sample_of(channels))
    grey = luma(channels[..., :3])
    return (over_black(grey, channels[..., 3]) if alpha else grey), coloured


def _sixteen(picture: PngImageFile, parts: Parts) -> tuple[NDArray[Any], float]:
    """Return 16-bit grey, the coloured share. Pillow itself keeps 16 bits of plain grey only."""
    if parts.kind == GREY:
        grey = np.asarray(picture).astype(np.uint16)
        if parts.transparent:
            (clear,) = struct.unpack(">H", parts.transparent)
            grey[grey == clear] = 0
        return grey, 0.0
    if parts.kind == GREY_ALPHA:
        # Two 16-bit channels lie in the file as four of 8 bits do: read them as such.
        four = np.asarray(_open(put_together(parts, 8, COLOUR_ALPHA), parts))
        wide = four.astype(np.uint16)
        grey = over_black(wide[..., 0] << 8 | wide[..., 1], wide[..., 2] << 8 | wide[..., 3])
        return grey, 0.0
    mode = "RGB" if parts.kind == COLOUR else "RGBA"
    # Read twice: big-endian gives the high bytes; called little-endian, the low ones.
    channels = _bytes_of(picture, f"{mode};16B").astype(np.uint16) << 8
    channels |= _bytes_of(_open(put_together(parts), parts), f"{mode};16L")
    coloured = coloured_share(sample_of(channels))
    grey = luma(channels[..., :3])
    if parts.kind == COLOUR_ALPHA:
        return over_black(grey, channels[..., 3]), coloured
    if parts.transparent:
        clear = struct.unpack(">HHH", parts.transparent)
        grey[(channels == np.array(clear, np.uint16)).all(axis=2)] = 0
    return grey, coloured


def _bytes_of(picture: PngImageFile, raw: str) -> NDArray[Any]:
    [tile] = picture.tile
    picture.tile = [ImageFile._Tile(tile.codec_name, tile.extents, tile.offset, raw)]  # noqa: SLF001
    return np.asarray(picture)


# Sizes are checked above against the installation's own limit; Pillow's would warn at another.
Image.MAX_IMAGE_PIXELS = None
