"""The direction EXIF says a picture is to be seen in."""

import re
import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from schemas.presentation import ORIENTATIONS, turned

#: As XMP writes it: an attribute or an element.
_XMP: Final = re.compile(rb"tiff:Orientation(?:=[\"']|>)([1-8])")


def orientation(exif: bytes, xmp: bytes = b"") -> int:
    """Return the orientation, 1..8, of an EXIF block, else of an XMP packet; 1 where none is read.

    A film whose pixels are whole is not refused for EXIF that is not: it is taken as it lies.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of what it cannot read by quoting it.
            warnings.simplefilter("ignore")
            read = Image.Exif()
            read.load(exif)
            said = read.get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001 - whatever the bytes were; Pillow raises many kinds
        said = None
    if said is None:
        found = _XMP.search(xmp)
        said = int(found[1]) if found else 1
    return said if isinstance(said, int) and said in ORIENTATIONS else 1


def lies_on_its_side(said: int) -> bool:
    """Return whether an orientation of 1..8 swaps rows and columns."""
    return ORIENTATIONS[said][0]


def upright(samples: NDArray[Any], said: int) -> NDArray[Any]:
    """Return samples (h, w) turned and mirrored as an orientation of 1..8 says."""
    return np.ascontiguousarray(turned(samples, said))
