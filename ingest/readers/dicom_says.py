"""What a DICOM file's tags say of its film: raw, for the handler alone (ingest/says.py).

A value that is absent or malformed is None: a wrong date is no reason to refuse a film. Series
descriptions and protocol names are not read: people write anything there.
Sources: DICOM PS3.3 C.7.1 to C.7.3, C.8.7.1, C.7.6.1.1.1; PS3.5 6.2 (DA, AS).
"""

import re
from typing import Final

from pydicom.dataset import Dataset

from ingest.readers.dicom_file import numbers, text, texts
from ingest.says import FileSays

_DATE: Final = re.compile(r"(\d{4})[.]?(0[1-9]|1[0-2])[.]?(0[1-9]|[12]\d|3[01])")
_AGE: Final = re.compile(r"\d{3}[DWMY]")


def says_of(tags: Dataset, modality: str, window: tuple[float, ...]) -> FileSays:
    """Return what the tags say; modality and window are the reader's own findings."""
    age = (text(tags, "PatientAge") or "").upper()
    return FileSays(
        "dicom",
        patient_id=text(tags, "PatientID"),
        issuer=text(tags, "IssuerOfPatientID"),
        birth_date=_date(tags, "PatientBirthDate"),
        sex=text(tags, "PatientSex"),
        age=age if _AGE.fullmatch(age) else None,
        study=text(tags, "StudyInstanceUID"),
        study_date=_date(tags, "StudyDate"),
        view=text(tags, "ViewPosition"),
        orientation=texts(tags, "PatientOrientation"),
        pixel_spacing=_spacing(tags, "ImagerPixelSpacing") or _spacing(tags, "PixelSpacing"),
        maker=text(tags, "Manufacturer"),
        device=text(tags, "ManufacturerModelName"),
        modality=modality,
        image_type=texts(tags, "ImageType"),
        body_part=text(tags, "BodyPartExamined"),
        burned_in=text(tags, "BurnedInAnnotation"),
        window=window,
    )


def _date(tags: Dataset, keyword: str) -> str | None:
    """Return a date as YYYYMMDD; ACR-NEMA's YYYY.MM.DD is understood."""
    found = _DATE.fullmatch(text(tags, keyword) or "")
    return "".join(found.groups()) if found else None


def _spacing(tags: Dataset, keyword: str) -> tuple[float, ...]:
    found = numbers(tags, keyword)
    return found if len(found) == 2 and min(found) > 0 else ()
