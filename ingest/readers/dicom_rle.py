"""RLE of DICOM: a segment for each byte of a sample, the highest first, each a PackBits stream.

Segments may be longer than their bytes need: padding, or what a writer left behind.
Source: DICOM PS3.5 annex G.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.readers.dicom_fragments import RLE_HEADER
from ingest.readers.dicom_header import Header
from schemas.errors import Refusal


def decode_rle(frame: bytes, header: Header) -> NDArray[Any]:
    """Return samples, (rows, columns) or (rows, columns, channels). Raises Refusal."""
    size, area = header.allocated // 8, header.rows * header.columns
    count, *offsets = RLE_HEADER.unpack_from(frame)
    if count != size * header.channels:
        raise Refusal(
            "mismatch",
            wanted=f"{size * header.channels} segments",
            came=f"{count} segments",
        )
    ends = [*offsets[1:count], len(frame)]
    planes = np.empty((header.channels, size, area), np.uint8)
    for number, (start, end) in enumerate(zip(offsets, ends, strict=False)):
        plane = _unpacked(frame[start:end], area)
        if len(plane) < area:
            raise Refusal("truncated", wanted=f"{area} bytes", came=f"{len(plane)} bytes")
        planes[number // size, size - 1 - number % size] = np.frombuffer(plane, np.uint8)[:area]
    whole = np.ascontiguousarray(np.moveaxis(planes, 1, 2)).view(f"<u{size}")[..., 0]
    if header.channels == 1:
        return whole.reshape(header.rows, header.columns)
    return np.moveaxis(whole.reshape(-1, header.rows, header.columns), 0, 2)


def _unpacked(segment: bytes, area: int) -> bytes:
    """Return a segment's bytes: as many as the area, a few more, or all it has."""
    from imagecodecs import PackbitsError, packbits_decode

    try:
        # One byte more than is wanted may be padding; more than that does not fit, and raises.
        return bytes(packbits_decode(segment, out=area + 1))
    except PackbitsError:
        end, count = _end_of(segment, area)
        return bytes(packbits_decode(segment[:end], out=count))


def _end_of(segment: bytes, area: int) -> tuple[int, int]:
    """Return where the run ends that fills the area, or the last whole one, and what comes out."""
    at = made = 0
    while made < area and at < len(segment):
        head = segment[at]
        after = at + (1 if head == 128 else 2 if head > 128 else 2 + head)
        if after > len(segment):
            break
        made += 0 if head == 128 else 257 - head if head > 128 else head + 1
        at = after
    return at, made
