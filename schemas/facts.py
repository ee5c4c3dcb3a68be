"""What is known of a film besides its samples: descriptive facts that identify nobody.

The allow-list of PS3.15's Basic Profile with our retained options, as one model: whatever is not
named here does not outlive ingest. Kept in the film's row (`facts`), told by events and the API.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.presentation import AS_STORED, Presentation

#: Ages from this one on are kept as this one (PS3.15 E.1, HIPAA's safe harbour).
OLDEST_AGE = 90

Spacing = Annotated[float, Field(gt=0, description="millimetres")]


class KnownFacts(BaseModel):
    """Facts of one film; None is not known. A newer writer may know more: the rest is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sex: Literal["F", "M", "O"] | None = None
    age: Annotated[int, Field(ge=0, le=OLDEST_AGE)] | None = Field(
        default=None, description="whole years; 90 stands for 90 and over"
    )
    study_date: date | None = Field(
        default=None, description="shifted by whole weeks, the same for all films of a patient"
    )
    orientation: tuple[str, str] | None = Field(
        default=None, description="patient direction of rows and columns, as L, F (C.7.6.1.1.1)"
    )
    pixel_spacing: tuple[Spacing, Spacing] | None = Field(
        default=None, description="row and column spacing at the detector"
    )
    maker: str | None = Field(default=None, description="of the device")
    device: str | None = Field(default=None, description="the device's model name")
    modality: Literal["CR", "DX", "OT", "SC"] | None = None
    window: tuple[float, Annotated[float, Field(gt=0)]] | None = Field(
        default=None, description="centre and width of the first display window, in samples"
    )
    presentation: Presentation | None = Field(
        default=None,
        description="how the stored samples are shown and given to models; none: as they lie",
    )
    burned_in: Literal["yes", "no", "unknown"] = Field(
        default="unknown", description="what the file says of text burned into its pixels"
    )
    method: tuple[str, ...] = Field(
        default=(), description="codes of PS3.16 CID 7050: how the film was de-identified"
    )

    @property
    def shown_as(self) -> Presentation:
        """Return how samples are shown and scored; it is settled when the film is stored."""
        return self.presentation or AS_STORED
