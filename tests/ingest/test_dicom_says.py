"""What a DICOM file says of itself, and what it does not."""

import logging
import warnings
from typing import Any

import numpy as np
import pytest

from ingest.readers import read_file
from ingest.says import FileSays
from tests.ingest import dicoms
from tests.ingest.dicoms import dicom_of
from tests.ingest.films import drawn

FILM = drawn(dtype=np.uint16) >> 4


def says(**tags: Any) -> FileSays:
    return read_file(dicom_of(FILM, 12, **tags), 64_000_000).says


def test_every_kept_tag_is_said() -> None:
    said = says(
        PatientID=" P-17 ", IssuerOfPatientID="Nord", PatientBirthDate="19500321",
        PatientSex="F", PatientAge="075Y", StudyInstanceUID="1.2.3", StudyDate="20250102",
        ViewPosition="PA", PatientOrientation=["L", "F"], ImagerPixelSpacing=[0.143, 0.143],
        PixelSpacing=[0.2, 0.2], Manufacturer="Maker", ManufacturerModelName="Model",
        ImageType=["ORIGINAL", "PRIMARY"], BodyPartExamined="CHEST", BurnedInAnnotation="NO",
        WindowCenter=2048, WindowWidth=4096, VOILUTFunction="LINEAR_EXACT",
    )  # fmt: skip
    assert said == FileSays(
        "dicom", patient_id="P-17", issuer="Nord", birth_date="19500321", sex="F", age="075Y",
        study="1.2.3", study_date="20250102", view="PA", orientation=("L", "F"),
        pixel_spacing=(0.143, 0.143), maker="Maker", device="Model", modality="DX",
        image_type=("ORIGINAL", "PRIMARY"), body_part="CHEST", burned_in="NO",
        window=(2048.0, 4096.0),
    )  # fmt: skip
    assert FileSays.of_json(said.json()) == said


def test_a_file_that_says_nothing_says_nothing() -> None:
    assert says() == FileSays("dicom", modality="DX")


def test_pixel_spacing_stands_in_for_that_of_the_detector() -> None:
    assert says(PixelSpacing=[0.2, 0.3]).pixel_spacing == (0.2, 0.3)


def test_a_secondary_capture_without_modality_is_said_to_be_one() -> None:
    assert says(SOPClassUID=dicoms.SECONDARY, Modality=None).modality == "SC"


@pytest.mark.parametrize("modality", ["CR", "DX", "SC", "OT"])
def test_secondary_captures_are_read_with_the_modality_they_name(modality: str) -> None:
    assert says(SOPClassUID=dicoms.SECONDARY, Modality=modality).modality == modality


@pytest.mark.filterwarnings("ignore:Invalid value:UserWarning", "ignore:The value length")
@pytest.mark.parametrize(
    ("keyword", "value", "field"),
    [
        ("StudyDate", "yesterday", "study_date"),
        ("StudyDate", "20251301", "study_date"),
        ("PatientBirthDate", "", "birth_date"),
        ("PatientAge", "old", "age"),
        ("PatientID", "", "patient_id"),
    ],
)
def test_a_malformed_value_is_none(keyword: str, value: str, field: str) -> None:
    assert getattr(says(**{keyword: value}), field) is None


@pytest.mark.parametrize("spacing", [[0.1], [0, 0], [-1, 1]])
def test_a_spacing_that_cannot_be_is_none(spacing: list[float]) -> None:
    assert says(PixelSpacing=spacing).pixel_spacing == ()


def test_numbers_that_are_words_are_passed_over() -> None:
    good = dicom_of(FILM, 12, PixelSpacing=[0.25, 0.25], RescaleSlope=1, RescaleIntercept=0)
    broken = good.replace(b"0.25\\0.25", b"DUPONTS\\X")
    assert broken != good
    made = read_file(broken, 64_000_000)
    assert made.says.pixel_spacing == ()
    assert (made.samples == FILM).all()


def test_no_warning_or_log_line_leaves_the_reader(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    good = dicom_of(FILM, 12, PatientID="DUPONT-1950", StudyDate="20250102")
    broken = good.replace(b"20250102", b"DUPONT!!").replace(b"DA\x08\0", b"DT\x08\0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        odd = dicom_of(FILM, 12, SpecificCharacterSet="ISO 2022 IR 87", PatientID="DUPONT-1950")
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        assert read_file(broken, 64_000_000).says.patient_id == "DUPONT-1950"
        assert read_file(good.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0"), 9**9)
        assert read_file(odd.replace(b"DUPONT", b"\x1b$!PO\xff"), 9**9)
    assert not caught
    assert not caplog.text
    assert capfd.readouterr() == ("", "")
