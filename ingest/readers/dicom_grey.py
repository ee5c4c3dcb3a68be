"""From DICOM's encoded samples to a film's: bits, sign, modality LUT or rescale, polarity.

A code has at most 16 bits, so all of it is one table, applied once. A film's samples are unsigned
and count from the lowest value that the file could express, in steps of one stored code: whoever
wrote it as MONOCHROME1 or 2, signed or not, with a negative intercept or a fractional slope, the
same film has the same samples (docs/adr/0073). Bright is what the file means to be seen bright:
a VOI LUT that falls turns the film, MONOCHROME1 turns what came out of it (docs/adr/0116).
Sources: DICOM PS3.3 C.11.1 (modality LUT), C.7.6.3.1.2, C.8.11.3.1.2; PS3.4 N.2.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ingest.readers.dicom_bits import lowered, sign_of, true_of
from ingest.readers.dicom_file import numbers, raw_value, text
from ingest.readers.dicom_header import GREY, PALETTE, Header
from ingest.readers.dicom_lut import first_lut, lut_of
from ingest.readers.dicom_shown import padding_codes, presentation_of, samples_of
from ingest.readers.dicom_voi import Scale, Voi, voi_of
from ingest.readers.grey import luma
from schemas.errors import Refusal
from schemas.identities import Samples
from schemas.presentation import Presentation


@dataclass(frozen=True, eq=False)
class Film:
    """A film's samples, uint8 or uint16 (h, w), how they lie, and how the file asks for them.

    The window, () for none, is (centre, width) in these samples: black at centre - width / 2,
    white at centre + width / 2. `curves` are levels by sample, best first (dicom_voi).
    """

    samples: Samples
    presentation: Presentation
    window: tuple[float, ...] = ()
    curves: tuple[NDArray[np.uint8], ...] = ()


def film_of(encoded: NDArray[Any], header: Header, tags: Dataset, *, little: bool) -> Film:
    """Return the film of what `dicom_pixels.decode` gives. Raises Refusal for a broken palette."""
    if header.photometric == PALETTE:
        return Film(_from_palette(encoded, header, tags, little=little), presentation_of(tags))
    if header.photometric not in GREY:
        return Film(_colour(encoded, header), presentation_of(tags))
    words = lowered(encoded.view(f"u{encoded.dtype.itemsize}"), header)
    header = true_of(words, header)
    # Padding may be as wrong about its sign as the header is.
    either = (
        padding_codes(tags, header.stored, signed=sign, little=little) for sign in (False, True)
    )
    sign = sign_of(words, header, [codes for codes in either if codes])
    header = replace(header, signed=sign)
    # Overlays of old lived in the bits above.
    codes = words & ((1 << min(header.stored, words.itemsize * 8)) - 1)
    voi = voi_of(tags, signed=_may_be_negative(header, tags), little=little)
    table, scale = _table(header, tags, voi, little=little)
    padding = padding_codes(tags, header.stored, signed=header.signed, little=little)
    return Film(
        samples=np.take(table, codes),
        presentation=presentation_of(tags, padding and samples_of(padding, table)),
        window=voi.window_on(scale),
        curves=voi.curves(scale),
    )


def _may_be_negative(header: Header, tags: Dataset) -> bool:
    """Return whether values, after rescale, may be below 0: a VOI LUT's first one is signed then.

    After a modality LUT they are not.
    """
    if raw_value(tags, "ModalityLUTSequence"):
        return False
    slope, intercept = _rescale(tags)
    return min(slope * end + intercept for end in _ends(header)) < 0


def _ends(header: Header) -> tuple[int, int]:
    """Return the lowest and highest code that the stored bits can hold."""
    count = 1 << header.stored
    least = -(count // 2) if header.signed else 0
    return least, least + count - 1


def _table(header: Header, tags: Dataset, voi: Voi, *, little: bool) -> tuple[NDArray[Any], Scale]:
    """Return the sample of every stored code, and how values lie on samples."""
    count = 1 << header.stored
    least, _ = _ends(header)
    codes = np.arange(count)
    meant = np.where(codes >= count // 2, codes - count, codes) if header.signed else codes
    inverse = (text(tags, "PresentationLUTShape") or "").upper() == "INVERSE"
    turned = (header.photometric == "MONOCHROME1" or inverse) != voi.falls
    lut = first_lut(tags, "ModalityLUTSequence", signed=header.signed, little=little)
    if lut is not None:
        top = (1 << lut.bits) - 1
        samples = np.minimum(lut.of(meant).astype(np.int64), top)
        scale = Scale(0.0, 1.0, top, turned)
    elif raw_value(tags, "ModalityLUTSequence"):
        # What its samples mean is not known without it.
        raise Refusal("unsupported", wanted="a modality LUT that is whole", came="another LUT")
    else:
        slope, intercept = _rescale(tags)
        top = count - 1
        samples = meant - least
        if slope < 0:
            samples = top - samples
        ends = (slope * least + intercept, slope * (least + top) + intercept)
        scale = Scale(min(ends), abs(slope), top, turned)
    if turned:
        samples = scale.top - samples
    if scale.top < 255:
        # As PNG's fewer bits are (docs/adr/0041).
        samples = np.rint(samples * scale.spread).astype(np.int64)
    return samples.astype(np.uint8 if scale.top <= 255 else np.uint16), scale


def _rescale(tags: Dataset) -> tuple[float, float]:
    """Return slope and intercept; (1, 0) where they are absent, malformed or of no use."""
    slope, intercept = numbers(tags, "RescaleSlope")[:1], numbers(tags, "RescaleIntercept")[:1]
    if not slope or not intercept or not 1e-9 < abs(slope[0]) < 1e9:
        return 1.0, 0.0
    return slope[0], intercept[0]


def _colour(grey: NDArray[Any], header: Header) -> Samples:
    """Return the luma of a colour picture: 8 bits, or 16 where more are stored."""
    if header.stored > 8:
        return grey.astype(np.uint16)
    top = (1 << header.stored) - 1
    spread = np.rint(np.arange(top + 1) * (255 / top)).astype(np.uint8)
    return np.take(spread, grey & top)


def _from_palette(codes: NDArray[Any], header: Header, tags: Dataset, *, little: bool) -> Samples:
    """Return the luma of each pixel's palette entry, in 8 bits."""
    channels = []
    first = 0
    for colour in ("Red", "Green", "Blue"):
        name = f"{colour}PaletteColorLookupTable"
        found = lut_of(tags, f"{name}Descriptor", f"{name}Data", signed=False, little=little)
        if found is None:
            raise Refusal(
                "unsupported", wanted="a palette of three tables", came="another palette"
            )
        first, entries, bits = found.first, found.entries, found.bits
        # Entries of 16 bits have their 8 in the high byte, save where a writer used the low one.
        shift = 8 if bits == 16 and int(entries.max()) > 255 else bits - 8 if bits < 16 else 0
        channels.append((entries >> shift).astype(np.uint8))
    if len({len(channel) for channel in channels}) != 1:
        raise Refusal("unsupported", wanted="a palette of three tables", came="another palette")
    shades = luma(np.stack(channels, axis=1)[None])[0]
    masked = codes & ((1 << header.stored) - 1)
    return np.take(shades, np.clip(masked.astype(np.int64) - first, 0, len(shades) - 1))
