"""From a stored film to what the model eats: PNG bytes in, one tensor out.

The samples' way (8 bits, size, padding) is schemas/film_tensor.py, which training uses too; here
is only the reading of our own full-depth PNG. Files of strangers are never opened here: ingest
has checked and re-encoded every film before.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from schemas.film_tensor import PREPROCESSING, PREPROCESSING_HASH, to_tensor

__all__ = ["PREPROCESSING", "PREPROCESSING_HASH", "film_tensor", "read_png", "to_tensor"]


def read_png(data: bytes, film: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the grey samples of a stored film: uint8 or uint16 (h, w), bright = dense.

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


def film_tensor(data: bytes, side: int, film: str) -> NDArray[np.uint8]:
    """Return uint8 (side, side) from the film's full-depth PNG; see schemas/film_tensor.py."""
    return to_tensor(read_png(data, film), side)
