"""Lookup tables of a DICOM file: modality, VOI and palette tables, however they are written.

Source: DICOM PS3.3 C.11.1.1.1, C.11.2.1.1 (descriptor and data), C.7.6.3.1.5 (palettes).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ingest.readers.dicom_file import numbers, raw_value

_WORDS: Final = 65_536


@dataclass(frozen=True, eq=False)
class Lut:
    """A table: the value that its first entry stands for, uint16 entries, bits of an entry."""

    first: int
    entries: NDArray[np.uint16]
    bits: int

    def of(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """Return the entry of each value; outside the table, its first or last one's."""
        places = np.clip(np.rint(values - self.first), 0, len(self.entries) - 1)
        found: NDArray[np.uint16] = self.entries[places.astype(np.intp)]
        return found


def first_lut(tags: Dataset, keyword: str, *, signed: bool, little: bool) -> Lut | None:
    """Return the first table of a sequence; None where there is none, or one that is broken."""
    sequence = raw_value(tags, keyword)
    try:
        item = sequence[0]
    except (TypeError, IndexError, KeyError):
        return None
    if not isinstance(item, Dataset):
        return None
    return lut_of(item, "LUTDescriptor", "LUTData", signed=signed, little=little)


def lut_of(item: Dataset, descriptor: str, data: str, *, signed: bool, little: bool) -> Lut | None:
    """Return the table of a descriptor and its data; None where they are no whole table."""
    said = numbers(item, descriptor)
    raw = raw_value(item, data)
    if len(said) != 3 or raw is None:
        return None
    count, first, bits = (int(number) for number in said)
    # Read as US or SS as the file pleases: 0 means 65,536, and signed values wrap.
    count = (count % _WORDS) or _WORDS
    first = first % _WORDS
    if signed and first >= _WORDS // 2:
        first -= _WORDS
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
            found = np.asarray(list(raw), np.int64)[:count] % _WORDS
        except (TypeError, ValueError, OverflowError):
            return None
    return Lut(first, found.astype(np.uint16), bits) if len(found) == count else None
