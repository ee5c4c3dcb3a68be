"""The even places of a film, each stretched by itself: what is faintly written in them is plain.

Collimation and borders leave places whose samples hardly differ. The view that stretches each
place with what is around it (ingest/text_views.py) weakens writing near the edge of one: bright
anatomy beside it counts. Here what is not even is left out of both, the surroundings and what
samples differ from them by (docs/adr/0114).
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.text_views import GROUND, LEVELS, surroundings, without_grain

#: Samples so near to each other differ by so much at most where it is even, of 65,535 for all of a
#: film's range: 50 of 4,095, 3 of 255. Anatomy differs by more.
_NEAR: Final = 7
_EVEN: Final = 800
#: Strokes in it that differ by more are closed over, and it is so wide at least.
_STROKES: Final = 9
_WIDE: Final = 13
#: Places of fewer pixels are too small for a line of letters.
_LEAST: Final = 3000
#: Half of them lie no further from their surroundings, of 65,535; else it is grain or anatomy.
_QUIET: Final = 100


def even_view(picture: NDArray[np.float32], least: float) -> NDArray[np.uint8] | None:
    """Return even places of samples, 0..65,535, float32 (h, w), as uint8 (h, w); None for none.

    Each is drawn as far from 128 as it lies from what is even around it, for how far half of its
    place does, `least` at least; all else is 128.
    """
    smooth = without_grain(picture)
    even = _even(smooth)
    count, labels, found, _ = cv2.connectedComponentsWithStats(even)
    kept = [at for at in range(1, count) if found[at, cv2.CC_STAT_AREA] >= _LEAST]
    if not kept:
        return None
    weight = even.astype(np.float32)
    around = surroundings(smooth * weight) / np.maximum(surroundings(weight), 1e-3)
    far = smooth - around
    view, any_quiet = np.full(picture.shape, GROUND, np.uint8), False
    for at in kept:
        left, top, wide, high = (int(side) for side in found[at, :4])
        box = slice(top, top + high), slice(left, left + wide)
        place = labels[box] == at
        levels = far[box][place]
        usual = float(np.median(np.abs(levels[::4])))
        if usual <= _QUIET:
            any_quiet = True
            drawn = GROUND + LEVELS / max(usual, least) * levels
            view[box][place] = np.clip(drawn, 0, 255).astype(np.uint8)
    return view if any_quiet else None


def _even(smooth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return 1 where samples nearby hardly differ, uint8 (h, w)."""
    levels = np.clip(smooth, 0, 65_535).astype(np.uint16)
    near = np.ones((_NEAR, _NEAR), np.uint8)
    range_ = cv2.subtract(cv2.dilate(levels, near), cv2.erode(levels, near))
    even = (np.asarray(range_) <= _EVEN).astype(np.uint8)
    strokes = np.ones((_STROKES, _STROKES), np.uint8)
    # Edges of the film go on: a border is not less even for ending there.
    out = 2 * _WIDE
    wider = cv2.copyMakeBorder(even, out, out, out, out, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(wider, cv2.MORPH_CLOSE, strokes)
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((_WIDE, _WIDE), np.uint8))
    return np.ascontiguousarray(opened[out:-out, out:-out], np.uint8)
