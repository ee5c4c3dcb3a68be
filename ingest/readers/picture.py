"""What a reader of pictures gives back, and the shape of a sample that a file's densities say."""

from dataclasses import dataclass
from typing import Any, Final, Self

from numpy.typing import NDArray

from ingest.readers.upright import lies_on_its_side, upright
from schemas.identities import Samples

#: A sample's height to its width beyond which the header is a mistake: no detector, scanner or
#: video line has samples four times as long as they are wide.
_MOST_UNEQUAL: Final = 4.0
#: Densities are whole numbers: 2,835 and 2,834 to a metre mean a square.
_SAME: Final = 0.005


@dataclass(frozen=True)
class Picture:
    """Grey samples, uint8 or uint16 (h, w), upright.

    `coloured` is the share, 0..1, of the picture in colours of its own (ingest/colour.py);
    `aspect` a sample's height divided by its width, as the samples lie here.
    """

    samples: Samples
    coloured: float = 0.0
    aspect: float = 1.0

    @classmethod
    def upright(
        cls, grey: NDArray[Any], said: int, coloured: float = 0.0, aspect: float = 1.0
    ) -> Self:
        """Return the picture of grey as it lies in the file, turned as orientation 1..8 says."""
        turned = 1 / aspect if lies_on_its_side(said) else aspect
        return cls(upright(grey, said), coloured, turned)


def aspect_of(across: float, down: float) -> float:
    """Return a sample's height divided by its width from the samples in a length of each side.

    1 where one of them is none, where they are as good as equal, or where no film has such.
    """
    if not (across > 0 and down > 0):
        return 1.0
    aspect = across / down
    if abs(aspect - 1) <= _SAME or not 1 / _MOST_UNEQUAL <= aspect <= _MOST_UNEQUAL:
        return 1.0
    return aspect
