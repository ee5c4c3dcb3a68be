"""Which bits of a stored word are the sample, where a header may be wrong about it.

What it says is held against the words: a film's neighbours differ little, and bits that are cut
off, or taken for others, make them jump.
Source: DICOM PS3.5 8.1.1 (bits allocated, stored, high bit).
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.readers.dicom_header import Header

#: So many rows tell as much of a film's smoothness as all of them.
_ROWS: Final = 512


def some_rows(words: NDArray[Any]) -> NDArray[np.int32]:
    """Return one in so many rows of words (h, w) of 16 bits at most, as whole numbers."""
    return words[:: max(1, len(words) // _ROWS)].astype(np.int32)


def jumps(values: NDArray[np.int32]) -> int:
    """Return how far neighbours in a row differ, all together."""
    return int(np.abs(np.diff(values, axis=1)).sum(dtype=np.int64))


def lowered(words: NDArray[Any], header: Header) -> NDArray[Any]:
    """Return unsigned words with their samples at the lower end, which HighBit may place higher.

    They lie there already where something lies below and nothing above.
    """
    above = header.high + 1 - header.stored
    if header.allocated != words.dtype.itemsize * 8 or above == 0:
        return words
    low = (words & ((1 << above) - 1)).any() and not (words >> header.stored).any()
    return words if low else words >> above


def true_of(words: NDArray[Any], header: Header) -> Header:
    """Return the header with as many bits as unsigned words need, where it says too few.

    Above the stored bits there may be the sign again, or an overlay of old: then they are cut off,
    and what is left jumps no more than the whole words do.
    """
    bits = words.dtype.itemsize * 8
    if header.stored >= bits or not (words >> header.stored).any():
        return header
    whole = words.view(f"i{words.dtype.itemsize}") if header.signed else words
    some = some_rows(whole)
    kept = some & ((1 << header.stored) - 1)
    if header.signed:
        half = 1 << header.stored >> 1
        kept = np.where(kept >= half, kept - 2 * half, kept)
    if jumps(kept) <= jumps(some):
        return header
    top = int(whole.max()).bit_length()
    if header.signed:
        # The sign takes a bit of its own.
        top = max(top, int(~whole.min()).bit_length()) + 1
    return replace(header, stored=top, high=top - 1)
