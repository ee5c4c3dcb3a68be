"""The direction EXIF says a picture is to be seen in."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

#: Values 1 to 8: whether to swap rows and columns, then to mirror rows, then columns.
#: Source: EXIF 2.32, tag 0x0112 Orientation.
_STEPS: Final = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def orientation(picture: Image.Image) -> int:
    """Return the picture's EXIF (or XMP) orientation, 1..8; 1 where none can be read.

    A film whose pixels are whole is not refused for EXIF that is not: it is taken as it lies.
    """
    try:
        said = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - whatever the bytes were; Pillow raises many kinds
        return 1
    return said if isinstance(said, int) and said in _STEPS else 1


def upright(samples: NDArray[Any], said: int) -> NDArray[Any]:
    """Return samples (h, w) turned and mirrored as an orientation of 1..8 says."""
    swap, rows, columns = _STEPS[said]
    turned = samples.T if swap else samples
    turned = turned[::-1] if rows else turned
    turned = turned[:, ::-1] if columns else turned
    return np.ascontiguousarray(turned)
