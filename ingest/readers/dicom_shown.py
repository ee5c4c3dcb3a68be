"""How a DICOM file's samples lie: which are padding, how they are turned, whether they are square.

Sources: DICOM PS3.3 C.7.5.1.1.2 (Pixel Padding), C.7.6.1.1.1 (Patient Orientation), C.7.6.3.1.7
(Pixel Aspect Ratio: only where no spacing says it), 10.7.1.3 (spacings).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ingest.readers.dicom_file import numbers, raw_value, texts
from ingest.readers.picture import aspect_of
from schemas.film_turns import turn_of
from schemas.presentation import Presentation

_WORDS: Final = 65_536
#: What says how far samples lie apart, rows first; the first that does is believed.
_SPACINGS: Final = (
    "ImagerPixelSpacing",
    "PixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelAspectRatio",
)


def presentation_of(tags: Dataset, padding: tuple[int, int] | None = None) -> Presentation:
    """Return how samples are shown that lie as the tags say; `padding` is in film samples."""
    return Presentation(
        padding=padding,
        orientation=turn_of(texts(tags, "PatientOrientation")) or 1,
        pixel_aspect=_aspect(tags),
    )


def padding_codes(
    tags: Dataset, stored: int, *, signed: bool, little: bool
) -> tuple[int, int] | None:
    """Return the lowest and highest stored code that is padding, both included; None for none.

    Codes of `stored` bits, below 0 where they are signed. A value that those bits cannot hold is
    in no sample.
    """
    ends = [
        code
        for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")
        if (code := _code(tags, keyword, stored, signed=signed, little=little)) is not None
    ]
    if raw_value(tags, "PixelPaddingValue") is None or not ends:
        return None
    least = -(1 << stored >> 1) if signed else 0
    low, high = max(min(ends), least), min(max(ends), least + (1 << stored) - 1)
    return (low, high) if low <= high else None


def samples_of(codes: tuple[int, int], table: NDArray[np.integer]) -> tuple[int, int]:
    """Return the lowest and highest sample of a range of codes; `table` is by code, wrapped.

    Where a modality LUT gives other codes the same samples, those are padding, too.
    """
    found = table[np.arange(codes[0], codes[1] + 1) % len(table)]
    return int(found.min()), int(found.max())


def _code(tags: Dataset, keyword: str, stored: int, *, signed: bool, little: bool) -> int | None:
    """Return a value as a code. Files say it as US or SS, whichever the samples are."""
    raw = raw_value(tags, keyword)
    if isinstance(raw, bytes):
        if len(raw) < 2:
            return None
        value = int.from_bytes(raw[:2], "little" if little else "big")
    else:
        said = numbers(tags, keyword)
        if not said or said[0] != int(said[0]):
            return None
        value = int(said[0])
    if not signed:
        return value % _WORDS
    value = (value + _WORDS // 2) % _WORDS - _WORDS // 2
    # Some write the bits as they are stored, without their sign.
    half = 1 << stored >> 1
    return value - 2 * half if half <= value < 2 * half else value


def _aspect(tags: Dataset) -> float:
    """Return a sample's height divided by its width."""
    for keyword in _SPACINGS:
        said: Sequence[float] = numbers(tags, keyword)
        if len(said) == 2 and min(said) > 0:
            # The wider samples lie apart, the fewer of them in a length.
            return aspect_of(1 / said[1], 1 / said[0])
    return 1.0
