"""Reads back a film's full-depth PNG as ingest stored it."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def read_stored(data: bytes) -> NDArray[Any]:
    """Return the samples of a stored film: uint8 or uint16 (h, w), bright = dense.

    Raises ValueError for anything that is not a grey PNG of 8 or 16 bits: we wrote it ourselves,
    so that would be a fault of the store, not of who dropped the film.
    """
    with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        if picture.mode == "L":
            return np.asarray(picture, dtype=np.uint8)
        if picture.mode in {"I;16", "I"}:
            return np.asarray(picture).astype(np.uint16)
        raise ValueError(f"wanted a grey PNG of 8 or 16 bits, came mode {picture.mode}")
