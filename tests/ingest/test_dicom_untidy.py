"""Containers that are untidy around whole samples are read; samples that are not whole are not."""

import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from ingest.readers import read_file
from schemas.errors import Refusal
from tests.ingest import dicoms
from tests.ingest.dicoms import dataset_of, dicom_of, encoded, file_of
from tests.ingest.films import drawn

LIMIT = 1_000_000
FILM = drawn(dtype=np.uint16) >> 4
ITEM, DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0" + bytes(4)
STREAMS = pytest.mark.parametrize(
    "syntax",
    [dicoms.BASELINE, dicoms.EXTENDED, dicoms.LOSSLESS_SV1, dicoms.JPEG_LS, dicoms.JPEG_2000],
    ids=["8-bit", "12-bit", "lossless", "JPEG-LS", "JPEG 2000"],
)
EVERY = pytest.mark.parametrize(
    "syntax",
    [dicoms.BASELINE, dicoms.LOSSLESS_SV1, dicoms.JPEG_LS, dicoms.JPEG_2000, dicoms.RLE],
    ids=["8-bit", "lossless", "JPEG-LS", "JPEG 2000", "RLE"],
)


def film_of(syntax: UID) -> tuple[NDArray[Any], int]:
    return (drawn(), 8) if syntax == dicoms.BASELINE else (FILM, 12)


def read(syntax: UID, pixels: bytes, *, raw: bool = False, **tags: Any) -> NDArray[Any]:
    """Return the samples of a file of these pixels; raw: as they stand in the element."""
    codes, stored = film_of(syntax)
    made = dataset_of(codes, stored, **tags)
    made.PixelData = encapsulate([pixels])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    data = file_of(made, syntax)
    if raw:
        at = data.rindex(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 12
        data = data[:at] + pixels
    return read_file(data, LIMIT).samples


def whole(syntax: UID) -> tuple[bytes, NDArray[Any]]:
    codes, stored = film_of(syntax)
    return encoded(codes, stored, syntax), read_file(
        dicom_of(codes, stored, syntax=syntax), LIMIT
    ).samples


@STREAMS
@pytest.mark.parametrize("behind", [b"\0", bytes(200), b"\xff\xd9" * 3, b"maker's own bytes" * 99])
def test_bytes_behind_the_end_are_passed_over(syntax: UID, behind: bytes) -> None:
    stream, samples = whole(syntax)
    assert (read(syntax, stream + behind) == samples).all()


@STREAMS
@pytest.mark.parametrize("left", [b"", b"\0"])
def test_a_codestream_without_the_mark_of_its_end_is_read(syntax: UID, left: bytes) -> None:
    stream, samples = whole(syntax)
    assert stream.endswith(b"\xff\xd9")
    assert (read(syntax, stream[:-2] + left) == samples).all()


@STREAMS
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_samples_that_are_missing_are_missed_whatever_mark_is_put_behind(
    syntax: UID, end: bytes
) -> None:
    stream, _ = whole(syntax)
    for left in (len(stream) // 2, len(stream) * 9 // 10):
        with pytest.raises(Refusal) as refused:
            read(syntax, stream[:left] + end)
        assert refused.value.code == "truncated"


@pytest.mark.parametrize("syntax", [dicoms.BASELINE, dicoms.LOSSLESS_SV1, dicoms.JPEG_LS])
def test_fill_bytes_before_a_marker_are_passed_over(syntax: UID) -> None:
    stream, samples = whole(syntax)
    assert (read(syntax, stream[:2] + b"\xff\xff\xff" + stream[2:]) == samples).all()


@EVERY
def test_the_offset_table_the_delimiter_and_the_items_may_be_missing(syntax: UID) -> None:
    stream, samples = whole(syntax)
    even = stream + b"\0" * (len(stream) % 2)
    item = ITEM + struct.pack("<I", len(even)) + even
    empty = ITEM + bytes(4)
    for pixels in (
        item + DELIMITER,
        empty + item,
        item,
        even,
        empty + item + bytes(30),
        empty + ITEM + struct.pack("<I", len(even) + 1000) + even,
    ):
        assert (read(syntax, pixels, raw=True) == samples).all()


@EVERY
def test_a_frame_in_many_fragments_is_one(syntax: UID) -> None:
    stream, samples = whole(syntax)
    even = stream + b"\0" * (len(stream) % 2)
    parts = [even[at : at + 100] for at in range(0, len(even), 100)]
    items = b"".join(ITEM + struct.pack("<I", len(part)) + part for part in parts)
    for table in (ITEM + bytes(4), ITEM + struct.pack("<II", 4, 0)):
        assert (read(syntax, table + items + DELIMITER, raw=True) == samples).all()


def rle_frame(*segments: bytes) -> bytes:
    starts = np.cumsum([64, *(len(segment) for segment in segments[:-1])])
    head = np.zeros(16, "<u4")
    head[0], head[1 : 1 + len(segments)] = len(segments), starts
    return head.tobytes() + b"".join(segments)


def rle_segments() -> list[bytes]:
    return [
        bytes(imagecodecs.packbits_encode((FILM >> shift).astype(np.uint8).tobytes()))
        for shift in (8, 0)
    ]


@pytest.mark.parametrize(
    "behind", [b"\0", b"\0\0", b"\x80", b"\x01\x02", b"\xff\x07\x03", bytes(99)]
)
def test_rle_segments_that_are_longer_than_their_bytes_need_are_read(behind: bytes) -> None:
    high, low = rle_segments()
    assert (read(dicoms.RLE, rle_frame(high + behind, low + behind)) == FILM).all()


@pytest.mark.parametrize("cut", [2, 7, 300])
def test_rle_segments_without_every_sample_are_truncated(cut: int) -> None:
    high, low = rle_segments()
    with pytest.raises(Refusal) as refused:
        read(dicoms.RLE, rle_frame(high, low[:-cut]))
    assert refused.value.code == "truncated"


def test_rle_of_another_number_of_segments_contradicts_the_header() -> None:
    with pytest.raises(Refusal) as refused:
        read(dicoms.RLE, rle_frame(rle_segments()[1]))
    assert (refused.value.code, refused.value.came) == ("mismatch", "1 segments")


@pytest.mark.parametrize("syntax", [dicoms.EXPLICIT, dicoms.RLE])
@pytest.mark.parametrize("high", [0, 7, 10, 11, 15, 16, 200])
def test_a_high_bit_that_misfits_moves_no_sample(syntax: UID, high: int) -> None:
    data = dicom_of(FILM, 12, syntax=syntax, HighBit=high)
    assert (read_file(data, LIMIT).samples == FILM).all()


@pytest.mark.parametrize("syntax", [dicoms.EXPLICIT, dicoms.BIG_ENDIAN, dicoms.RLE])
def test_more_bits_than_are_said_to_be_stored_are_read_and_overlays_are_not(syntax: UID) -> None:
    """Cut to 10 bits, a film of 12 wrapped: bright places became dark."""
    smooth = (np.add.outer(np.arange(96), np.arange(80)) * 4095 // 174).astype(np.uint16)
    said = dicom_of(smooth, 12, syntax=syntax, BitsStored=10, HighBit=9)
    assert (read_file(said, LIMIT).samples == smooth).all()
    signed = (smooth.astype(np.int32) - 2048).astype(np.int16)
    said = dicom_of(signed, 12, syntax=syntax, BitsStored=10, HighBit=9)
    assert (read_file(said, LIMIT).samples == smooth).all()
    overlay = smooth | (np.indices(smooth.shape).sum(axis=0) % 7 == 0).astype(np.uint16) << 12
    assert (read_file(dicom_of(overlay, 12, syntax=syntax), LIMIT).samples == smooth).all()


@pytest.mark.parametrize("modality", ["DR", "RG", "dr"])
@pytest.mark.parametrize(("sop_class", "known"), [(dicoms.DX, "DX"), (dicoms.CR, "CR")])
def test_other_names_of_plain_radiography_are_what_their_sop_class_is(
    modality: str, sop_class: str, known: str
) -> None:
    made = read_file(dicom_of(FILM, 12, Modality=modality, SOPClassUID=sop_class), LIMIT)
    assert made.says.modality == known
