"""Is there text in a film that may name somebody? Found and read by a text detector (RapidOCR).

Most films show a side mark or how they were taken (L, AP, PORTABLE): those words pass. Anything
else that is read with some certainty and is long enough to be a name, a number or a date is a
reason for a steward to look. What was read is compared here and forgotten: it is in no log, row or
event. A detector finds printed text of about a hundredth of the film's height and more; it is no
proof that there is none (docs/adr/0078).
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

#: Longest side of the picture that is looked at. Time grows with its square.
SIDE: Final = 640
#: How sure of a word the reader has to be. Ribs and wires are read as words, but not surely.
SURE: Final = 0.8
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
    """Return a film's picture (JPEG), uint8 (h, w), no longer than SIDE."""
    with Image.open(io.BytesIO(display)) as picture:
        # Decodes at a half or a quarter where that is enough.
        picture.draft("L", (SIDE, SIDE))
        grey = picture.convert("L")
    grey.thumbnail((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(grey)


def may_name(line: str) -> bool:
    """Return whether a line of text may name somebody: it has more than short words and marks.

    Digits count over the whole line, so that 04/05/1961 is long.
    """
    words = [word.upper() for word in _WORD.findall(line)]
    if sum(len(word) for word in words if word.isdecimal()) >= LONG:
        return True
    return any(len(word) >= LONG and word not in MARKS for word in words)


class RapidReader:
    """RapidOCR's detector and reader (Apache-2.0), on one thread."""

    def __init__(self) -> None:
        # Loads OpenCV and ONNX Runtime: half a second that only ingest pays.
        from rapidocr import RapidOCR

        self._engine: Any = RapidOCR(
            params={
                # Its log would quote what it reads.
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": SIDE,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, picture: NDArray[np.uint8]) -> list[Line]:
        """Return the lines found in uint8 (h, w), each with how sure it is, 0..1."""
        colours = np.repeat(picture[..., None], 3, axis=2)
        found = self._engine(colours, use_det=True, use_cls=False, use_rec=True)
        return list(zip(found.txts or (), map(float, found.scores or ()), strict=True))
