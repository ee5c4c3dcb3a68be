"""Which files of a folder are sent."""

import pytest
from pydicom.uid import UID

from schemas.film_files import HEAD, may_be_film
from tests.ingest import dicoms
from tests.ingest.dicoms import dataset_of, dicom_of, file_of
from tests.ingest.films import drawn, jpeg_of, png_of
from tests.ingest.test_jpeg_xl import jxl_of
from tests.ingest.tiffs import tiff_of

FILM = drawn()
DIRECTORY = "1.2.840.10008.1.3.10"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("IM000001", dicom_of(FILM)),
        ("IM000002", file_of(dataset_of(FILM, 8), dicoms.EXPLICIT, preamble=False)),
        ("IM000003", file_of(dataset_of(FILM, 8), dicoms.IMPLICIT, meta=False)),
        ("film", png_of(FILM)),
        ("film.bak", jpeg_of(FILM)),
        ("film 2", tiff_of(FILM)),
        ("film 3", tiff_of(FILM, ">", big=True)),
        ("film 4", jxl_of(FILM)),
        ("film.TIF", b"a text that says it is a film"),
        ("report.png", b"a text that says it is a film is refused with its reason"),
        ("EMPTY.DCM", b""),
    ],
)
def test_a_film_is_sent_whatever_its_name_and_what_claims_to_be_one_too(
    name: str, data: bytes
) -> None:
    assert may_be_film(name, data[:HEAD])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("DICOMDIR", dicom_of(FILM)),
        ("INDEX", file_of(dataset_of(FILM, 8, SOPClassUID=DIRECTORY), UID(dicoms.EXPLICIT))),
        ("AUTORUN.INF", b"[autorun]\nopen=viewer.exe\n"),
        ("viewer.exe", b"MZ\x90\0" + bytes(600)),
        ("README", b""),
        ("index.htm", b"<html>1.2.840.10008.5.1.4.1.1.1</html>"),
        ("data.bin", b"\x02\0" + bytes(600)),
    ],
)
def test_what_else_lies_on_a_patients_cd_is_left(name: str, data: bytes) -> None:
    assert not may_be_film(name, data[:HEAD])
