"""A film whose greys came inverted, the right way round again: for the model and for the eye.

Its stored samples and renditions stay as they came (its id is its samples). What is made of them
is turned over last of all, on the 8-bit picture, wherever the film's check says `inverted`
(schemas/film_check.py): so a steward's word on that check undoes it everywhere.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.film_tensor import picture_area
from schemas.presentation import AS_STORED, Presentation


def tensor_turned_over(
    tensor: NDArray[np.uint8], width: int, height: int, how: Presentation = AS_STORED
) -> NDArray[np.uint8]:
    """Return the model's input with the greys of the picture in it inverted, its padding still 0.

    tensor: uint8 (side, side) of a film whose stored samples are width x height, shown as `how`
    says. Ingest asks the model, and the analyse worker does, with exactly this, so that Triton's
    cache knows it again.
    """
    left, top, right, bottom = picture_area(len(tensor), width, height, how)
    turned = tensor.copy()
    turned[top:bottom, left:right] = 255 - tensor[top:bottom, left:right]
    return turned


def jpeg_turned_over(data: bytes, width: int, height: int, how: Presentation = AS_STORED) -> bytes:
    """Return a film's grey JPEG with its greys inverted; a border of padding stays as it is.

    width, height: of the stored samples, which the JPEG shows as `how` says. By the tables it came
    with an inverted block has the same coefficients with the other sign: writing it anew loses
    next to nothing.
    """
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        tables = image.quantization  # type: ignore[attr-defined]  # JpegImageFile has it
        grey = np.array(image.convert("L"))
    left, top, right, bottom = how.place_within(width, height)
    rows = slice(round(top * grey.shape[0]), round(bottom * grey.shape[0]))
    columns = slice(round(left * grey.shape[1]), round(right * grey.shape[1]))
    grey[rows, columns] = 255 - grey[rows, columns]
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "JPEG", qtables=tables)
    return out.getvalue()
