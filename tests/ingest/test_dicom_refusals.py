"""DICOM files that are no film: refused, each with its code, whatever their bytes."""

import zlib
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from ingest.readers import read_film
from schemas.errors import Refusal
from tests.ingest import dicoms
from tests.ingest.dicoms import body_of, dataset_of, dicom_of, file_of
from tests.ingest.films import drawn, jpeg_of

LIMIT = 1_000_000
FILM = drawn(dtype=np.uint16) >> 4
CT = "1.2.840.10008.5.1.4.1.1.2"
NOISE = np.random.default_rng(4).bytes(4000)


def refusal(data: bytes, limit: int = LIMIT) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read_film(data, limit)
    return refused.value


def without_pixels(**tags: Any) -> bytes:
    return file_of(dataset_of(FILM, 12, **tags), dicoms.EXPLICIT)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (dicom_of(FILM, 12, NumberOfFrames=2), "multi-frame"),
        (dicom_of(FILM, 12, SOPClassUID=CT, Modality="CT"), "modality"),
        (dicom_of(FILM, 12, Modality="MR"), "modality"),
        (dicom_of(FILM, 12, SOPClassUID=dicoms.SECONDARY, Modality="US"), "modality"),
        (dicom_of(FILM, 12, SOPClassUID=CT, Modality="CR"), "modality"),
        (without_pixels(), "no-pixels"),
        (without_pixels(SOPClassUID="1.2.840.10008.1.3.10"), "no-pixels"),
        (dicom_of(FILM, 12, Rows=0), "no-pixels"),
        (dicom_of(FILM, 12).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"),
         "transfer-syntax"),
        (bytes(128) + b"DICM" + NOISE, "not-dicom"),
        (bytes(128) + b"DICM", "not-dicom"),
        (b"DICM" + NOISE, "not-dicom"),
        (dicom_of(FILM, 12)[:-100], "truncated"),
        (dicom_of(FILM, 12)[:300], "truncated"),
        (dicom_of(FILM, 12, syntax=dicoms.JPEG_2000)[:-1000], "truncated"),
        (dicom_of(FILM, 12, syntax=dicoms.DEFLATED)[:-10], "truncated"),
        (dicom_of(FILM, 12, Rows=20_000), "too-large"),
        (dicom_of(FILM, 12, Rows=15_000, Columns=15_000), "too-large"),
        (dicom_of(FILM[:40], 12), "too-small"),
        (dicom_of(FILM, 12, photometric="HSV"), "unsupported"),
        (dicom_of(FILM, 12, BitsStored=17), "unsupported"),
        (dicom_of(FILM, 12, BitsAllocated=32), "unsupported"),
    ],
)  # fmt: skip
def test_what_is_no_film_is_refused_with_its_code(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_a_refusal_repeats_no_word_of_the_file() -> None:
    why = refusal(dicom_of(FILM, 12, Modality="DUPONT"))
    assert "DUPONT" not in str(why)


def test_text_that_begins_like_a_dataset_is_not_an_image() -> None:
    assert refusal(b"\x08\0" + NOISE).code == "not-an-image"
    assert refusal(b"\x02\0" + bytes(500)).code == "not-an-image"


def test_compressed_pixels_without_file_meta_are_refused() -> None:
    data = dicom_of(FILM, 12, syntax=dicoms.JPEG_LS)
    bare = data[data.index(b"\x08\0\x16\0UI") :]
    assert refusal(bare).code == "transfer-syntax"


def test_a_codestream_of_another_size_is_not_decoded() -> None:
    huge = dicoms.encoded(drawn(900, 900), 8, dicoms.JPEG_2000)
    data = dicom_of(drawn(), 8, syntax=dicoms.JPEG_2000, pixels=huge)
    why = refusal(data)
    assert (why.code, why.came) == ("mismatch", "900 x 900 pixels")


@pytest.mark.parametrize("syntax", [dicoms.EXTENDED, dicoms.LOSSLESS, dicoms.JPEG_LS])
def test_a_codestream_cut_short_in_a_whole_file_is_refused(syntax: UID) -> None:
    stream = dicoms.encoded(FILM, 12, syntax)
    data = dicom_of(FILM, 12, syntax=syntax, pixels=stream[: len(stream) // 2])
    assert refusal(data).code == "truncated"


def test_a_jpeg_cut_short_in_a_whole_file_is_refused() -> None:
    stream = jpeg_of(drawn())
    data = dicom_of(drawn(), 8, syntax=dicoms.BASELINE, pixels=stream[: len(stream) // 2])
    assert refusal(data).code == "truncated"


def deflated_bomb(size: int) -> bytes:
    head = file_of(Dataset(), dicoms.DEFLATED)
    body = body_of(dataset_of(FILM, 12), dicoms.EXPLICIT)
    deflating = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = deflating.compress(body + b"\xe0\x7f\x10\0OW\0\0" + size.to_bytes(4, "little"))
    for _ in range(size >> 20):
        bomb += deflating.compress(bytes(1 << 20))
    return head[: head.rindex(b"1.2.3.4") + 8] + bomb + deflating.flush()


def test_a_deflated_bomb_is_too_large_long_before_it_is_whole() -> None:
    bomb = deflated_bomb(64 << 20)
    assert len(bomb) < 1 << 20
    assert refusal(bomb).code == "too-large"


def test_an_rle_bomb_is_unpacked_no_further_than_its_picture() -> None:
    from pydicom.encaps import encapsulate

    segment = b"\x81\0" * 1_000_000
    frame = np.array([2, 64, 64 + len(segment)] + [0] * 13, "<u4").tobytes() + segment * 2
    made = dataset_of(FILM, 12)
    made.PixelData = encapsulate([frame])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    samples = read_film(file_of(made, dicoms.RLE), LIMIT)
    assert samples.shape == FILM.shape
    assert not samples.any()


def test_nested_sequences_without_end_are_refused() -> None:
    deep = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\xff\xff\xff\xff"
    data = dicom_of(FILM, 12)
    head = data[: data.index(b"\x08\0\x16\0UI")]
    assert refusal(head + deep * 20_000).code in {"not-dicom", "truncated", "no-pixels"}


MUTATED = [
    dicom_of(FILM, 12, PatientID="P", WindowCenter=1, WindowWidth=2, RescaleSlope=1,
             RescaleIntercept=0, syntax=syntax)
    for syntax in (dicoms.EXPLICIT, dicoms.IMPLICIT, dicoms.RLE, dicoms.LOSSLESS,
                   dicoms.EXTENDED, dicoms.JPEG_LS, dicoms.JPEG_2000, dicoms.DEFLATED)
] + [dicom_of(drawn(), 8, syntax=dicoms.BASELINE),
     dicom_of(np.dstack([drawn()] * 3), 8, photometric="RGB")]  # fmt: skip


def mutated(film: bytes, rng: np.random.Generator) -> bytes:
    """Return the file with a few bytes changed, half of the time within its headers."""
    broken = bytearray(film)
    first, last = (0, len(broken)) if rng.random() < 0.5 else (128, min(900, len(broken)))
    for _ in range(rng.integers(1, 5)):
        broken[rng.integers(first, last)] = int(rng.integers(256))
    return bytes(broken)


@pytest.mark.parametrize("film", MUTATED, ids=range(len(MUTATED)))
def test_500_mutations_end_as_films_or_refusals(film: bytes) -> None:
    rng = np.random.default_rng(20_261_125)
    films = 0
    for _ in range(500 // len(MUTATED)):
        try:
            samples = read_film(mutated(film, rng), LIMIT)
        except Refusal:
            continue
        films += 1
        assert samples.ndim == 2
        assert samples.dtype in (np.uint8, np.uint16)
    assert films
