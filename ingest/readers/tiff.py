"""TIFF films: one page of 8 or 16 bits, grey, colour or palette, in strips or tiles.

Uncompressed, LZW, deflate and PackBits. The directory is read here (tiff_header); the decoder
(libtiff in imagecodecs) gets a file put together anew of the samples and what they depend on: no
description, no private tag, nothing else of the file. MinIsWhite is turned: bright = dense.
Sources: TIFF 6.0 (Adobe, 1992); Adobe Photoshop TIFF Technical Notes (2002) for deflate.
"""

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.checks import SIDE_LIMIT, check_size
from ingest.colour import coloured_share, sample_of
from ingest.readers.grey import luma, over_black
from ingest.readers.picture import Picture, aspect_of
from ingest.readers.tiff_header import WANTED, Page, the_page
from schemas.errors import Refusal

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _COLOUR, _PALETTE = 0, 1, 2, 3
#: Channels before those that are extra.
_CHANNELS: Final = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _COLOUR: 3, _PALETTE: 1}
_UNCOMPRESSED: Final = 1
#: LZW, deflate under its two numbers, PackBits.
_COMPRESSIONS: Final = frozenset({_UNCOMPRESSED, 5, 8, 32_946, 32_773})
#: Unsigned whole numbers, or not said.
_FORMATS: Final = frozenset({1, 4})
_APART: Final = 2
#: ExtraSamples: transparency that the colours were not multiplied with.
_UNASSOCIATED: Final = 2


def read(data: bytes, pixel_limit: int) -> Picture:
    """Return a TIFF's picture, uint8 or uint16. Raises Refusal."""
    page = the_page(data)
    _check(page)
    check_size(page.width, page.height, pixel_limit)
    pieces = _pieces(data, page)
    try:
        samples = _decode(page, pieces)
        grey, coloured = _grey(samples, page)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - codecs raise many kinds: the file is not whole
        raise Refusal(
            "truncated", wanted=WANTED, came=f"one that cannot be decoded ({type(error).__name__})"
        ) from None
    said = page.orientation if 1 <= page.orientation <= 8 else 1
    return Picture.upright(grey, said, coloured, aspect_of(*page.density))


def _check(page: Page) -> None:
    """Raise Refusal `unsupported` for samples of another kind than a film's."""
    channels = _CHANNELS.get(-1 if page.photometric is None else page.photometric)
    if channels is None:
        raise Refusal(
            "unsupported",
            wanted="grey, RGB or palette samples",
            came=f"photometric interpretation {page.photometric}",
        )
    depths = {8} if page.photometric == _PALETTE else {8, 16}
    if page.bits[0] not in depths or len({*page.bits}) > 1:
        bits = "/".join(str(some) for some in page.bits[:4])
        raise Refusal("unsupported", wanted="samples of 8 or 16 bits", came=f"{bits} bits")
    if not {*page.formats} <= _FORMATS:
        raise Refusal(
            "unsupported",
            wanted="unsigned whole numbers",
            came=f"sample format {page.formats[0]}",
        )
    if not channels <= page.samples <= channels + (page.photometric != _PALETTE):
        raise Refusal(
            "unsupported", wanted=f"{channels} channels", came=f"{page.samples} channels"
        )
    if page.compression not in _COMPRESSIONS:
        raise Refusal(
            "unsupported",
            wanted="samples uncompressed, or by LZW, deflate or PackBits",
            came=f"compression {page.compression}",
        )


def _pieces(data: bytes, page: Page) -> list[bytes]:
    """Return the strips or tiles as they are stored, from left to right and from top to bottom."""
    width, height = page.tile or (page.width, page.rows)
    if not (0 < width <= 2 * SIDE_LIMIT and 0 < height <= 2 * SIDE_LIMIT):
        raise Refusal(
            "unsupported",
            wanted="strips and tiles of a size",
            came=f"{width} x {height} pixels",
        )
    across = -(-page.width // width)
    planes = page.samples if page.planar == _APART else 1
    count = across * -(-page.height // height) * planes
    if len(page.pieces) < count:
        raise Refusal(
            "truncated", wanted=f"{count} strips or tiles", came=f"{len(page.pieces)} of them"
        )
    line = width * (page.samples // planes) * page.bits[0] // 8
    pieces = []
    for number, (offset, said) in enumerate(page.pieces[:count]):
        size = said or len(data)
        if page.compression == _UNCOMPRESSED:
            # What is said may be wrong, what is needed is not. The last strip may be shorter.
            lower = number * height % (height * count // planes)
            size = line * (height if page.tile else min(height, page.height - lower))
        piece = data[offset : offset + size]
        if not piece or (page.compression == _UNCOMPRESSED and len(piece) < size):
            raise Refusal("truncated", wanted=WANTED, came="one that ends within its samples")
        pieces.append(piece)
    return pieces


def _decode(page: Page, pieces: list[bytes]) -> NDArray[Any]:
    """Return samples uint8 or uint16 (h, w) or (h, w, channels), as encoded."""
    from imagecodecs import tiff_decode

    samples = np.asarray(tiff_decode(_put_together(page, pieces)))
    if page.samples > 1 and page.planar == _APART:
        samples = np.moveaxis(samples, 0, -1)
    shape = (page.height, page.width) + ((page.samples,) if page.samples > 1 else ())
    if samples.shape != shape or samples.dtype.itemsize * 8 != page.bits[0]:
        raise ValueError("the decoder sees another size")
    return samples


def _put_together(page: Page, pieces: list[bytes]) -> bytes:
    """Return a TIFF of one directory behind the pieces, in the byte order of its samples."""
    tiled = page.tile is not None
    offsets, at = [], 8
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    channels = 3 if page.samples >= 3 else 1
    fields: list[tuple[int, str, tuple[int, ...]]] = [
        (256, "I", (page.width,)),
        (257, "I", (page.height,)),
        (258, "H", (page.bits[0],) * page.samples),
        (259, "H", (page.compression,)),
        (262, "H", (_COLOUR if channels == 3 else _BLACK_IS_ZERO,)),
        (266, "H", (page.fill_order,)),
        (277, "H", (page.samples,)),
        (284, "H", (page.planar,)),
        (317, "H", (page.predictor,)),
        (339, "H", (1,) * page.samples),
    ]
    if page.samples > channels:
        fields.append((338, "H", (0,) * (page.samples - channels)))
    sizes = tuple(len(piece) for piece in pieces)
    if page.tile is not None:
        fields += [(322, "I", page.tile[:1]), (323, "I", page.tile[1:])]
    else:
        fields.append((278, "I", (page.rows,)))
    fields += [(324 if tiled else 273, "I", tuple(offsets)), (325 if tiled else 279, "I", sizes)]
    order = page.order
    values_at = at + 2 + 12 * len(fields) + 4
    entries, values = b"", b""
    for tag, code, given in sorted(fields):
        packed = struct.pack(f"{order}{len(given)}{code}", *given)
        if len(packed) > 4:
            packed, values = struct.pack(order + "I", values_at + len(values)), values + packed
        entries += struct.pack(order + "HHI", tag, 3 if code == "H" else 4, len(given))
        entries += packed.ljust(4, b"\0")
    mark = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at)
    count = struct.pack(order + "H", len(fields))
    return b"".join([mark, *pieces, count, entries, bytes(4), values])


def _grey(samples: NDArray[Any], page: Page) -> tuple[NDArray[Any], float]:
    """Return one channel, bright = dense, over black, and the coloured share."""
    channels = samples if samples.ndim == 3 else samples[..., None]
    coloured = 0.0
    if page.photometric == _PALETTE:
        channels = _colours_of(page)[samples]
    if channels.shape[2] >= 3:
        coloured = coloured_share(sample_of(channels[..., :3]))
        grey = luma(channels[..., :3])
    else:
        grey = channels[..., 0]
    if page.photometric == _WHITE_IS_ZERO:
        grey = np.iinfo(grey.dtype).max - grey
    if page.extra[:1] == (_UNASSOCIATED,) and page.samples > _CHANNELS[page.photometric or 0]:
        grey = over_black(grey, channels[..., -1])
    return grey, coloured


def _colours_of(page: Page) -> NDArray[np.uint8]:
    """Return the palette, uint8 (256, 3): its numbers are of 16 bits, though some write 8."""
    table = np.array(page.palette, np.uint16).reshape(3, 256).T
    return np.ascontiguousarray(table >> 8 if table.max() > 255 else table).astype(np.uint8)
