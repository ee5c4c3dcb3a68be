"""How a film's stored samples become what is shown and what a model eats.

A film's identity is its samples as its file has them; that they lie on their side, are not square
or have a border that is no picture does not change them. It is kept beside them, so that whoever
shows, scores or measures the film does the same.
"""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field


class Presentation(BaseModel):
    """What is done to samples (h, w) before they are shown or scored, in this order.

    `padding`: samples from the first to the second value, both included, are no picture: left out
    of every statistic and drawn as background.
    `orientation`: 1..8 as EXIF's tag 0x0112 numbers them; how samples are turned and mirrored.
    `pixel_aspect`: a stored sample's height divided by its width; 1 is square.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    padding: tuple[int, int] | None = Field(
        default=None, description="lowest and highest sample that is no picture"
    )
    orientation: Annotated[int, Field(ge=1, le=8)] = Field(
        default=1, description="how samples are turned to be looked at, numbered as EXIF does"
    )
    pixel_aspect: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="a sample's height divided by its width"
    )


#: Samples are shown as they lie.
AS_STORED: Final = Presentation()
