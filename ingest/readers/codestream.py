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
_SCAN, _END = 0xDA, b"\xff\xd9"
_SIZ: Final = b"\xff\x4f\xff\x51"
#: Bytes of padding after the end marker, at most: fragments are even, and some writers pad more.
_PADDING: Final = 64


@dataclass(frozen=True)
class Codestream:
    """A codestream's kind and what its header announces. `lossless` is of JPEG's process 14."""

    kind: Kind
    width: int
    height: int
    channels: int
    bits: int
    lossless: bool = False


def look(data: bytes) -> Codestream | None:
    """Return what a codestream announces; None when it is of no kind that is decoded."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    at = data.find(_SIZ)
    # At the start, or within the few boxes of a JP2 file.
    return _jpeg_2000(data, at + 2) if 0 <= at < 4096 else None


def is_whole(data: bytes, kind: Kind) -> bool:
    """Return whether the end marker is there: libjpeg fills up what is cut with grey, silently."""
    return kind == "jpeg-2000" or data.rfind(_END, max(0, len(data) - _PADDING)) >= 0


def _jpeg(data: bytes) -> Codestream | None:
    at = 2
    while at + 10 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
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
    if at + 41 > len(data):
        return None
    right, bottom, left, top = struct.unpack_from(">4I", data, at + 6)
    channels, precision = struct.unpack_from(">HB", data, at + 38)
    return Codestream("jpeg-2000", right - left, bottom - top, channels, (precision & 0x7F) + 1)
