import pytest

from ingest.says import FileSays
from ingest.suspicion import check_says
from schemas.errors import Refusal


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (FileSays("dicom", modality="DX", burned_in="YES"), "burned-in"),
        (FileSays("dicom", modality="CR", burned_in="yes"), "burned-in"),
        (FileSays("dicom", modality="SC", burned_in="YES"), "burned-in"),
        (FileSays("dicom", modality="SC"), "secondary-capture"),
        (FileSays("dicom", modality="OT", burned_in="NO"), "secondary-capture"),
        (
            FileSays("dicom", modality="DX", image_type=("DERIVED", "SECONDARY", "SCREEN SAVE")),
            "screen-save",
        ),
    ],
)
def test_a_doubtful_file_is_refused_with_its_code(says: FileSays, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        check_says(says)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "says",
    [
        FileSays("png"),
        FileSays("jpeg"),
        FileSays("dicom", modality="DX"),
        FileSays("dicom", modality="CR", burned_in="NO", image_type=("ORIGINAL", "PRIMARY")),
    ],
)
def test_a_file_of_a_detector_passes_also_when_it_says_nothing(says: FileSays) -> None:
    check_says(says)
