"""A film's samples as the look for text sees them: faint writing drawn as strongly as any.

What is shown of a film is one window of its samples; `full` gives them all to whoever downloads
it. So text is looked for beside the display in pictures in which each place is stretched to its
own contrast: how far a sample lies from what is around it, for how far others nearby do. One such
picture serves for every window, the dark and the bright end of the range and a few levels of
contrast; a second, smaller one for large letters; a third of what is even alone
(ingest/even_places.py). Padding is no picture, yet `full` gives it too: a film that has any is
looked at a further time, by where it lies (docs/adr/0114).

`small_of` runs in the decoding child, where the samples are; `local_views` beside the reader.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.presentation import AS_STORED, Presentation, at_most

#: Longest side of what the views are made of; letters of a sixtieth of it are read mostly.
SIDE: Final = 512
#: A stroke in a view is so much lighter or darker than what is beside it, of 255: three times
#: what samples nearby differ from their surroundings in the mean.
CONTRAST: Final = 48
#: The views are the samples themselves and a picture so much smaller, for larger letters.
_SCALES: Final = (1, 3)
#: In pixels: grain is smoothed over, surroundings are taken over, places are judged by.
_GRAIN: Final = 0.5
_AROUND: Final = 15
_PLACE: Final = 12
#: What lies no further from its surroundings than they do is drawn so.
GROUND: Final = 128
#: A mean distance from the surroundings is drawn as so many levels of 255.
LEVELS: Final = 12.8
#: What samples differ by at least, in samples: less is rounding, not grain.
_ROUNDING: Final = 0.3
_TOP: Final = 65_535
#: Longest side of the picture of a film's padding: letters in it are read as in its display.
PADDING_SIDE: Final = 1600


@dataclass(frozen=True)
class Small:
    """A film's samples in small, as they lie when shown: uint16, row by row.

    `step`: how much of it is one sample of the film. `padding`: a PNG (8 bits) of where the film
    has padding, as it lies when shown; empty where it has none.
    """

    rows: int
    columns: int
    step: int
    data: bytes
    padding: bytes = b""

    def samples(self) -> NDArray[np.uint16]:
        """Return them, uint16 (rows, columns)."""
        return np.frombuffer(self.data, "<u2").reshape(self.rows, self.columns)


def small_of(samples: NDArray[Any], how: Presentation = AS_STORED) -> Small:
    """Return samples, uint8 or uint16 (h, w), in small: square pixels, 512 a side at most.

    Each is a mean. Padding of one value is drawn as the darkest sample; padding whose samples
    differ stays, for it may be written in more faintly than the picture of the padding tells.
    """
    padding = how.is_padding(samples)
    if padding is not None and padding.all():
        padding = None
    filled = _filled(samples, padding)
    lowest = int(filled.min())
    step = _TOP // max(1, int(filled.max()) - lowest)
    picture = Image.fromarray(np.subtract(filled, lowest, dtype=np.float32))
    small = _squared(picture, how, SIDE)
    shown = how.turned(np.rint(np.asarray(small) * step).astype("<u2"))
    rows, columns = shown.shape
    return Small(rows, columns, step, shown.tobytes(), _drawn(samples, padding, how))


def _drawn(samples: NDArray[Any], padding: NDArray[np.bool_] | None, how: Presentation) -> bytes:
    """Return a PNG, 8 bits, square pixels, of where samples (h, w) are padding; empty for none.

    Black is the film, and padding is light: white where it is of one value, else from grey to
    white by its values, for a range of padding can be written in with its own values.
    """
    if padding is None:
        return b""
    values = samples[padding].astype(np.float32)
    low, high = values.min(), values.max()
    drawn = np.zeros(samples.shape, np.uint8)
    drawn[padding] = 255 - (255 - GROUND) * (high - values) / max(1.0, high - low)
    small = np.asarray(_squared(Image.fromarray(drawn), how, PADDING_SIDE))
    out = io.BytesIO()
    shown = np.ascontiguousarray(how.turned(small))
    Image.fromarray(shown).save(out, "PNG", compress_level=1)
    return out.getvalue()


def local_views(small: Small) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures, uint8 (h, w), each place of them stretched to its own contrast."""
    # Only ingest's main process has OpenCV to load: RapidOCR brings it.
    import cv2

    from ingest.even_places import even_view

    samples = small.samples().astype(np.float32)
    for scale in _SCALES:
        size = small.columns // scale, small.rows // scale
        if min(size) < _PLACE:
            return
        picture = samples
        if scale > 1:
            picture = np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_AREA))
        yield _stretched(picture, _ROUNDING * small.step)
    even = even_view(samples, _ROUNDING * small.step)
    if even is not None:
        yield even


def _stretched(picture: NDArray[np.float32], least: float) -> NDArray[np.uint8]:
    """Return how far each pixel lies from its surroundings, for how far those around it do.

    That is the median of places around, not their mean: writing does not count as its own grain.
    """
    import cv2

    smooth = without_grain(picture)
    far = smooth - surroundings(smooth)
    high, wide = picture.shape
    places = (max(1, wide // _PLACE), max(1, high // _PLACE))
    usual = cv2.resize(np.abs(far), places, interpolation=cv2.INTER_AREA)
    usual = cv2.GaussianBlur(cv2.medianBlur(usual, 5), (0, 0), 1.0)
    usual = cv2.resize(usual, (wide, high), interpolation=cv2.INTER_LINEAR)
    levels = GROUND + LEVELS * far / np.maximum(usual, least)
    stretched: NDArray[np.uint8] = np.clip(levels, 0, 255).astype(np.uint8)
    return stretched


def without_grain(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a picture, float32 (h, w), smoothed over its grain."""
    import cv2

    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _GRAIN), np.float32)


def surroundings(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weighted mean of what is around each place, float32 (h, w)."""
    import cv2

    size = (_AROUND, _AROUND)
    return np.asarray(cv2.blur(cv2.blur(picture, size), size), np.float32)


def _squared(picture: Image.Image, how: Presentation, side: int) -> Image.Image:
    """Return a picture of samples, not turned, in square pixels, its longest side at most this."""
    width, height = picture.size
    size = how.model_copy(update={"orientation": 1}).shown_size(width, height)
    size = at_most(size, side)
    if size == picture.size:
        return picture
    larger = size[0] > width or size[1] > height
    return picture.resize(size, Image.Resampling.BILINEAR if larger else Image.Resampling.BOX)


def _filled(samples: NDArray[Any], padding: NDArray[np.bool_] | None) -> NDArray[Any]:
    if padding is None:
        return samples
    values = samples[padding]
    if values.min() < values.max():
        return samples
    filled = samples.copy()
    filled[padding] = samples[~padding].min()
    return filled
