"""Is there text in a film that may name somebody? Found and read by a text detector (RapidOCR).

Most films show a side mark or how they were taken (L, AP, PORTABLE): those words pass. Anything
else that is read with some certainty and is long enough to be a name, a number or a date is a
reason for a steward to look. What was read is compared here and forgotten: it is in no log, row or
event. Where there may be text is looked for first (ingest/text_places.py): the detector sees that
alone. It finds printed text of about a hundredth of the film's height and more; it is no proof
that there is none (docs/adr/0078, 0098).
"""

import io
import queue
import re
from collections.abc import Iterable
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.renditions import Developed
from schemas.errors import Doubt

#: Longest side of the picture in which text is looked for. Time grows with its square.
SIDE: Final = 640
#: How sure of a word the reader has to be. Ribs and wires are read as words, but not surely. It
#: was 0.8 when the detector saw whole films: around a part it draws small words less closely.
SURE: Final = 0.65
#: Letters and digits in a row that may be a name, a number or a date.
LONG: Final = 4
#: What films show of themselves: how, where and which way they were taken; in French, too.
MARKS: Final = frozenset(
    {
        "PORTABLE", "PORT", "MOBILE", "SUPINE", "ERECT", "UPRIGHT", "SEMI", "SEMIERECT",
        "SEMIUPRIGHT", "SITTING", "STANDING", "LATERAL", "DECUBITUS", "INSPIRATION", "EXPIRATION",
        "RIGHT", "LEFT", "CHEST", "GRID", "STAT", "PHANTOM",
        "THORAX", "FACE", "PROFIL", "DEBOUT", "COUCHE", "COUCHÉ", "ASSIS", "DROIT", "DROITE",
        "GAUCHE",
    }
)  # fmt: skip
#: The reader's height of a line in pixels, and how long a line of one or two letters is at most
#: for its height, with the room that the detector leaves around it: shorter ones are marks.
_LINE: Final = 48
_SHORTEST: Final = 1.3
_WORD: Final = re.compile(r"[0-9A-Za-zÀ-ɏ]+")

#: A line that was read and how sure the reader is of it, 0..1.
Line = tuple[str, float]


class Reader(Protocol):
    """What reads lines of text in a grey picture, uint8 (h, w)."""

    def read(self, picture: NDArray[np.uint8]) -> list[Line]:
        """Return the lines that are found."""
        ...


class TextLook:
    """Looks for text in developed films. For many threads: as many at once as readers."""

    def __init__(self, readers: Iterable[Reader]) -> None:
        self._readers: queue.LifoQueue[Reader] = queue.LifoQueue()
        for reader in readers:
            self._readers.put(reader)

    def check(self, film: Developed) -> None:
        """Raise Doubt `burned-in-text` when the film shows what may be a name."""
        reader = self._readers.get()
        try:
            lines = reader.read(picture_of(film.display))
        finally:
            self._readers.put(reader)
        count = sum(may_name(text) for text, sure in lines if sure >= SURE)
        if count:
            raise Doubt(
                "burned-in-text",
                wanted="a film without text in its pixels, but for marks",
                came=f"one with {count} lines of other text",
            )


def picture_of(display: bytes) -> NDArray[np.uint8]:
    """Return a film's picture (JPEG), uint8 (h, w), as large as it is kept."""
    with Image.open(io.BytesIO(display)) as picture:
        return np.asarray(picture.convert("L"))


def may_name(line: str) -> bool:
    """Return whether a line of text may name somebody: it has more than short words and marks.

    Digits count over the whole line, so that 04/05/1961 is long.
    """
    words = [word.upper() for word in _WORD.findall(line)]
    if sum(len(word) for word in words if word.isdecimal()) >= LONG:
        return True
    return any(len(word) >= LONG and word not in MARKS for word in words)


class RapidReader:
    """RapidOCR's detector and reader (Apache-2.0), on one thread. For one film at a time.

    `whole` has the detector see the whole picture, as it is measured against.
    """

    def __init__(self, *, whole: bool = False) -> None:
        # Loads OpenCV and ONNX Runtime: half a second that only ingest pays.
        from rapidocr import RapidOCR

        self._whole = whole
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

    def read(self, picture: NDArray[np.uint8]) -> list[Line]:
        """Return the lines found in uint8 (h, w), each with how sure it is, 0..1.

        Found in a small picture, read in the one that is given.
        """
        from ingest.text_places import places, reduced

        small = reduced(picture, SIDE)
        everywhere = [(slice(0, small.shape[0]), slice(0, small.shape[1]))]
        larger = picture.shape[1] / small.shape[1], picture.shape[0] / small.shape[0]
        lines: list[Line] = []
        for rows, columns in everywhere if self._whole else places(small):
            for corners in self._found(small[rows, columns]):
                where = (corners + np.array([columns.start, rows.start])) * larger
                lines += self._line(picture, where.astype(np.float32))
        return lines

    def _found(self, part: NDArray[np.uint8]) -> list[NDArray[Any]]:
        """Return the corners (4, 2), x and y in pixels, of what looks like lines of text."""
        found = self._engine(_coloured(part), use_det=True, use_cls=False, use_rec=False)
        return [] if found.boxes is None else list(found.boxes)

    def _line(self, picture: NDArray[np.uint8], corners: NDArray[np.float32]) -> list[Line]:
        from rapidocr.utils.process_img import get_rotate_crop_image

        line = get_rotate_crop_image(picture, corners)
        if line.shape[1] < line.shape[0] * _SHORTEST:
            return []
        read = self._engine(_coloured(line), use_det=False, use_cls=False, use_rec=True)
        return list(zip(read.txts or (), map(float, read.scores or ()), strict=True))


def _coloured(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(picture[..., None], 3, axis=2)
