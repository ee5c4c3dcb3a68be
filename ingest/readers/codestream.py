"""What a compressed picture says of itself before it is decoded: JPEG, JPEG-LS, JPEG 2000.

A decoder allocates what the codestream announces, so that is held against the DICOM header first.
Sources: ITU-T T.81 annex B, T.87 annex C, T.800 annex A.
"""

import struct
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["jpeg", "jpeg-ls", "jpeg-2000"]

_JPEG_LS: Final = 0xF7
#: SOF markers that are Huffman coded and of one layer: baseline, extended, progressive, lossless.
_DECODABLE: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, _JPEG_LS})
_OTHER_FRAMES: Final = frozenset(range(0xC5, 0xD0)) - {0xC8, 0xCC}
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN: Final = 0xDA
_JPEG: Final = b"\xff\xd8"
_SIZ: Final = b"\xff\x4f\xff\x51"
_JP2: Final = b"\0\0\0\x0cjP  "


@dataclass(frozen=True)
class Codestream:
    """A codestream's kind and what its header announces.

    `at` is where it begins; `lossless` is of JPEG's process 14; `signed` of JPEG 2000, the only
    one that says it.
    """

    kind: Kind
    width: int
    height: int
    channels: int
    bits: int
    lossless: bool = False
    signed: bool = False
    at: int = 0


def begins(data: bytes) -> bool:
    """Return whether these first bytes, 12 or more, begin a codestream of any kind."""
    return data.startswith((_JPEG, _SIZ, _JP2))


def look(data: bytes) -> Codestream | None:
    """Return what a codestream announces; None when it is of no kind that is decoded."""
    if data.startswith(_JPEG):
        return _jpeg(data)
    at = data.find(_SIZ)
    # At the start, or within the few boxes of a JP2 file.
    return _jpeg_2000(data, at) if 0 <= at < 4096 else None


def _jpeg(data: bytes) -> Codestream | None:
    at = 2
    while at + 10 <= len(data):
        if data[at] != 0xFF:
            # A byte between segments, or behind one that says a wrong size.
            at = data.find(b"\xff", at)
            if at < 0:
                return None
            continue
        marker = data[at + 1]
        if marker in {0x00, 0xFF}:
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        if marker == _SCAN or marker in _OTHER_FRAMES:
            return None
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _DECODABLE:
            bits, height, width, channels = struct.unpack_from(">BHHB", data, at + 4)
            kind: Kind = "jpeg-ls" if marker == _JPEG_LS else "jpeg"
            return Codestream(kind, width, height, channels, bits, lossless=marker == 0xC3)
        at += 2 + max(length, 2)
    return None


def _jpeg_2000(data: bytes, at: int) -> Codestream | None:
    size = at + 2
    if size + 41 > len(data):
        return None
    right, bottom, left, top = struct.unpack_from(">4I", data, size + 6)
    channels, precision = struct.unpack_from(">HB", data, size + 38)
    return Codestream(
        kind="jpeg-2000",
        width=right - left,
        height=bottom - top,
        channels=channels,
        bits=(precision & 0x7F) + 1,
        signed=precision >= 0x80,
        at=at,
    )
