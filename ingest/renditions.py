"""What is kept of a film: its samples as a PNG, and pictures of it to look at.

Everything is made from the samples alone, so nothing else of the dropped file lives on.
"""

import io
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from PIL import Image

from ingest.says import FileSays
from schemas.film_tensor import to_8_bits
from schemas.identities import Samples, film_id

DISPLAY_SIDE: Final = 1600
DISPLAY_QUALITY: Final = 90
THUMBNAIL_SIDE: Final = 256
THUMBNAIL_QUALITY: Final = 80
SIGNATURE_SIDE: Final = 32
#: Level 6 takes six times as long and saves a tenth: a film is written once, by two cores.
PNG_LEVEL: Final = 1
_SILENT: Final = FileSays("png")


@dataclass(frozen=True)
class Developed:
    """A film ready to be stored.

    `full` is a PNG of the samples as they are (8 or 16 bits), `display` a JPEG of 8 bits with at
    most 1,600 pixels a side, `thumbnail` one of 256; `signature` is 32 x 32 uint8, row by row.
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


def develop(samples: Samples, says: FileSays = _SILENT) -> Developed:
    """Return the film of these samples, uint8 or uint16 (height, width), upright.

    16-bit films are windowed for the eye as they are for the model (schemas/film_tensor.py).
    """
    height, width = samples.shape
    grey = Image.fromarray(to_8_bits(samples))
    display = _fit(grey, DISPLAY_SIDE)
    # Box is the mean over each cell's area: the whole film, squeezed to a square.
    signature = grey.resize((SIGNATURE_SIDE, SIGNATURE_SIDE), Image.Resampling.BOX)
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
    )


def _fit(picture: Image.Image, side: int) -> Image.Image:
    """Return the picture with its long side at most this, aspect kept; never enlarged."""
    longest = max(picture.size)
    if longest <= side:
        return picture
    width, height = (max(1, round(length * side / longest)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _png(samples: Samples) -> bytes:
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG", compress_level=PNG_LEVEL)
    return out.getvalue()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()
