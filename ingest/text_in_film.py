"""Is there text in a film that may name somebody? Found and read by a text detector (RapidOCR).

Most films show a side mark or how they were taken (L, AP, PORTABLE): those words pass. Anything
else that is read with some certainty and is long enough to be a name, a number or a date is a
reason for a steward to look. What was read is compared here and forgotten: it is in no log, row or
event. What is downloaded holds more than what is shown: text is looked for in the display, then in
the samples and in their padding (ingest/text_views.py). It is no proof that there is none
(docs/adr/0078, 0098, 0113, 0114).
"""

import io
import queue
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.renditions import Developed
from ingest.text_marks import LONG, Marks, folded
from ingest.text_places import CONTRAST
from ingest.text_reader import Line
from ingest.text_rows import rows_of
from ingest.text_views import CONTRAST as FAINT
from ingest.text_views import GROUND, local_views
from schemas.errors import Doubt

#: How sure of a word the reader has to be. Ribs and wires are read as words, but not surely. It
#: was 0.8 when the detector saw whole films: around a part it draws small words less closely.
SURE: Final = 0.65
#: The same of a line that had to be turned: four readings are four chances to see a word in wires.
SURE_OF_TURNED: Final = 0.8
#: The same of one word of four letters: lead letters beside each other are often read as one.
SURE_OF_FOUR: Final = 0.95
SURE_OF_FOUR_TURNED: Final = 0.97
#: So many pixels beside a line its letters may reach.
_BESIDE: Final = 3


class Reader(Protocol):
    """What reads lines of text in a grey picture, uint8 (h, w)."""

    def read(self, picture: NDArray[np.uint8], contrast: int = ...) -> list[Line]:
        """Return the lines that are found, of letters of this contrast to their ground."""
        ...

    def longer(self, picture: NDArray[np.uint8], line: Line) -> Line:
        """Return a line of that picture, read with what stands just beside its ends."""
        ...


class TextLook:
    """Looks for text in developed films. For many threads: as many at once as readers."""

    def __init__(self, readers: Iterable[Reader], marks: Marks | None = None) -> None:
        self._marks = marks or Marks()
        self._readers: queue.LifoQueue[Reader] = queue.LifoQueue()
        for reader in readers:
            self._readers.put(reader)

    def check(self, film: Developed) -> None:
        """Raise Doubt `burned-in-text` when the film shows what may be a name."""
        reader = self._readers.get()
        try:
            count = next((found for found in self._found(reader, film) if found), 0)
        finally:
            self._readers.put(reader)
        if count:
            raise Doubt(
                "burned-in-text",
                wanted="a film without text in its pixels, but for marks",
                came=f"one with {count} lines of other text",
            )

    def _found(self, reader: Reader, film: Developed) -> Iterator[int]:
        """Yield how many lines may name somebody in each picture of it, the display first."""
        shown = picture_of(film.display)
        shape = shown.shape
        lines = self._read(reader, shown, CONTRAST)
        yield self._count(lines, shape)
        if film.small.padding:
            yield self.count_in(reader, picture_of(film.small.padding))
        for view in local_views(film.small):
            lines += self._read(reader, without(view, lines), FAINT)
            yield self._count(lines, shape)

    def count_in(self, reader: Reader, picture: NDArray[np.uint8]) -> int:
        """Return how many rows of one picture, uint8 (h, w), may name somebody."""
        return self._count(self._read(reader, picture, CONTRAST), picture.shape)

    def _read(self, reader: Reader, picture: NDArray[np.uint8], contrast: int) -> list[Line]:
        """Return a picture's lines, those whole that were a mark with its ends cut off."""
        return [self._whole(reader, picture, line) for line in reader.read(picture, contrast)]

    def _whole(self, reader: Reader, picture: NDArray[np.uint8], line: Line) -> Line:
        """Return a line as it is, or a longer reading that has its letters and names nobody."""
        if not (line.corners and may_name(line, self._marks)):
            return line
        longer = reader.longer(picture, line)
        whole = _letters(line.text) in _letters(longer.text)
        named = self._marks.may_name(longer.text)
        return longer if whole and longer.sure >= enough(longer) and not named else line

    def _count(self, lines: Iterable[Line], shape: tuple[int, ...]) -> int:
        """Return how many rows of a film of this shape (h, w) may name somebody."""
        sure = (line for line in lines if line.sure >= enough(line))
        rows = rows_of(sure, shape[1] / shape[0])
        return sum(not row.lead and self._marks.may_name(row.text) for row in rows)


def without(view: NDArray[np.uint8], lines: Iterable[Line]) -> NDArray[np.uint8]:
    """Return a view, uint8 (h, w), with what is settled already painted over with its ground."""
    high, wide = view.shape
    painted = view.copy()
    for left, top, right, bottom in (line.part for line in lines if line.settled):
        rows = slice(max(0, round(top * high) - _BESIDE), round(bottom * high) + _BESIDE)
        columns = slice(max(0, round(left * wide) - _BESIDE), round(right * wide) + _BESIDE)
        painted[rows, columns] = GROUND
    return painted


def may_name(line: Line, marks: Marks) -> bool:
    """Return whether a line that was read may name somebody, and was read surely enough."""
    return not line.lead and line.sure >= enough(line) and marks.may_name(line.text)


def enough(line: Line) -> float:
    """Return how sure of a line the reader has to be for it to count (0..1)."""
    if sum(letter.isalnum() for letter in line.text) <= LONG:
        return SURE_OF_FOUR_TURNED if line.turned else SURE_OF_FOUR
    return SURE_OF_TURNED if line.turned else SURE


def _letters(text: str) -> str:
    return "".join(letter for letter in folded(text) if letter.isalnum())


def picture_of(kept: bytes) -> NDArray[np.uint8]:
    """Return a film's picture (JPEG or PNG), uint8 (h, w), as large as it is kept."""
    with Image.open(io.BytesIO(kept)) as picture:
        return np.asarray(picture.convert("L"))
