"""PNG films: every colour type and depth, 16 bits kept whole.

Chunks are walked here first: size, kind and checksums are known before a pixel is decoded. Gamma
(gAMA), profiles (iCCP, sRGB) and sBIT are passed over: they say how to show samples, and a film's
identity is its samples. Transparency is laid over black.
Source: PNG Specification, third edition (W3C, 2025).
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngImageFile

from ingest.checks import check_size
from ingest.colour import coloured_share, sample_of
from ingest.readers.grey import luma, over_black
from ingest.readers.upright import orientation, upright
from schemas.errors import Refusal
from schemas.film_files import PNG
from schemas.identities import Samples

SIGNATURE: Final = PNG
WANTED: Final = "a whole PNG file"

_GREY, _COLOUR, _PALETTE, _GREY_ALPHA, _COLOUR_ALPHA = 0, 2, 3, 4, 6
_DEPTHS: Final = {
    _GREY: (1, 2, 4, 8, 16),
    _COLOUR: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GREY_ALPHA: (8, 16),
    _COLOUR_ALPHA: (8, 16),
}
#: Chunks that samples come from: their checksums must hold.
_NEEDED: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    depth: int
    kind: int
    transparent: bytes


def read(data: bytes, pixel_limit: int) -> tuple[Samples, float]:
    """Return a PNG's samples, uint8 or uint16 (height, width), upright, and its coloured share.

    The share is 0..1. Raises Refusal.
    """
    header = _header(data)
    check_size(header.width, header.height, pixel_limit)
    try:
        grey, said, coloured = _decode(data, header)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow raises many kinds: the file is not whole
        raise Refusal(
            "truncated", wanted=WANTED, came=f"one that cannot be decoded ({type(error).__name__})"
        ) from None
    return upright(grey, said), coloured


def _header(data: bytes) -> _Header:
    """Return what IHDR and tRNS say, having walked every chunk to IEND."""
    fields: tuple[int, ...] | None = None
    transparent = b""
    for name, body in _chunks(data):
        if fields is None and name != b"IHDR":
            raise Refusal("not-an-image", wanted=WANTED, came="one without a header")
        if name == b"IHDR":
            if fields is not None or len(body) != 13:
                raise Refusal("not-an-image", wanted=WANTED, came="one with a wrong header")
            fields = struct.unpack(">IIBBBBB", body)
        elif name == b"tRNS":
            transparent = bytes(body)
        elif name == b"acTL":
            raise Refusal("unsupported", wanted="one still picture", came="an animated PNG")
    if fields is None:
        raise Refusal("truncated", wanted=WANTED, came="a signature and nothing else")
    width, height, depth, kind = fields[:4]
    if depth not in _DEPTHS.get(kind, ()) or not width or not height:
        raise Refusal(
            "not-an-image", wanted=WANTED, came=f"colour type {kind} at {depth} bits, of no PNG"
        )
    return _Header(width, height, depth, kind, transparent)


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield (name, body) of each chunk. Raises Refusal at the first that is cut or damaged."""
    view = memoryview(data)
    at = len(SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise Refusal("truncated", wanted=WANTED, came="one that ends before its last chunk")
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(data):
            raise Refusal("truncated", wanted=WANTED, came="one that ends within a chunk")
        if (
            name in _NEEDED
            and zlib.crc32(view[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]
        ):
            raise Refusal("truncated", wanted=WANTED, came="one with damaged data (checksum)")
        yield name, view[at + 8 : end]
        if name == b"IEND":
            return
        at = end + 4


def _decode(data: bytes, header: _Header) -> tuple[NDArray[Any], int, float]:
    """Return the grey samples as they lie in the file, EXIF's orientation, the coloured share."""
    picture = _open(data, header)
    coloured = 0.0
    if header.depth == 16:
        grey, coloured = _sixteen(data, picture, header)
    elif header.kind == _GREY:
        grey = np.asarray(picture.convert("L"))
        if header.transparent:
            step = 255 // ((1 << header.depth) - 1)
            (clear,) = struct.unpack(">H", header.transparent)
            grey = np.where(grey == clear * step, np.uint8(0), grey)
    else:
        grey, coloured = _eight(picture, header)
    # Read last: eXIf may stand behind the pixels.
    return grey, orientation(picture), coloured


def _open(data: bytes, header: _Header) -> PngImageFile:
    picture = PngImageFile(io.BytesIO(data))
    if picture.size != (header.width, header.height):
        raise ValueError("the decoder sees another size")
    return picture


def _eight(picture: PngImageFile, header: _Header) -> tuple[NDArray[Any], float]:
    alpha = header.kind in {_GREY_ALPHA, _COLOUR_ALPHA} or bool(header.transparent)
    channels = np.asarray(picture.convert("RGBA" if alpha else "RGB"))
    coloured = coloured_share(sample_of(channels))
    grey = luma(channels[..., :3])
    return (over_black(grey, channels[..., 3]) if alpha else grey), coloured


def _sixteen(data: bytes, picture: PngImageFile, header: _Header) -> tuple[NDArray[Any], float]:
    """Return 16-bit grey, the coloured share. Pillow itself keeps 16 bits of plain grey only."""
    if header.kind == _GREY:
        grey = np.asarray(picture).astype(np.uint16)
        if header.transparent:
            (clear,) = struct.unpack(">H", header.transparent)
            grey[grey == clear] = 0
        return grey, 0.0
    if header.kind == _GREY_ALPHA:
        # Two 16-bit channels lie in the file as four of 8 bits do: read them as such.
        four = np.asarray(_open(_as_colour_of_8_bits(data), header))
        wide = four.astype(np.uint16)
        grey = over_black(wide[..., 0] << 8 | wide[..., 1], wide[..., 2] << 8 | wide[..., 3])
        return grey, 0.0
    mode = "RGB" if header.kind == _COLOUR else "RGBA"
    # Read twice: big-endian gives the high bytes; called little-endian, the low ones.
    channels = _bytes_of(picture, f"{mode};16B").astype(np.uint16) << 8
    channels |= _bytes_of(_open(data, header), f"{mode};16L")
    coloured = coloured_share(sample_of(channels))
    grey = luma(channels[..., :3])
    if header.kind == _COLOUR_ALPHA:
        return over_black(grey, channels[..., 3]), coloured
    if header.transparent:
        clear = struct.unpack(">HHH", header.transparent)
        grey[(channels == np.array(clear, np.uint16)).all(axis=2)] = 0
    return grey, coloured


def _bytes_of(picture: PngImageFile, raw: str) -> NDArray[Any]:
    [tile] = picture.tile
    picture.tile = [ImageFile._Tile(tile.codec_name, tile.extents, tile.offset, raw)]  # noqa: SLF001
    return np.asarray(picture)


def _as_colour_of_8_bits(data: bytes) -> bytes:
    start = len(SIGNATURE) + 4
    header = data[start : start + 12] + bytes([8, _COLOUR_ALPHA]) + data[start + 14 : start + 17]
    checksum = struct.pack(">I", zlib.crc32(header))
    return data[:start] + header + checksum + data[start + 21 :]


# Sizes are checked above against the installation's own limit; Pillow's would warn at another.
Image.MAX_IMAGE_PIXELS = None
