"""TIFF files by the specification, of any kind that films come in, for tests."""

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

LZW, DEFLATE, OLD_DEFLATE, PACKBITS = 5, 8, 32_946, 32_773
SHORT, LONG, RATIONAL, ASCII = 3, 4, 5, 2
_CODES = {SHORT: "H", LONG: "I", RATIONAL: "I", ASCII: "B", 16: "Q"}

#: A tag's field type and values; None leaves the tag out.
Tags = Mapping[int, tuple[int, tuple[int, ...]] | None]


def tiff_of(
    samples: NDArray[Any],
    order: str = "<",
    *,
    big: bool = False,
    compression: int = 1,
    rows: int = 0,
    tile: int = 0,
    predictor: int = 1,
    tags: Tags | None = None,
) -> bytes:
    """Return a TIFF of uint8 or uint16 (h, w) or (h, w, channels), one directory at its end.

    rows: of a strip, 0 for one strip. tile: a tile's side, 0 for strips.
    """
    wide = samples if samples.ndim == 3 else samples[..., None]
    height, width, channels = wide.shape
    parts = [_packed(part, order, compression, predictor) for part in _parts(wide, rows, tile)]
    start = 16 if big else 8
    offsets = [start + sum(map(len, parts[:number])) for number in range(len(parts))]
    sizes = tuple(len(part) for part in parts)
    bits = samples.dtype.itemsize * 8
    said: dict[int, tuple[int, tuple[int, ...]] | None] = {
        256: (LONG, (width,)),
        257: (LONG, (height,)),
        258: (SHORT, (bits,) * channels),
        259: (SHORT, (compression,)),
        262: (SHORT, (1 if channels < 3 else 2,)),
        277: (SHORT, (channels,)),
        317: (SHORT, (predictor,)),
    }
    if tile:
        said |= {322: (LONG, (tile,)), 323: (LONG, (tile,))}
        said |= {324: (LONG, tuple(offsets)), 325: (LONG, sizes)}
    else:
        said |= {278: (LONG, (rows or height,))}
        said |= {273: (LONG, tuple(offsets)), 279: (LONG, sizes)}
    return whole(b"".join(parts), [said | dict(tags or {})], order, big=big)


def whole(stored: bytes, directories: list[Any], order: str = "<", *, big: bool = False) -> bytes:
    """Return a TIFF of what is stored and of directories one after another behind it."""
    mark = b"II" if order == "<" else b"MM"
    pointer = "Q" if big else "I"
    start = 16 if big else 8
    at = start + len(stored)
    head = mark + struct.pack(
        order + ("HHHQ" if big else "HI"), *((43, 8, 0) if big else (42,)), at
    )
    made = head + stored
    for number, said in enumerate(directories):
        fields = sorted((tag, *field) for tag, field in said.items() if field is not None)
        size = (20 if big else 12) * len(fields)
        values_at = len(made) + (8 if big else 2) + size + struct.calcsize(order + pointer)
        entries, values = b"", b""
        for tag, kind, given in fields:
            packed = struct.pack(f"{order}{len(given)}{_CODES[kind]}", *given)
            room = 8 if big else 4
            if len(packed) > room:
                packed, values = (
                    struct.pack(order + pointer, values_at + len(values)),
                    values + packed,
                )
            count = len(given) // (2 if kind == RATIONAL else 1)
            entries += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, count)
            entries += packed.ljust(room, b"\0")
        following = values_at + len(values) if number + 1 < len(directories) else 0
        made += struct.pack(order + ("Q" if big else "H"), len(fields)) + entries
        made += struct.pack(order + pointer, following) + values
    return made


def _parts(wide: NDArray[Any], rows: int, tile: int) -> list[NDArray[Any]]:
    height, width, _ = wide.shape
    if not tile:
        step = rows or height
        return [wide[top : top + step] for top in range(0, height, step)]
    room = np.zeros(
        (-(-height // tile) * tile, -(-width // tile) * tile, wide.shape[2]), wide.dtype
    )
    room[:height, :width] = wide
    return [
        room[top : top + tile, left : left + tile]
        for top in range(0, len(room), tile)
        for left in range(0, room.shape[1], tile)
    ]


def _packed(part: NDArray[Any], order: str, compression: int, predictor: int) -> bytes:
    if predictor == 2:
        part = part.copy()
        part[:, 1:] -= part[:, :-1].copy()
    plain = np.ascontiguousarray(part.astype(f"{order}u{part.dtype.itemsize}")).tobytes()
    if compression in {DEFLATE, OLD_DEFLATE}:
        return zlib.compress(plain)
    if compression == LZW:
        from imagecodecs import lzw_encode

        return bytes(lzw_encode(plain))
    if compression == PACKBITS:
        # Runs of up to 128 bytes as they are; rows are packed apart (TIFF 6.0, section 9).
        line = len(plain) // len(part)
        return b"".join(
            bytes([len(run) - 1]) + run
            for top in range(0, len(plain), line)
            for at in range(top, top + line, 128)
            for run in [plain[at : min(at + 128, top + line)]]
        )
    return plain
