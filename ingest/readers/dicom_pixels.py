"""From a DICOM file's stored bytes to its samples as they were encoded: native, RLE, JPEG family.

8-bit JPEG goes through the same decoder as a JPEG file, so that one picture in both is one film.
Everything else that is compressed is in dicom_codec and dicom_rle.
Sources: DICOM PS3.5 section 8 and annex D (native).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.readers.dicom_codec import decode_codestream
from ingest.readers.dicom_file import NATIVE, RLE, Opened
from ingest.readers.dicom_fragments import WANTED, frame_of
from ingest.readers.dicom_header import LUMA_FIRST, Header
from ingest.readers.dicom_rle import decode_rle
from ingest.readers.grey import luma
from schemas.errors import Refusal


def decode(opened: Opened, header: Header) -> tuple[NDArray[Any], Header]:
    """Return samples as encoded: (rows, columns), of 8 or 16 bits, not yet masked or turned.

    Colour comes out as its luma (uint8 or uint16), palettes as their indices. With them comes the
    header as it is true of them: of a codestream, its own sign and precision. Raises Refusal:
    `truncated` (also damaged), `mismatch`, `unsupported`.
    """
    assert opened.pixels is not None
    try:
        if opened.syntax in NATIVE:
            return _grey(_native(opened, header), header), header
        frame = frame_of(opened.pixels)
        if opened.syntax == RLE:
            return _grey(decode_rle(frame, header), header), header
        samples, true = decode_codestream(frame, header)
        return _grey(samples, true), true
    except (MemoryError, Refusal):
        raise
    except Exception as error:  # noqa: BLE001 - codecs raise many kinds: the pixels are not whole
        raise Refusal(
            "truncated", wanted=WANTED, came=f"one that cannot be decoded ({type(error).__name__})"
        ) from None


def _grey(samples: NDArray[Any], header: Header) -> NDArray[Any]:
    """Return the one channel that a film is made of."""
    if samples.ndim == 2:
        return samples
    if header.photometric in LUMA_FIRST:
        # Y is BT.601 luma in full range, as JPEG has it (PS3.3 C.7.6.3.1.2).
        return samples[..., 0]
    return luma(samples)


def _native(opened: Opened, header: Header) -> NDArray[Any]:
    """Return uncompressed samples, in place where the bytes allow it."""
    assert opened.pixels is not None
    rows, columns, channels = header.rows, header.columns, header.channels
    size = header.allocated // 8
    subsampled = header.photometric == "YBR_FULL_422" and size == 1
    count = rows * columns * (2 if subsampled else channels)
    raw = opened.pixels
    if len(raw) < count * size:
        raise Refusal("truncated", wanted=f"{count * size} bytes", came=f"{len(raw)} bytes")
    swapped = not opened.little_endian
    if swapped and size == 1 and opened.pixels_vr == "OW":
        # Bytes travel in words there, the second sample first (PS3.5 D.2).
        even = np.frombuffer(raw[: len(raw) // 2 * 2], "<u2").byteswap().view(np.uint8)
        samples = even[:count]
    else:
        kind = np.dtype(f"{'>' if swapped else '<'}u{size}")
        samples = np.frombuffer(raw[: count * size], kind).astype(f"u{size}", copy=False)
    if subsampled:
        # Y1 Y2 Cb Cr for each two pixels of a row.
        return np.ascontiguousarray(samples.reshape(rows, columns // 2, 4)[..., :2]).reshape(
            rows, columns
        )
    if channels == 1:
        return samples.reshape(rows, columns)
    if header.planar:
        return np.moveaxis(samples.reshape(channels, rows, columns), 0, 2)
    return samples.reshape(rows, columns, channels)
