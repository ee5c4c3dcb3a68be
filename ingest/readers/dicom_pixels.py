"""From a DICOM file's stored bytes to its samples as they were encoded: native, RLE, JPEG family.

8-bit JPEG goes through the same decoder as a JPEG file, so that one picture in both is one film.
Everything else is imagecodecs' (libjpeg-turbo, CharLS, OpenJPEG), loaded when first needed, and
given one thread.
Sources: DICOM PS3.5 section 8 and annexes A.4 (encapsulation), D (native), G (RLE).
"""

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.readers import codestream, jpeg
from ingest.readers.dicom_file import NATIVE, RLE, Opened
from ingest.readers.dicom_header import LUMA_FIRST, Header
from ingest.readers.grey import luma
from schemas.errors import Refusal

WANTED: Final = "pixels that are whole"

_ITEM: Final = 0xFFFEE000
_SEQUENCE_END: Final = 0xFFFEE0DD
#: PS3.5 G.5: the header of an RLE frame is 16 numbers, the first the count of segments.
_RLE_HEADER: Final = struct.Struct("<16I")


def decode(opened: Opened, header: Header) -> NDArray[Any]:
    """Return samples as encoded: (rows, columns), of 8 or 16 bits, not yet masked or turned.

    Colour comes out as its luma (uint8 or uint16), palettes as their indices. Raises Refusal:
    `truncated` (also damaged), `unsupported`.
    """
    assert opened.pixels is not None
    try:
        if opened.syntax in NATIVE:
            return _grey(_native(opened, header), header)
        frame = _frame(opened.pixels)
        if opened.syntax == RLE:
            return _grey(_rle(frame, header), header)
        return _compressed(frame, header)
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


def _frame(pixels: memoryview) -> bytes:
    """Return the one frame of encapsulated pixels: every fragment after the offset table."""
    fragments: list[memoryview] = []
    at = 0
    while at + 8 <= len(pixels):
        group, element, length = struct.unpack_from("<HHI", pixels, at)
        tag = group << 16 | element
        at += 8
        if tag == _SEQUENCE_END:
            break
        if tag != _ITEM:
            raise Refusal("truncated", wanted=WANTED, came="damaged fragments")
        if at + length > len(pixels):
            raise Refusal("truncated", wanted=f"{length} bytes", came=f"{len(pixels) - at} bytes")
        fragments.append(pixels[at : at + length])
        at += length
    if len(fragments) < 2:
        raise Refusal("truncated", wanted=WANTED, came="no fragment of them")
    return b"".join(fragments[1:])


def _rle(frame: bytes, header: Header) -> NDArray[Any]:
    """Return samples from RLE segments: a plane of bytes each, the highest byte first."""
    from imagecodecs import packbits_decode

    size, area = header.allocated // 8, header.rows * header.columns
    count, *offsets = _RLE_HEADER.unpack_from(frame)
    if count != size * header.channels:
        raise Refusal(
            "truncated",
            wanted=f"{size * header.channels} segments",
            came=f"{count} segments",
        )
    ends = [*offsets[1:count], len(frame)]
    planes = np.empty((header.channels, size, area), np.uint8)
    for number, (start, end) in enumerate(zip(offsets, ends, strict=False)):
        # One byte more than is wanted may be padding; more than that does not fit, and raises.
        plane = packbits_decode(frame[start:end], out=area + 1)
        if len(plane) < area:
            raise Refusal("truncated", wanted=f"{area} bytes", came=f"{len(plane)} bytes")
        planes[number // size, size - 1 - number % size] = np.frombuffer(plane, np.uint8)[:area]
    whole = np.ascontiguousarray(np.moveaxis(planes, 1, 2)).view(f"<u{size}")[..., 0]
    if header.channels == 1:
        return whole.reshape(header.rows, header.columns)
    return np.moveaxis(whole.reshape(-1, header.rows, header.columns), 0, 2)


def _compressed(frame: bytes, header: Header) -> NDArray[Any]:
    """Return samples of a codestream, by what it is and not by what the file calls it."""
    seen = codestream.look(frame)
    if seen is None:
        raise Refusal("truncated", wanted="JPEG, JPEG-LS or JPEG 2000 data", came="other bytes")
    if (seen.width, seen.height) != (header.columns, header.rows):
        raise Refusal(
            "truncated",
            wanted=f"{header.columns} x {header.rows} pixels",
            came=f"{seen.width} x {seen.height} pixels",
        )
    if seen.channels != header.channels or not 2 <= seen.bits <= 16:
        raise Refusal(
            "truncated",
            wanted=f"{header.channels} channels",
            came=f"{seen.channels} channels of {seen.bits} bits",
        )
    if not codestream.is_whole(frame, seen.kind):
        raise Refusal("truncated", wanted=WANTED, came="data cut short")
    if seen.kind == "jpeg" and seen.bits == 8 and not seen.lossless:
        return jpeg.grey_of(frame, (seen.width, seen.height))
    samples = _decoded(frame, seen.kind)
    if samples.shape[:2] != (header.rows, header.columns):
        raise ValueError("the decoder sees another size")
    return _grey(samples, header)


def _decoded(frame: bytes, kind: codestream.Kind) -> NDArray[Any]:
    import imagecodecs

    if kind == "jpeg-2000":
        return imagecodecs.jpeg2k_decode(frame, numthreads=1)
    if kind == "jpeg-ls":
        return imagecodecs.jpegls_decode(frame)
    return imagecodecs.jpeg8_decode(frame)
