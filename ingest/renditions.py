"""What is kept of a film: its samples as a PNG, and pictures of it to look at.

Everything is made from the samples alone, so nothing else of the dropped file lives on.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.says import FileSays
from ingest.text_views import Small, small_of
from schemas.film_tensor import film_tensor, to_8_bits, to_square, without_padding
from schemas.greys import tensor_turned_over
from schemas.identities import Samples, film_id
from schemas.presentation import AS_STORED, Presentation, at_most

DISPLAY_SIDE: Final = 1600
DISPLAY_QUALITY: Final = 90
THUMBNAIL_SIDE: Final = 256
THUMBNAIL_QUALITY: Final = 80
SIGNATURE_SIDE: Final = 32
#: Level 6 takes six times as long and saves a tenth: a film is written once, by two cores.
PNG_LEVEL: Final = 1
_SILENT: Final = FileSays("png")
#: Share of the film that a sensible window must hold, and how much wider than it it may be.
_INSIDE: Final = 0.25
_WIDEST: Final = 8.0


@dataclass(frozen=True)
class Developed:
    """A film ready to be stored.

    `full` is a PNG of the samples as they are (8 or 16 bits), `display` a JPEG of 8 bits with at
    most 1,600 pixels a side, `thumbnail` one of 256; `signature` is 32 x 32 uint8, row by row.
    All but the first are shown as `presentation` says.
    `small` is what text is looked for in beside the display (ingest/text_views.py).
    `tensor` is what a model of this `side` eats, uint8 row by row; none where the side is 0.
    """

    film: str
    width: int
    height: int
    bits: Literal[8, 16]
    full: bytes
    display: bytes
    thumbnail: bytes
    signature: bytes
    says: FileSays = field(repr=False)
    small: Small = field(repr=False)
    side: int = 0
    tensor: bytes = field(default=b"", repr=False)
    presentation: Presentation = AS_STORED

    def model_input(self, side: int, *, inverted: bool = False) -> NDArray[np.uint8]:
        """Return uint8 (side, side), as schemas/film_tensor.py makes it of the samples.

        inverted: with the greys turned over (schemas/greys.py).
        """
        if side == self.side:
            tensor = np.frombuffer(self.tensor, np.uint8).reshape(side, side)
        else:
            # A model of another side went live since it was developed.
            tensor = film_tensor(self.full, side, self.film, self.presentation)
        if not inverted:
            return tensor
        return tensor_turned_over(tensor, self.width, self.height, self.presentation)


def develop(
    samples: Samples,
    says: FileSays = _SILENT,
    side: int = 0,
    presentation: Presentation = AS_STORED,
    curves: Iterable[NDArray[np.uint8]] = (),
) -> Developed:
    """Return the film of these samples, uint8 or uint16 (height, width), shown as it is said.

    With a side, also what a model of that side eats: here the samples are at hand, later they
    would have to be read from the PNG again.
    For the eye a film is shown as its file asks, where that is sensible: by the first of the
    curves (levels by sample, as `Decoded` has them) that is, without any by the window; else as
    it is for the model (schemas/film_tensor.py). The signature is always the model's: two drops
    of one film with two windows are alike.
    """
    height, width = samples.shape
    how = presentation.found_in(samples)
    plain = to_8_bits(samples, how)
    curves = tuple(curves)
    asked = curved_to_8_bits(samples, curves, how) if curves else None
    if not curves:
        asked = windowed_to_8_bits(samples, says.window, how)
    display = _shown(plain if asked is None else asked, how)
    # Box is the mean over each cell's area: what the model sees, squeezed to a square.
    signature = _picture(how.turned(how.cut(plain))).resize(
        (SIGNATURE_SIDE, SIGNATURE_SIDE), Image.Resampling.BOX
    )
    return Developed(
        film=film_id(samples),
        width=width,
        height=height,
        bits=16 if samples.dtype == np.uint16 else 8,
        full=_png(samples),
        display=_jpeg(display, DISPLAY_QUALITY),
        thumbnail=_jpeg(_fit(display, THUMBNAIL_SIDE), THUMBNAIL_QUALITY),
        signature=signature.tobytes(),
        says=says,
        small=small_of(samples, how),
        side=side,
        tensor=to_square(plain, side, how, how.is_padding(samples)).tobytes() if side else b"",
        presentation=how,
    )


def windowed_to_8_bits(
    samples: Samples, window: tuple[float, ...], how: Presentation = AS_STORED
) -> NDArray[np.uint8] | None:
    """Return the film as 0..255 through a window (centre, width) in samples; None if not sensible.

    Sensible is a window that at least a quarter of the film lies inside of, and that is at most
    eight times as wide as the film's own range: others come from presets for other examinations,
    and show a black, white or flat picture.
    """
    if len(window) != 2:
        return None
    centre, width = window
    low, high = centre - width / 2, centre + width / 2
    some = _some(samples, how)
    if not some.size:
        return None
    inside = np.count_nonzero((some > low) & (some < high)) / some.size
    darkest, brightest = np.quantile(some, (0.005, 0.995))
    if inside < _INSIDE or width > _WIDEST * (brightest - darkest):
        return None
    levels = (np.arange(int(np.iinfo(samples.dtype).max) + 1) - low) * (255 / width)
    table: NDArray[np.uint8] = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.take(without_padding(table, how), samples)


def curved_to_8_bits(
    samples: Samples, curves: Iterable[NDArray[np.uint8]], how: Presentation = AS_STORED
) -> NDArray[np.uint8] | None:
    """Return the film as 0..255 by the first of these curves that is sensible; None for none.

    As a window's, its levels must differ over a quarter of the film, and over more than an eighth
    of the range from black to white.
    """
    some = _some(samples, how)
    for curve in curves:
        if not some.size:
            break
        levels = np.take(curve, some)
        inside = np.count_nonzero((levels > 0) & (levels < 255)) / levels.size
        darkest, brightest = np.quantile(levels, (0.005, 0.995))
        if inside >= _INSIDE and brightest - darkest >= 255 / _WIDEST:
            return np.take(without_padding(curve, how), samples)
    return None


def _some(samples: Samples, how: Presentation) -> NDArray[Any]:
    """Return samples of the picture: one in sixteen tells as much of shares as all of them."""
    some: NDArray[Any] = samples[::4, ::4]
    padding = how.is_padding(some)
    return some if padding is None else some[~padding]


def _shown(film: NDArray[np.uint8], how: Presentation) -> Image.Image:
    """Return 0..255, uint8 (h, w), turned and in square pixels, as large as it is displayed."""
    height, width = film.shape
    size = at_most(how.shown_size(width, height), DISPLAY_SIDE)
    return _resized(_picture(how.turned(film)), size)


def _picture(film: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(film))


def _fit(picture: Image.Image, side: int) -> Image.Image:
    """Return the picture with its long side at most this, aspect kept; never enlarged."""
    return _resized(picture, at_most(picture.size, side))


def _resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _png(samples: Samples) -> bytes:
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG", compress_level=PNG_LEVEL)
    return out.getvalue()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()
