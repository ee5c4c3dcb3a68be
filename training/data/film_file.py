"""One film's file as the model wants it, whoever wrote the file."""

import warnings
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from schemas.film_tensor import picture_area, to_tensor
from schemas.greys import tensor_turned_over
from schemas.marked_png import mark_of

_FORMATS: Final = ("PNG", "JPEG")
_8_BITS: Final = ("1", "L", "LA", "P", "RGB", "RGBA")
_16_BITS: Final = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_MOST: Final = 65_535


#: Where the film lies in its square, the rest being padding: left, top, right, bottom.
Area = tuple[int, int, int, int]


def read_film(file: str | Path, side: int) -> tuple[NDArray[np.uint8], Area]:
    """Return a PNG or JPEG of 8 or 16 bits as schemas.film_tensor makes it, and where it lies.

    The tensor is uint8 (side, side). A film out of the library is shown as its mark says
    (schemas/marked_png.py), so that a fit eats what the served model does.
    The whole film is decoded: a JPEG read at an eighth of its size would not be what is served.
    Raises ValueError, one line without the file's name, for a file that is no such film.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as image:
                mark = mark_of(image.info)
                how, size = mark.presentation, image.size
                area = picture_area(side, *size, how)
                tensor = to_tensor(_samples(image), side, how)
                if mark.inverted:
                    tensor = tensor_turned_over(tensor, *size, how)
                return tensor, area
    except UnidentifiedImageError:
        raise ValueError("wanted a PNG or JPEG, came another file") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(f"wanted at most {Image.MAX_IMAGE_PIXELS:,} pixels") from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    except Exception as error:  # noqa: BLE001 - a broken file makes decoders raise anything
        raise ValueError(f"cannot be read: {' '.join(str(error).split())}") from None


def _samples(image: Image.Image) -> NDArray[np.uint8] | NDArray[np.uint16]:
    if image.mode in _8_BITS:
        return np.asarray(image.convert("L"))
    if image.mode not in _16_BITS:
        raise ValueError(f"wanted grey or RGB, came mode {image.mode}")
    samples = np.asarray(image)
    if samples.min() < 0 or samples.max() > _MOST:
        raise ValueError("wanted at most 16 bits a sample, came more")
    return samples.astype(np.uint16)
