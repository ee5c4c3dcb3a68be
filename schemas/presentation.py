"""How a film's stored samples become what is shown and what a model eats.

A film's identity is its samples as its file has them; that they lie on their side, are not square
or have a border that is no picture does not change them. It is kept beside them, so that whoever
shows, scores or measures the film does the same.
"""

from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

_Place = Annotated[int, Field(ge=0)]

#: Values 1 to 8: whether to swap rows and columns, then to mirror rows, then columns.
#: Source: EXIF 2.32, tag 0x0112 Orientation.
ORIENTATIONS: Final = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


class Presentation(BaseModel):
    """What is done to samples (h, w) before they are shown or scored, in this order.

    `padding`: samples from the first to the second value, both included, are no picture: left out
    of every statistic and drawn as background.
    `within`: left, top, right, bottom (the last two not included) of the samples inside a border
    of padding. Shown as it lies; what a model eats is cut to it.
    `orientation`: 1..8 as EXIF's tag 0x0112 numbers them; how samples are turned and mirrored.
    `pixel_aspect`: a stored sample's height divided by its width; 1 is square.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    padding: tuple[int, int] | None = Field(
        default=None, description="lowest and highest sample that is no picture"
    )
    within: tuple[_Place, _Place, _Place, _Place] | None = Field(
        default=None,
        description="left, top, right, bottom of the samples inside a border of padding",
    )
    orientation: Annotated[int, Field(ge=1, le=8)] = Field(
        default=1, description="how samples are turned to be looked at, numbered as EXIF does"
    )
    pixel_aspect: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="a sample's height divided by its width"
    )

    def shown_size(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height in square pixels of samples (height, width), once turned.

        The coarser side is made finer, never the other way: nothing of the film is lost.
        """
        aspect = self.pixel_aspect
        if aspect > 1:
            height = max(1, round(height * aspect))
        elif aspect < 1:
            width = max(1, round(width / aspect))
        return (height, width) if ORIENTATIONS[self.orientation][0] else (width, height)

    def is_padding(self, samples: NDArray[Any]) -> NDArray[np.bool_] | None:
        """Return where samples (h, w) are no picture, bool (h, w); None where no padding is."""
        if self.padding is None:
            return None
        low, high = self.padding
        found: NDArray[np.bool_] = (samples >= low) & (samples <= high)
        return found if found.any() else None

    def found_in(self, samples: NDArray[Any]) -> "Presentation":
        """Return it with the border that these samples (h, w) have; no padding where none is."""
        padding = self.is_padding(samples)
        if padding is None:
            return self.model_copy(update={"padding": None, "within": None})
        within = None
        if not padding.all():
            rows, columns = (np.flatnonzero(~padding.all(axis=axis)) for axis in (1, 0))
            inside = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
            within = inside if inside != (0, 0, samples.shape[1], samples.shape[0]) else None
        return self.model_copy(update={"within": within})

    def cut(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return the samples (h, w) inside a border of padding: a view."""
        if self.within is None:
            return samples
        left, top, right, bottom = self.within
        return samples[top:bottom, left:right]

    def place_within(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return where in the shown picture of samples (height, width) that part lies.

        Left, top, right, bottom, as shares, 0..1, of the picture's width and height.
        """
        left, top, right, bottom = self.within or (0, 0, width, height)
        across, down = (left / width, right / width), (top / height, bottom / height)
        swap, mirror_rows, mirror_columns = ORIENTATIONS[self.orientation]
        if swap:
            across, down = down, across
        if mirror_rows:
            down = 1 - down[1], 1 - down[0]
        if mirror_columns:
            across = 1 - across[1], 1 - across[0]
        return across[0], down[0], across[1], down[1]

    def turned(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return samples (h, w) turned and mirrored: a view, through which they can be changed."""
        return turned(samples, self.orientation)


def at_most(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return width and height, in proportion, so that the longer is at most this; 1 at least."""
    longest = max(size)
    if longest <= side:
        return size
    width, height = (max(1, round(length * side / longest)) for length in size)
    return width, height


def turned(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return samples (h, w) turned and mirrored as an orientation of 1..8 says: a view."""
    swap, rows, columns = ORIENTATIONS[orientation]
    seen = samples.T if swap else samples
    seen = seen[::-1] if rows else seen
    return seen[:, ::-1] if columns else seen


#: Samples are shown as they lie.
AS_STORED: Final = Presentation()
