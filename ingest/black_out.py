"""Blacking out parts of a film, as a steward drew them over its picture."""

import math
from collections.abc import Iterable, Sequence

from schemas.identities import Samples
from schemas.presentation import turned


def black_out(samples: Samples, parts: Iterable[Sequence[float]], orientation: int = 1) -> Samples:
    """Return uint8 or uint16 samples (h, w) with these parts as dark as the film's darkest.

    parts: (left, top, width, height) as shares, 0..1, of the picture's width and height, as it is
    shown: turned and mirrored as this orientation of 1..8 (schemas/presentation.py). Edges go to
    the outer pixel: what was half covered is covered. The samples given stay as they are.
    """
    made = samples
    for left, top, wide, high in parts:
        if made is samples:
            made = samples.copy()
        shown = turned(made, orientation)
        height, width = shown.shape
        rows = slice(max(0, math.floor(top * height)), math.ceil((top + high) * height))
        columns = slice(max(0, math.floor(left * width)), math.ceil((left + wide) * width))
        shown[rows, columns] = samples.min()
    return made
