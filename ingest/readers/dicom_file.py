"""A DICOM file's container: preamble, File Meta, transfer syntax, tags; and where its pixels lie.

pydicom reads the tags asked for and no others; pixels are left where they are in the file's bytes.
Its log messages can hold a patient's values: its logger is silent in whatever process reads films.
Source: DICOM PS3.10 section 7 (files), PS3.5 annex A (transfer syntaxes), PS3.5 A.5 (deflate).
"""

import io
import logging
import math
import zlib
from dataclasses import dataclass
from typing import Any, Final

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag, Tag

from schemas.errors import Refusal

PREAMBLE: Final = 128
MAGIC: Final = b"DICM"
WANTED: Final = "a whole DICOM file"

IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
NATIVE: Final = frozenset({IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN})
RLE: Final = "1.2.840.10008.1.2.5"
#: JPEG baseline, extended, lossless (two); JPEG-LS lossless, near; JPEG 2000 lossless, lossy.
JPEG_FAMILY: Final = frozenset(
    f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70, 80, 81, 90, 91)
)

UNDEFINED: Final = 0xFFFFFFFF
_PIXELS: Final = 0x7FE00010
_FILE_META: Final = 0x0002
#: What a text may have at most: DICOM's longest short text is 64 characters, and lists are short.
_TEXT_LIMIT: Final = 256
_LIST_LIMIT: Final = 16

#: The tags that are read, by keyword. What is not here never becomes a value in this process.
_KEYWORDS: Final = (
    "SOPClassUID", "ImageType", "StudyDate", "Modality", "Manufacturer", "ManufacturerModelName",
    "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge",
    "BodyPartExamined", "ViewPosition", "ImagerPixelSpacing", "PixelSpacing", "StudyInstanceUID",
    "PatientOrientation", "BurnedInAnnotation", "PresentationLUTShape",
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames",
    "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "PixelPaddingValue", "PixelPaddingRangeLimit", "PixelAspectRatio",
    "NominalScannedPixelSpacing", "WindowCenter", "WindowWidth", "VOILUTFunction",
    "RescaleIntercept", "RescaleSlope",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
    "ModalityLUTSequence", "VOILUTSequence",
)  # fmt: skip
_TAGS: Final[list[BaseTag | int]] = [Tag(keyword) for keyword in _KEYWORDS]

config.settings.reading_validation_mode = config.IGNORE
logging.getLogger("pydicom").disabled = True


@dataclass(frozen=True)
class Opened:
    """A file opened: its tags, and the bytes of its pixels as they are stored.

    `pixels` is None where there are none, and runs to the file's end where their length is
    undefined; `cut` says that the file ends before its pixels begin.
    """

    tags: Dataset
    sop_class: str
    syntax: str
    pixels: memoryview | None
    pixels_vr: str
    cut: bool

    @property
    def little_endian(self) -> bool:
        """Return whether numbers are stored with their low byte first."""
        return self.syntax != BIG_ENDIAN


def open_file(data: bytes, inflated_limit: int) -> Opened | None:
    """Return the file opened; None when it has neither DICM nor a SOP class, so is no DICOM.

    Raises Refusal: `not-dicom`, `transfer-syntax`, `truncated`, and `too-large` when a deflated
    file grows over that many bytes.
    """
    marked = data[PREAMBLE : PREAMBLE + len(MAGIC)] == MAGIC
    opened = None
    try:
        opened = _opened(data, PREAMBLE + len(MAGIC) if marked else 0, inflated_limit)
    except (MemoryError, Refusal):
        raise
    except Exception:  # noqa: BLE001, S110 - pydicom raises many kinds: it is no DICOM, said below
        pass
    if opened is None and (marked or data.startswith(MAGIC)):
        raise Refusal("not-dicom", wanted="a DICOM file", came="one marked DICM with none inside")
    return opened


def _opened(data: bytes, start: int, inflated_limit: int) -> Opened | None:
    stream = io.BytesIO(data)
    stream.seek(start)
    meta = read_dataset(
        stream,
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, _vr, _length: tag.group != _FILE_META,
    )
    syntax = text(meta, "TransferSyntaxUID") or IMPLICIT
    announced = text(meta, "MediaStorageSOPClassUID")
    if syntax not in NATIVE | JPEG_FAMILY | {RLE}:
        raise Refusal(
            "transfer-syntax",
            wanted="uncompressed, deflated, RLE, JPEG, JPEG-LS or JPEG 2000 pixels",
            came="another transfer syntax",
        )
    if syntax == DEFLATED:
        data = _inflated(data[stream.tell() :], inflated_limit)
        stream = io.BytesIO(data)
    watch = _Watch(stream, len(data))
    tags = read_dataset(
        stream,
        is_implicit_VR=syntax == IMPLICIT,
        is_little_endian=syntax != BIG_ENDIAN,
        stop_when=watch,
        specific_tags=_TAGS,
    )
    sop_class = text(tags, "SOPClassUID") or announced
    if not sop_class or not sop_class.startswith("1.2.840.10008."):
        return None
    pixels = None
    if watch.pixels is not None:
        at, length = watch.pixels
        stop = len(data) if length == UNDEFINED else at + length
        pixels = memoryview(data)[at:stop]
        if length == UNDEFINED and syntax in NATIVE:
            # Compressed, and nothing says how.
            raise Refusal(
                "transfer-syntax",
                wanted="File Meta that names how the pixels are compressed",
                came="a file without it",
            )
    return Opened(tags, sop_class, syntax, pixels, watch.pixels_vr, watch.cut)


class _Watch:
    """What pydicom asks at each element of the top level: stops it at the pixels, or at a cut."""

    def __init__(self, stream: io.BytesIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self._end = stream.tell()
        # Until an element comes, the file may have ended within its File Meta.
        self._open = True
        self.pixels: tuple[int, int] | None = None
        self.pixels_vr = ""

    def __call__(self, tag: int, vr: str | None, length: int) -> bool:
        at = self._stream.tell()
        if tag == _PIXELS:
            self.pixels = at, length
            self.pixels_vr = vr or ""
            return True
        self._open = length == UNDEFINED
        self._end = at if self._open else at + length
        return self._end > self._size

    @property
    def cut(self) -> bool:
        """Return whether the file ends within an element, and so before its pixels."""
        left = self._size - self._end
        return self.pixels is None and (self._open or left < 0 or 0 < left < 8)


def _inflated(data: bytes, limit: int) -> bytes:
    """Return the inflated dataset: a few kilobytes can hold gigabytes of nothing."""
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = inflating.decompress(data, limit)
    except zlib.error:
        raise Refusal("truncated", wanted=WANTED, came="damaged deflated data") from None
    if inflating.unconsumed_tail:
        raise Refusal("too-large", wanted=f"at most {limit} bytes", came="more, once inflated")
    if not inflating.eof:
        raise Refusal("truncated", wanted=WANTED, came="deflated data cut short")
    return plain


def text(tags: Dataset, keyword: str) -> str | None:
    """Return a tag's first value as text, stripped; None when absent, empty or malformed."""
    values = texts(tags, keyword)
    return values[0] or None if values else None


def texts(tags: Dataset, keyword: str) -> tuple[str, ...]:
    """Return a tag's values as texts, stripped; () when absent or malformed."""
    return tuple(str(value).strip(" \0\t\r\n")[:_TEXT_LIMIT] for value in values(tags, keyword))


def numbers(tags: Dataset, keyword: str) -> tuple[float, ...]:
    """Return a tag's values as finite numbers; () when absent or when one is malformed."""
    try:
        found = tuple(float(value) for value in values(tags, keyword))
    except (ValueError, TypeError, OverflowError):
        return ()
    return found if all(map(math.isfinite, found)) else ()


def whole(tags: Dataset, keyword: str) -> int | None:
    """Return a tag's first value as a whole number; None when absent or malformed."""
    found = numbers(tags, keyword)[:1]
    return int(found[0]) if found and found[0] == int(found[0]) else None


def values(tags: Dataset, keyword: str) -> list[Any]:
    """Return a tag's values, however many; [] when absent or malformed."""
    value = raw_value(tags, keyword)
    if value is None or isinstance(value, bytes):
        return []
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return [value]
    try:
        return list(value)[:_LIST_LIMIT]
    except TypeError:
        # A person's name has __iter__ and is one value all the same.
        return [value]


def raw_value(tags: Dataset, keyword: str) -> Any:
    """Return a tag's value as pydicom gives it; None when absent or malformed."""
    try:
        return tags.get(keyword)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - pydicom converts late and raises many kinds
        return None
