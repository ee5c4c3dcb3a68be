"""From a film's grey samples to what the model eats: one function, for training and for serving.

It lives beside the tensor contract because both sides must do exactly this, and they may not
import each other. Whatever else a backbone wants (scaling, channels) happens inside its graph.
"""

import hashlib
import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from schemas.presentation import AS_STORED, Presentation

#: Says what `to_tensor` does; change it with the function. Every analysis keeps its hash.
PREPROCESSING: Final = (
    "film-tensor-1: 8 bits as they are, 16 bits linear from percentile 0.5 to 99.5;"
    " Lanczos, aspect kept, centred, padded with 0"
)
#: What comes to it for a film that is not shown as it is stored (schemas/presentation.py).
PRESENTED: Final = (
    "; before that padding left out and 0, a border of it cut off, turned, square samples"
)
#: What comes to that for a film with padding.
PADDED: Final = "; narrow gaps of padding closed"
#: What comes to it for a film whose greys came inverted (schemas/greys.py).
TURNED_OVER: Final = "; greys inverted within the picture"
PREPROCESSING_HASH: Final = hashlib.sha256(PREPROCESSING.encode()).hexdigest()[:16]

_LOW: Final = 0.005
_HIGH: Final = 0.995
#: What has at least this share of picture in it is picture.
_PICTURE: Final = 0.5


def preprocessing_hash(how: Presentation, *, inverted: bool = False) -> str:
    """Return 16 hex digits of what is done to a film of this presentation.

    inverted: its greys are turned over at the end (schemas/greys.py).
    """
    said = PREPROCESSING + (PRESENTED if how != AS_STORED else "")
    said += PADDED if how.padding is not None else ""
    said += TURNED_OVER if inverted else ""
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def to_tensor(film: NDArray[Any], side: int, how: Presentation = AS_STORED) -> NDArray[np.uint8]:
    """Return the film as the model wants it.

    Input:  uint8 or uint16 (h, w), bright = dense, as stored; how it is shown.
    Output: uint8 (side, side), 0..255; aspect kept, centred, padded with 0.
    Raises ValueError for another shape or kind of samples.
    """
    if film.ndim != 2 or film.dtype not in (np.uint8, np.uint16) or not film.size:
        raise ValueError(f"wanted uint8 or uint16 (h, w), came {film.dtype} {film.shape}")
    return to_square(to_8_bits(film, how), side, how, how.is_padding(film))


def to_square(
    film: NDArray[np.uint8],
    side: int,
    how: Presentation = AS_STORED,
    padding: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Return what `to_tensor` does, uint8 (side, side), of a film as 0..255, uint8 (h, w).

    padding: where its samples are none, bool (h, w).
    """
    inside = how.cut(film)
    left, top, right, bottom = picture_area(side, film.shape[1], film.shape[0], how)
    size = (right - left, bottom - top)
    gaps = None if padding is None else how.turned(how.cut(padding))
    tensor = np.zeros((side, side), np.uint8)
    tensor[top:bottom, left:right] = _resized(how.turned(inside), size, gaps)
    return tensor


def _resized(
    film: NDArray[np.uint8], size: tuple[int, int], gaps: NDArray[np.bool_] | None
) -> NDArray[np.uint8]:
    """Return a film in this (width, height); where a gap lies, what is around it, or 0.

    Each place is the mean of the samples around that are picture, weighted as ever; it is a gap
    itself where more than half of the weight lies in gaps. Gaps that are narrow in this size are
    closed: a film may be as small as what the model eats, or smaller.
    """
    if (film.shape[1], film.shape[0]) == size and gaps is None:
        return film
    if gaps is None or not gaps.any():
        grey = Image.fromarray(np.ascontiguousarray(film))
        return np.asarray(grey.resize(size, Image.Resampling.LANCZOS))
    values, known = film.astype(np.float32), ~gaps
    if size[0] * size[1] > film.size:
        values, known = _closed(values, known)
    sums, shares = (
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS))
        for plane in (values * known, known.astype(np.float32))
    )
    known = shares >= _PICTURE
    means = np.where(known, sums / np.maximum(shares, _PICTURE), 0)
    return np.asarray(np.clip(np.rint(_closed(means, known)[0]), 0, 255), np.uint8)


def _closed(
    values: NDArray[np.floating], known: NDArray[np.bool_]
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return values (h, w) with narrow gaps filled by the mean of what is known around, and where.

    A gap of a few places is filled from close by, a wider one from farther. One wider than a
    sixty-fourth of the longer side stays: there is no picture to take it from.
    """
    values, known = values.copy(), known.copy()
    reach = 1
    while reach <= max(1, max(values.shape) // 64) and not known.all():
        weights = known.astype(np.float64)
        shares = _summed(weights, reach)
        near = ~known & (shares > _PICTURE * _summed(np.ones_like(weights), reach))
        values[near] = (_summed(values * weights, reach) / np.maximum(shares, 1))[near]
        known |= near
        reach *= 2
    return values, known


def _summed(plane: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return the sum (h, w) over the square that reaches so far from each place, within (h, w)."""
    for axis in (0, 1):
        along = np.moveaxis(plane, axis, 0)
        sums = np.concatenate([np.zeros_like(along[:1]), np.cumsum(along, axis=0)])
        places = np.arange(len(along))
        ends = np.minimum(places + reach + 1, len(along)), np.maximum(places - reach, 0)
        plane = np.moveaxis(sums[ends[0]] - sums[ends[1]], 0, axis)
    return plane


def picture_area(
    side: int, width: int, height: int, how: Presentation = AS_STORED
) -> tuple[int, int, int, int]:
    """Return (left, top, right, bottom) in the model's square of the film in it.

    width, height: of the stored samples; how they are shown.
    """
    first, upper, last, lower = how.within or (0, 0, width, height)
    width, height = how.shown_size(last - first, lower - upper)
    longest = max(width, height)
    wide, high = max(1, round(width * side / longest)), max(1, round(height * side / longest))
    left, top = (side - wide) // 2, (side - high) // 2
    return left, top, left + wide, top + high


def to_8_bits(film: NDArray[Any], how: Presentation = AS_STORED) -> NDArray[np.uint8]:
    """Return the film's samples as 0..255, in their places; padding is 0.

    8-bit films pass unchanged. A 16-bit film seldom fills its range (detectors give 10 to 14
    bits), and a lead letter or a collimator edge would set a plain minimum and maximum, so it is
    scaled linearly from its 0.5th to its 99.5th percentile and clipped. A flat film comes out 0.
    """
    if film.dtype == np.uint8:
        if how.padding is None:
            return film.astype(np.uint8, copy=False)
        return np.take(without_padding(np.arange(256, dtype=np.uint8), how), film)
    counts = without_padding(np.bincount(film.ravel(), minlength=65_536), how)
    share = np.cumsum(counts) / max(1, counts.sum())
    low = int(np.searchsorted(share, _LOW))
    high = int(np.searchsorted(share, _HIGH))
    if high <= low:
        return np.zeros(film.shape, np.uint8)
    levels = (np.arange(65_536, dtype=np.float64) - low) * (255 / (high - low))
    table: NDArray[np.uint8] = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.take(without_padding(table, how), film)


def without_padding(table: NDArray[Any], how: Presentation) -> NDArray[Any]:
    """Return a table by sample, (256,) or (65,536,), with 0 at those that are padding."""
    if how.padding is None:
        return table
    made = table.copy()
    made[how.padding[0] : how.padding[1] + 1] = 0
    return made


def read_png(data: bytes, film: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the grey samples of a stored film: uint8 or uint16 (h, w), bright = dense.

    Files of strangers are never opened here: ingest has checked and re-encoded every film before.
    Raises ValueError, which names the film, for bytes that are not our PNG.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.mode == "L":
                return np.asarray(image, np.uint8)
            if image.mode in {"I;16", "I"}:
                return np.asarray(image).astype(np.uint16)
            mode = image.mode
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(
            f"film {film}: wanted our PNG, came {len(data)} bytes: {error}"
        ) from error
    raise ValueError(f"film {film}: wanted 8- or 16-bit grey, came mode {mode}")


def film_tensor(
    data: bytes, side: int, film: str, how: Presentation = AS_STORED
) -> NDArray[np.uint8]:
    """Return uint8 (side, side) from the film's full-depth PNG, as `to_tensor` makes it."""
    return to_tensor(read_png(data, film), side, how)
