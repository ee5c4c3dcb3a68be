"""From DICOM's encoded samples to a film's: bits, sign, modality LUT or rescale, polarity, window.

A code has at most 16 bits, so all of it is one table, applied once. A film's samples are unsigned
and count from the lowest value that the file could express, in steps of one stored code: whoever
wrote it as MONOCHROME1 or 2, signed or not, with a negative intercept or a fractional slope, the
same film has the same samples (docs/adr/0073).
Sources: DICOM PS3.3 C.11.1 (modality LUT), C.11.2 (VOI), C.7.6.3.1.2, C.8.11.3.1.2; PS3.4 N.2.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ingest.readers.dicom_file import numbers, raw_value, text
from ingest.readers.dicom_header import GREY, PALETTE, Header
from ingest.readers.grey import luma
from schemas.errors import Refusal
from schemas.identities import Samples

#: A VOI LUT's window is where its output goes from this share of its range to the rest of it.
_VOI_EDGE: Final = 0.02


@dataclass(frozen=True)
class _Scale:
    """How values (after rescale) lie on samples: sample = (value - lowest) / step, then turned.

    `top` is the highest sample there can be; `turned` says that bright and dark are exchanged.
    """

    lowest: float
    step: float
    top: int
    turned: bool

    @property
    def spread(self) -> float:
        """Return what samples of fewer than 8 bits are multiplied by, to reach 255."""
        return 255 / self.top if self.top < 255 else 1.0


@dataclass(frozen=True)
class Film:
    """A film's samples, uint8 or uint16 (h, w), and its first display window, () for none.

    The window is (centre, width) in these samples: black at centre - width / 2, white at
    centre + width / 2.
    """

    samples: Samples
    window: tuple[float, ...]


def film_of(encoded: NDArray[Any], header: Header, tags: Dataset, *, little: bool) -> Film:
    """Return the film of what `dicom_pixels.decode` gives. Raises Refusal for a broken palette."""
    if header.photometric == PALETTE:
        return Film(_from_palette(encoded, header, tags, little=little), ())
    if header.photometric not in GREY:
        return Film(_colour(encoded, header), ())
    table, scale = _table(header, tags, little=little)
    codes = encoded.view(f"u{encoded.dtype.itemsize}")
    if header.allocated == codes.dtype.itemsize * 8 and header.high + 1 > header.stored:
        codes = codes >> (header.high + 1 - header.stored)
    if header.stored < codes.dtype.itemsize * 8:
        # Overlays of old lived in the bits above.
        codes = codes & ((1 << header.stored) - 1)
    return Film(np.take(table, codes), _window(tags, scale, little=little))


def _table(header: Header, tags: Dataset, *, little: bool) -> tuple[NDArray[Any], _Scale]:
    """Return the sample of every stored code, and how values lie on samples."""
    count = 1 << header.stored
    codes = np.arange(count)
    least = -(count // 2) if header.signed else 0
    meant = np.where(codes >= count // 2, codes - count, codes) if header.signed else codes
    turned = (
        header.photometric == "MONOCHROME1"
        or (text(tags, "PresentationLUTShape") or "").upper() == "INVERSE"
    )
    lut = _lut(tags, "ModalityLUTSequence", signed=header.signed, little=little)
    if lut is not None:
        first, entries, bits = lut
        samples = entries[np.clip(meant - first, 0, len(entries) - 1)].astype(np.int64)
        top = (1 << bits) - 1
        samples = np.minimum(samples, top)
        scale = _Scale(0.0, 1.0, top, turned)
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
        scale = _Scale(min(ends), abs(slope), top, turned)
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


def _lut(
    tags: Dataset, keyword: str, *, signed: bool, little: bool
) -> tuple[int, NDArray[np.uint16], int] | None:
    """Return a LUT's (first mapped value, entries, bits of an entry); None for none, or broken."""
    sequence = raw_value(tags, keyword)
    try:
        item = sequence[0]
    except (TypeError, IndexError, KeyError):
        return None
    return _entries(item, "LUTDescriptor", "LUTData", signed=signed, little=little)


def _entries(
    item: Dataset, descriptor: str, data: str, *, signed: bool, little: bool
) -> tuple[int, NDArray[np.uint16], int] | None:
    said = numbers(item, descriptor)
    raw = raw_value(item, data)
    if len(said) != 3 or raw is None:
        return None
    count, first, bits = (int(number) for number in said)
    # Read as US or SS as the file pleases: 0 means 65,536, and signed values wrap.
    count = (count % 65_536) or 65_536
    first = first % 65_536
    if signed and first >= 32_768:
        first -= 65_536
    if not 8 <= bits <= 16:
        return None
    if isinstance(raw, bytes):
        # 8-bit entries come one to a byte, or each in a word.
        kind = "u1" if count <= len(raw) <= count + 1 else f"{'<' if little else '>'}u2"
        if len(raw) < count * np.dtype(kind).itemsize:
            return None
        found = np.frombuffer(raw, kind, count)
    else:
        try:
            found = np.asarray(list(raw), np.int64)[:count] % 65_536
        except (TypeError, ValueError, OverflowError):
            return None
    return (first, found.astype(np.uint16), bits) if len(found) == count else None


def _window(tags: Dataset, scale: _Scale, *, little: bool) -> tuple[float, ...]:
    """Return the first window in film samples, or that of the first VOI LUT; () for none."""
    centre, width = numbers(tags, "WindowCenter")[:1], numbers(tags, "WindowWidth")[:1]
    if centre and width:
        middle, wide = centre[0], width[0]
        if (text(tags, "VOILUTFunction") or "LINEAR").upper() not in {"LINEAR_EXACT", "SIGMOID"}:
            # LINEAR counts whole values: its edges lie half a value further in (C.11.2.1.2.1).
            middle, wide = middle - 0.5, wide - 1
    else:
        edges = _voi_edges(tags, signed=scale.lowest < 0, little=little)
        if edges is None:
            return ()
        middle, wide = (edges[0] + edges[1]) / 2, edges[1] - edges[0]
    if wide <= 0:
        return ()
    middle, wide = (middle - scale.lowest) / scale.step, wide / scale.step
    if scale.turned:
        middle = scale.top - middle
    return middle * scale.spread, wide * scale.spread


def _voi_edges(tags: Dataset, *, signed: bool, little: bool) -> tuple[float, float] | None:
    """Return the values between which the first VOI LUT rises; None for none, or a falling one."""
    lut = _lut(tags, "VOILUTSequence", signed=signed, little=little)
    if lut is None:
        return None
    first, entries, _ = lut
    low, high = int(entries.min()), int(entries.max())
    margin = (high - low) * _VOI_EDGE
    if high == low or entries[0] > entries[-1]:
        return None
    start = int(np.argmax(entries > low + margin))
    end = len(entries) - 1 - int(np.argmax(entries[::-1] < high - margin))
    return (float(first + start), float(first + end)) if end > start else None


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
        found = _entries(tags, f"{name}Descriptor", f"{name}Data", signed=False, little=little)
        if found is None:
            raise Refusal(
                "unsupported", wanted="a palette of three tables", came="another palette"
            )
        first, entries, bits = found
        # Entries of 16 bits have their 8 in the high byte, save where a writer used the low one.
        shift = 8 if bits == 16 and int(entries.max()) > 255 else bits - 8 if bits < 16 else 0
        channels.append((entries >> shift).astype(np.uint8))
    if len({len(channel) for channel in channels}) != 1:
        raise Refusal("unsupported", wanted="a palette of three tables", came="another palette")
    shades = luma(np.stack(channels, axis=1)[None])[0]
    masked = codes & ((1 << header.stored) - 1)
    return np.take(shades, np.clip(masked.astype(np.int64) - first, 0, len(shades) - 1))
