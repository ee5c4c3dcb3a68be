"""What a film's file says of itself, as it says it.

This is raw and may name a patient: it passes from the decoding child to the handler in memory,
is reduced there to pseudonyms and `schemas.facts.KnownFacts`, and is never logged, kept or told.
Pictures (PNG, JPEG, TIFF, JPEG XL) say nothing that is believed.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

FileFormat = Literal["png", "jpeg", "tiff", "jpeg-xl", "dicom"]


# Without a repr: a traceback or a log line that shows one must not name a patient.
@dataclass(frozen=True, repr=False)
class FileSays:
    """Values as the file has them, stripped; None where it has none.

    `window` is (centre, width) in stored samples of the film; `pixel_spacing` (row, column) in
    millimetres; dates are DICOM's YYYYMMDD; `age` is DICOM's, as 045Y.
    """

    format: FileFormat
    patient_id: str | None = None
    issuer: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    age: str | None = None
    study: str | None = None
    study_date: str | None = None
    view: str | None = None
    orientation: tuple[str, ...] = ()
    pixel_spacing: tuple[float, ...] = ()
    maker: str | None = None
    device: str | None = None
    modality: str | None = None
    image_type: tuple[str, ...] = ()
    body_part: str | None = None
    burned_in: str | None = None
    window: tuple[float, ...] = ()

    def json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Self:
        """Return it from its JSON object."""
        values = {field.name: said[field.name] for field in fields(cls)}
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**plain)
