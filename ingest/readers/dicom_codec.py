"""A codestream of DICOM decoded, and what its own sign and precision make of the header.

Whether it is whole is told by its samples and not by what stands around them: bytes behind its
end, or no mark of the end, are no reason to refuse it. imagecodecs (libjpeg-turbo, CharLS,
OpenJPEG) is loaded when first needed, and given one thread.
Sources: DICOM PS3.5 8.2 (what must agree), ITU-T T.81, T.87, T.800.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.readers import codestream, jpeg
from ingest.readers.codestream import Codestream
from ingest.readers.dicom_bits import jumps, some_rows
from ingest.readers.dicom_fragments import WANTED
from ingest.readers.dicom_header import GREY, Header
from ingest.readers.jpeg import FILLERS
from ingest.readers.jpeg_segments import take_apart
from schemas.errors import Refusal

_END: Final = b"\xff\xd9"


def decode_codestream(frame: bytes, header: Header) -> tuple[NDArray[Any], Header]:
    """Return samples, (rows, columns) or with channels, and the header as it is true of them.

    By what the codestream is, not by what the file calls it. Raises Refusal: `truncated`,
    `mismatch` where the header and the codestream tell of two pictures; and what codecs raise.
    """
    seen = codestream.look(frame)
    if seen is None:
        raise Refusal("truncated", wanted="JPEG, JPEG-LS or JPEG 2000 data", came="other bytes")
    if (seen.width, seen.height) != (header.columns, header.rows):
        raise Refusal(
            "mismatch",
            wanted=f"{header.columns} x {header.rows} pixels",
            came=f"{seen.width} x {seen.height} pixels",
        )
    if seen.channels not in {1, 3} or not 2 <= seen.bits <= 16:
        raise Refusal(
            "unsupported",
            wanted=f"{header.channels} channels",
            came=f"{seen.channels} channels of {seen.bits} bits",
        )
    if seen.kind == "jpeg" and seen.bits == 8 and not seen.lossless:
        # The luma of whatever colours it has, as of a JPEG file.
        rgb = header.photometric == "RGB"
        return jpeg.grey_of(frame, (seen.width, seen.height), rgb=rgb), header
    samples = _jpeg_of(frame) if seen.kind == "jpeg" else _ended(frame, seen)
    if samples.shape[:2] != (header.rows, header.columns):
        raise ValueError("the decoder sees another size")
    if samples.ndim == 3 and header.photometric in GREY:
        samples = _one_of_three(samples)
    return samples, agreed(samples, seen, header)


def _jpeg_of(frame: bytes) -> NDArray[Any]:
    """Return a lossless or 12-bit JPEG. Raises Refusal `truncated` where samples are missing.

    libjpeg fills up what is cut, silently: with something else behind the data, it fills up with
    something else.
    """
    import imagecodecs

    segments = take_apart(frame)
    samples = imagecodecs.jpeg8_decode(segments.whole())
    for filler in FILLERS[: 1 if segments.ended else 2]:
        if not (imagecodecs.jpeg8_decode(segments.whole(filler)) == samples).all():
            raise Refusal("truncated", wanted=WANTED, came="data cut short")
    return samples


def _ended(frame: bytes, seen: Codestream) -> NDArray[Any]:
    """Return a JPEG-LS or JPEG 2000 picture, whose decoders raise for what is cut.

    They want the mark of the end, too: it is put where it is missing.
    """
    import imagecodecs

    def decoded(data: bytes) -> NDArray[Any]:
        if seen.kind == "jpeg-ls":
            return imagecodecs.jpegls_decode(data)
        return imagecodecs.jpeg2k_decode(data[seen.at :], numthreads=1)

    try:
        return decoded(frame)
    except (imagecodecs.JpeglsError, imagecodecs.Jpeg2kError):
        tail = frame[:-1] if frame.endswith(b"\0") else frame
        for data in (frame, tail):
            if not data.endswith(_END):
                try:
                    return decoded(data + _END)
                except (imagecodecs.JpeglsError, imagecodecs.Jpeg2kError):
                    continue
        raise


def _one_of_three(samples: NDArray[Any]) -> NDArray[Any]:
    """Return the grey of three channels that are said to be one. Raises Refusal if they differ."""
    if not (samples == samples[..., :1]).all():
        raise Refusal("mismatch", wanted="1 channels", came="3 channels")
    return np.ascontiguousarray(samples[..., 0])


def agreed(samples: NDArray[Any], seen: Codestream, header: Header) -> Header:
    """Return the header with the codestream's own sign and precision, where they matter.

    A header that says more bits than there are is as good. Of one that says fewer, the bits above
    may be copies of the sign; else they are the film's. JPEG and JPEG-LS know no sign: their bits
    are as the header has them. So may those of JPEG 2000 be that says to be unsigned: some
    encoders are given words. Whichever reading has fewer jumps is taken.
    """
    if header.photometric not in GREY:
        return header
    own = replace(
        header,
        allocated=samples.itemsize * 8,
        stored=seen.bits,
        high=seen.bits - 1,
        signed=seen.signed,
    )
    if seen.bits > header.stored:
        kept = not seen.signed and _fits(samples, seen.bits, header)
        return header if kept else replace(own, signed=seen.signed or header.signed)
    # Nothing lies above what is stored, so all of it lies low.
    header = replace(header, high=header.stored - 1)
    if seen.signed:
        return header if header.signed else own
    if not header.signed or seen.kind != "jpeg-2000":
        return header
    half = 1 << seen.bits >> 1
    plain = some_rows(samples)
    wrapped = np.where(plain >= half, plain - 2 * half, plain)
    fewer = jumps(plain) - jumps(wrapped)
    return replace(own, signed=fewer > 0) if fewer else header


def _fits(samples: NDArray[Any], bits: int, header: Header) -> bool:
    """Return whether the bits besides those that are stored say nothing.

    There are none, they are the sign again, or all are stored at the upper end of their word.
    """
    words = np.flatnonzero(np.bincount(samples.ravel()))
    if header.high + 1 == bits and not (words & ((1 << (bits - header.stored)) - 1)).any():
        return True
    if header.signed:
        half = 1 << header.stored >> 1
        meant = np.where(words >= 1 << bits >> 1, words - (1 << bits), words)
        if ((meant >= -half) & (meant < half)).all():
            return True
    return not (words >> header.stored).any()
