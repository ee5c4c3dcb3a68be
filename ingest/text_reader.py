"""Finds and reads lines of text in a grey picture: RapidOCR's detector and reader (Apache-2.0).

Where there may be text is looked for first (ingest/text_places.py): the detector sees that alone.
It finds a line whichever way it runs; the reader knows upright letters only. So a line that is
not read surely as it lies is read upside down and in both mirrors as well, and the surest reading
counts (docs/adr/0113).
"""

from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.text_places import CONTRAST, places, reduced

#: Longest side of the picture in which text is looked for. Time grows with its square.
SIDE: Final = 640
#: A line that is read so surely as it lies is read in no other way.
CERTAIN: Final = 0.9
#: The reader's height of a line in pixels, and how long a line of one or two letters is at most
#: for its height, with the room that the detector leaves around it: shorter ones are marks.
_LINE: Final = 48
_SHORTEST: Final = 1.3
#: A line that is so much higher than wide runs up or down.
_UPRIGHT: Final = 1.5
#: Letters of a lead mark at most; how far they stand from middle to middle, or how much higher
#: the side's letter is than the initials beside it: print has them closer, and all of one height.
_LEAD: Final = 4
_APART: Final = 1.2
_HIGHER: Final = 1.15
#: A letter's height at least, for its line's, and the line's in pixels.
_HIGH: Final = 0.22
_LARGE: Final = 20

Picture = NDArray[np.uint8]


#: A part of a picture: left, top, right and bottom, 0..1 of its width and height.
Part = tuple[float, float, float, float]
#: The corners of a line, upper left first, clockwise: x and y, 0..1 of the width and height.
Corners = tuple[tuple[float, float], ...]


class Line(NamedTuple):
    """A line that was read, how sure the reader is of it (0..1), and whether it had to be turned.

    A mark of a letter or two is read as nothing, surely. `lead`: at most four letters set so far
    apart as lead letters on a cassette are. `part`: where it stands.
    """

    text: str
    sure: float
    turned: bool = False
    lead: bool = False
    part: Part = (0.0, 0.0, 0.0, 0.0)
    corners: Corners = ()

    @property
    def settled(self) -> bool:
        """Whether another look at it would tell no more."""
        return self.sure >= CERTAIN


class RapidReader:
    """RapidOCR on one thread. For one film at a time."""

    def __init__(self) -> None:
        # Loads ONNX Runtime and its models: half a second that only ingest pays.
        from rapidocr import RapidOCR

        self._engine: Any = RapidOCR(
            params={
                # Its log would quote what it reads.
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.use_preprocess_img": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": SIDE,
                # A line is read as wide as it is, at least so: by default twice a word's width.
                "Rec.rec_img_shape": [3, _LINE, round(_LINE * _SHORTEST)],
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, picture: Picture, contrast: int = CONTRAST) -> list[Line]:
        """Return the lines found in uint8 (h, w), of letters that differ so much from the ground.

        Found in a small picture, read in the one that is given.
        """
        small = reduced(picture, SIDE)
        tall, wide = picture.shape
        larger = wide / small.shape[1], tall / small.shape[0]
        size = np.array([wide, tall])
        lines: list[Line] = []
        for rows, columns in places(small, contrast):
            for corners in self._found(small[rows, columns]):
                where = (corners + np.array([columns.start, rows.start])) * larger
                line = self._line(picture, where.astype(np.float32))
                shares = where / size
                left, top = shares.min(axis=0).tolist()
                right, bottom = shares.max(axis=0).tolist()
                ends = tuple((x, y) for x, y in shares.tolist())
                lines.append(line._replace(part=(left, top, right, bottom), corners=ends))
        return lines

    def longer(self, picture: Picture, line: Line) -> Line:
        """Return a line read once more with what stands within its height of both its ends.

        The detector cuts letters off where they cross something as bright as they are.
        """
        tall, wide = picture.shape
        corners = (np.array(line.corners) * (wide, tall)).astype(np.float32)
        read = self._line(picture, lengthened(corners))
        return read._replace(part=line.part, corners=line.corners)

    def _found(self, part: Picture) -> list[NDArray[Any]]:
        """Return the corners (4, 2), x and y in pixels, of what looks like lines of text."""
        found = self._engine(_coloured(part), use_det=True, use_cls=False, use_rec=False)
        return [] if found.boxes is None else list(found.boxes)

    def _line(self, picture: Picture, corners: NDArray[np.float32]) -> Line:
        """Return the surest reading of the line between these corners."""
        line = straightened(picture, corners)
        if line.shape[1] < line.shape[0] * _SHORTEST:
            return Line("", 1.0)
        ways = (line, line[::-1, ::-1], line[:, ::-1], line[::-1])
        best, certainty, chosen = ("", 0.0), -1.0, 0
        for way, lying in enumerate(ways):
            read = self._read(lying)
            # A line of other letters is read as one or two, or a blank, surely too.
            whole = min(1.0, len("".join(read[0].split())) * line.shape[0] / line.shape[1])
            if read[1] * whole > certainty:
                best, certainty, chosen = read, read[1] * whole, way
            if certainty >= CERTAIN:
                break
        text, sure = best
        return Line(text, sure, chosen > 0, is_lead(ways[chosen], text))

    def _read(self, line: Picture) -> tuple[str, float]:
        read = self._engine(_coloured(line), use_det=False, use_cls=False, use_rec=True)
        return (read.txts[0], float(read.scores[0])) if read.txts else ("", 0.0)


def straightened(picture: Picture, corners: NDArray[np.float32]) -> Picture:
    """Return what lies between four corners (upper left first, clockwise), as a line lies."""
    wide = max(_far(corners[0], corners[1]), _far(corners[3], corners[2]), 1)
    high = max(_far(corners[0], corners[3]), _far(corners[1], corners[2]), 1)
    flat = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    line = cv2.warpPerspective(
        picture,
        cv2.getPerspectiveTransform(corners, flat),
        (wide, high),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(np.rot90(line) if high >= wide * _UPRIGHT else line, np.uint8)


def lengthened(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a line's corners (4, 2), moved along it by its height at both ends."""
    along = (corners[1] - corners[0] + corners[2] - corners[3]) / 2
    down = (corners[3] - corners[0] + corners[2] - corners[1]) / 2
    long, high = float(np.linalg.norm(along)), float(np.linalg.norm(down))
    step = (
        down * (long / max(high, 1)) if high >= long * _UPRIGHT else along * (high / max(long, 1))
    )
    ends = (-1, -1, 1, 1) if high >= long * _UPRIGHT else (-1, 1, 1, -1)
    return (corners + np.outer(ends, step)).astype(np.float32)


def is_lead(line: Picture, text: str) -> bool:
    """Return whether these are a side letter and initials as they are set in lead.

    line: uint8 (h, w), upright. Four capitals at most, set apart, or one at an end higher than
    the others.
    """
    letters = [letter for letter in text if letter.isalnum()]
    high = line.shape[0]
    if high < _LARGE or not 3 <= len(letters) <= _LEAD or not "".join(letters).isupper():
        return False
    lighter = line.astype(np.int16) - cv2.GaussianBlur(line, (0, 0), high / 2)
    strokes = lighter > max(12.0, 0.4 * float(np.percentile(lighter, 97)))
    _, _, found, middles = cv2.connectedComponentsWithStats(strokes.astype(np.uint8))
    kept = np.flatnonzero(found[1:, cv2.CC_STAT_HEIGHT] >= _HIGH * high) + 1
    if len(kept) != len(letters):
        return False
    kept = kept[np.argsort(middles[kept, 0])]
    heights = found[kept, cv2.CC_STAT_HEIGHT]
    apart = float(np.median(np.diff(middles[kept, 0]))) / float(np.median(heights))
    first, last = heights[0] / np.median(heights[1:]), heights[-1] / np.median(heights[:-1])
    return bool(apart >= _APART or max(first, last) >= _HIGHER)


def _far(one: NDArray[np.float32], other: NDArray[np.float32]) -> int:
    return int(np.linalg.norm(one - other))


def _coloured(picture: Picture) -> Picture:
    return np.repeat(picture[..., None], 3, axis=2)
