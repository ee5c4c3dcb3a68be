"""The activation map as a picture to lay over the film.

The model sees a square: the film, aspect kept, centred, padded with 0 (schemas/film_tensor.py).
The map covers that square, so the padding is cut off before the picture is drawn, and what was cut
off before the model saw the film is put around it. Colours are a
table of our own: lightness rises evenly in Oklab (Ottosson 2020), so that twice as strong looks
twice as strong, also in grey and for colour-blind eyes; weak places are transparent.
"""

import io
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.film_tensor import picture_area
from schemas.presentation import AS_STORED, Presentation

#: Pixels of the picture's longer side: the map is coarse, more would show nothing more.
LONGER_SIDE: Final = 512
#: Opacity of the strongest place, 0..255; the film must stay visible under it.
STRONGEST: Final = 200
#: From Oklab to linear sRGB (Ottosson, "A perceptual color space for image processing", 2020).
_LAB_TO_LMS: Final = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_LMS_TO_RGB: Final = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@cache
def colours() -> NDArray[np.uint8]:
    """Return the table: uint8 (256, 4), RGBA, from transparent dark violet to bright yellow."""
    strength = np.linspace(0, 1, 256)
    lightness = 0.25 + 0.68 * strength
    hue = np.deg2rad(300 + 165 * strength)
    chroma = 0.14 + 0.05 * np.sin(np.pi * strength)
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    linear = np.clip((lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0, 1)
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    alpha = STRONGEST / 255 * strength
    table = np.concatenate([rgb, alpha[:, None]], axis=1)
    rgba: NDArray[np.uint8] = np.rint(table * 255).astype(np.uint8)
    return rgba


def draw(
    activation: NDArray[np.uint8], width: int, height: int, how: Presentation = AS_STORED
) -> bytes:
    """Return a PNG, 8-bit RGBA, of one finding's map over the film without the square's padding.

    Input: uint8 (h, w) over the model's square, 0..255; the stored samples' width and height, and
    how they are shown. The picture has the shown film's aspect, its longer side 512 pixels.
    """
    square = Image.fromarray(activation).resize(
        (LONGER_SIDE, LONGER_SIDE), Image.Resampling.BICUBIC
    )
    part = square.crop(picture_area(LONGER_SIDE, width, height, how))
    if how.within is not None:
        part = _framed(part, width, height, how)
    picture = Image.fromarray(colours()[np.asarray(part)], "RGBA")
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _framed(part: Image.Image, width: int, height: int, how: Presentation) -> Image.Image:
    """Return a map of what the model was given in its place in the whole film, 0 around it."""
    left, top, right, bottom = picture_area(
        LONGER_SIDE, width, height, how.model_copy(update={"within": None})
    )
    frame = Image.new("L", (right - left, bottom - top))
    place = how.place_within(width, height)
    x0, y0, x1, y1 = (
        round(share * length) for share, length in zip(place, frame.size * 2, strict=True)
    )
    size = (max(1, x1 - x0), max(1, y1 - y0))
    frame.paste(part.resize(size, Image.Resampling.BICUBIC), (x0, y0))
    return frame
