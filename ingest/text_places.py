"""Where in a film may there be text? A cheap first look, so that a detector sees little of it.

Print is made of strokes side by side: along a line of it, light and dark change many times within
a few pixels. Ribs, wires and borders change once or twice, and grain changes weakly. So changes
stronger than grain are counted in windows a little longer than high, across and along, in the
picture and in two smaller ones (large letters). It takes a few milliseconds where the detector
takes two hundred; what it leaves out is measured by `python -m bench.text_look` (docs/adr/0098).
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.presentation import at_most

Mask = NDArray[np.uint8]
#: Rows and columns of a part of a picture.
Place = tuple[slice, slice]

#: How much lighter or darker than what is beside it a stroke is, of 255, in a picture as shown.
CONTRAST: Final = 24
#: The widest stroke in pixels, and a window's length and height.
_STROKE: Final = 7
_LONG: Final = 25
_HIGH: Final = 7
#: Strokes that begin in a window, counted row by row.
_BEGIN: Final = 22
_SCALES: Final = (1, 2, 4)
#: Places are made of cells; a detector wants to see what is around a word.
_CELL: Final = 8
_AROUND: Final = 24
#: The detector's own step: a side that is no multiple of it is squeezed.
STEP: Final = 32


def places(picture: NDArray[np.uint8], contrast: int = CONTRAST) -> list[Place]:
    """Return the parts of a grey picture, uint8 (h, w), that may hold text; apart or touching.

    contrast: of a stroke to what is beside it, 1..255; grain is weaker. Their sides are multiples
    of 32 where the picture is as large.
    """
    high, wide = picture.shape
    cells = cv2.dilate(_cells(_lively(picture, contrast)), np.ones((3, 5), np.uint8))
    count, _, found, _ = cv2.connectedComponentsWithStats(cells)
    boxes = [
        _Box(
            top=_CELL * int(found[label, cv2.CC_STAT_TOP]) - _AROUND,
            left=_CELL * int(found[label, cv2.CC_STAT_LEFT]) - _AROUND,
            high=_CELL * int(found[label, cv2.CC_STAT_HEIGHT]) + 2 * _AROUND,
            wide=_CELL * int(found[label, cv2.CC_STAT_WIDTH]) + 2 * _AROUND,
        ).within(high, wide)
        for label in range(1, count)
    ]
    return [box.place for box in _joined(boxes, high, wide)]


def reduced(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return a grey picture, uint8 (h, w), its longer side at most this; each pixel a mean."""
    high, wide = picture.shape
    size = at_most((wide, high), side)
    if size == (wide, high):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


class _Box:
    """A part of a picture by its corner and size, in pixels."""

    def __init__(self, top: int, left: int, high: int, wide: int) -> None:
        self.top, self.left, self.high, self.wide = top, left, high, wide

    @property
    def place(self) -> Place:
        return slice(self.top, self.top + self.high), slice(self.left, self.left + self.wide)

    @property
    def area(self) -> int:
        return self.high * self.wide

    def within(self, high: int, wide: int) -> "_Box":
        """Return it widened to whole steps and moved into a picture of this size."""
        tall = min(high, -(-self.high // STEP) * STEP)
        broad = min(wide, -(-self.wide // STEP) * STEP)
        top = self.top - (tall - self.high) // 2
        left = self.left - (broad - self.wide) // 2
        return _Box(max(0, min(top, high - tall)), max(0, min(left, wide - broad)), tall, broad)

    def with_(self, other: "_Box") -> "_Box":
        """Return the smallest box around both."""
        top, left = min(self.top, other.top), min(self.left, other.left)
        bottom = max(self.top + self.high, other.top + other.high)
        right = max(self.left + self.wide, other.left + other.wide)
        return _Box(top, left, bottom - top, right - left)


def _joined(boxes: list[_Box], high: int, wide: int) -> list[_Box]:
    """Return the boxes, those joined that cost no more together than apart."""
    done: list[_Box] = []
    waiting = list(boxes)
    while waiting:
        box = waiting.pop()
        for other in done:
            both = box.with_(other).within(high, wide)
            if both.area <= box.area + other.area:
                done.remove(other)
                waiting.append(both)
                break
        else:
            done.append(box)
    return done


def _lively(picture: NDArray[np.uint8], contrast: int) -> Mask:
    """Return 1 where strokes stand side by side, uint8 (h, w)."""
    high, wide = picture.shape
    lively = np.zeros((high, wide), np.uint8)
    for scale in _SCALES:
        if min(high, wide) < scale * _LONG:
            break
        small = picture
        if scale > 1:
            size = (wide // scale, high // scale)
            small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        found = _across(small, contrast)
        found |= _across(np.ascontiguousarray(small.T), contrast).T
        lively |= np.asarray(
            cv2.resize(found, (wide, high), interpolation=cv2.INTER_NEAREST), np.uint8
        )
    return lively


def _across(picture: NDArray[np.uint8], contrast: int) -> Mask:
    """Return 1 where many strokes, light or dark, begin along a row and its neighbours."""
    line = np.ones((1, _STROKE), np.uint8)
    begin = np.zeros(picture.shape, np.uint8)
    for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        stroke = cv2.morphologyEx(picture, kind, line) > contrast
        # More than before it: true where none was.
        begin[:, 1:] += stroke[:, 1:] > stroke[:, :-1]
    begun = cv2.boxFilter(
        begin, cv2.CV_16S, (_LONG, _HIGH), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return (np.asarray(begun) >= _BEGIN).astype(np.uint8)


def _cells(lively: Mask) -> Mask:
    """Return 1 for each cell of 8 x 8 pixels with anything in it."""
    high, wide = (-(-side // _CELL) for side in lively.shape)
    whole = np.zeros((high * _CELL, wide * _CELL), np.uint8)
    whole[: lively.shape[0], : lively.shape[1]] = lively
    cells: Mask = whole.reshape(high, _CELL, wide, _CELL).max((1, 3))
    return cells
