"""Which bits of a stored word are the sample, where a header may be wrong about it.

What it says is held against the words: a film's neighbours differ little, and bits that are cut
off, or taken for others, make them jump.
Source: DICOM PS3.5 8.1.1 (bits allocated, stored, high bit).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.readers.dicom_header import Header

#: So many rows tell as much of a film's smoothness as all of them.
_ROWS: Final = 512
#: With fewer bits every edge is a jump.
_FEWEST_BITS: Final = 8
#: Codes are near that lie less than this part of the ring apart.
_NEAR: Final = 8
#: The share of rows that must tell of a wrong sign: letters and clips stand in few.
_ROWS_TOLD: Final = 1 / 16
#: So many values beside an end are held against it.
_BESIDE: Final = 16


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


def sign_of(words: NDArray[Any], header: Header, padding: Sequence[tuple[int, int]] = ()) -> bool:
    """Return whether codes (h, w) are signed, where the header may be wrong about it.

    The codes lie on a ring, which a sign cuts at its half and none cuts at its end. A film that is
    read right seldom has neighbours that are near on the ring and cut apart; one read wrong has
    them wherever its greys pass the middle. The header is believed unless such pairs stand in a
    share of the rows, and more of them than the other reading has. Not looked at are neighbours
    of padding (codes from, to), and of a lowest or highest code that many samples have: letters,
    background and what is saturated have edges as hard as a film that wraps.
    """
    count = 1 << header.stored
    if header.stored < _FEWEST_BITS:
        return header.signed
    codes = some_rows(words) & (count - 1)
    held = np.bincount(codes.ravel(), minlength=count)
    left_out = np.zeros(count, bool)
    for low, high in padding:
        left_out[np.arange(low, high + 1) % count] = True
    found = {}
    for signed in (False, True):
        order = np.roll(np.arange(count), count // 2 if signed else 0)
        ends = _flat_ends(np.where(left_out, 0, held)[order])
        out = left_out.copy()
        out[order[list(ends)]] = True
        # On the ring from this reading's lowest code on.
        meant = (codes ^ (count >> 1)) if signed else codes
        apart = np.abs(np.diff(meant, axis=1)) > count - count // _NEAR
        found[signed] = apart & ~out[codes[:, 1:]] & ~out[codes[:, :-1]]
    said, other = found[header.signed], found[not header.signed]
    wrong = said.any(axis=1).sum() > len(codes) * _ROWS_TOLD and said.sum() > other.sum()
    return header.signed != bool(wrong)


def _flat_ends(held: NDArray[np.integer]) -> tuple[int, ...]:
    """Return the lowest and highest of values in use that outnumber those next to them by far.

    held: how many samples have each value, from the lowest on.
    """
    used = np.flatnonzero(held)
    if len(used) < 2:
        return ()
    low, high = int(used[0]), int(used[-1])
    beside = (
        (low, held[low + 1 : low + 1 + _BESIDE]),
        (high, held[max(0, high - _BESIDE) : high]),
    )
    return tuple(end for end, others in beside if held[end] > others.sum())
