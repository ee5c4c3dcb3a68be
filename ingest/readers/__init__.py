"""From a file's bytes to a film's grey samples, decided by content, never by name.

One reader per format; each checks what the header announces before it decodes. What comes out is
what a film's identity is taken over (schemas/identities.py): one channel, upright, 8 or 16 bits.
Of pictures (PNG, JPEG, TIFF, JPEG XL) nothing but samples comes out, and how they lie: no text,
colour profile or thumbnail.
DICOM's tags come out as `FileSays`, for the handler alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.readers import jpeg, jpeg_xl, kinds, png, tiff
from ingest.says import FileFormat, FileSays
from schemas.errors import Refusal
from schemas.film_files import DICOM_GROUPS, DICOM_MARK, JPEG_XL, JPEG_XL_STREAM, TIFF
from schemas.identities import Samples
from schemas.presentation import AS_STORED, Presentation

WANTED: Final = "a PNG, JPEG, TIFF, JPEG XL or DICOM film"

#: What other formats begin with, so that a refusal can name them: (offset, bytes, name).
_OTHERS: Final = (
    (0, b"GIF8", "a GIF file"),
    (0, b"BM", "a BMP file"),
    (8, b"WEBP", "a WebP file"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 file"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 file"),
    (4, b"ftypavif", "an AVIF file"),
    (4, b"ftypheic", "a HEIC file"),
    (0, b"%PDF-", "a PDF file"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"PK\x05\x06", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
)
#: What a DICOM file may begin with when it has no preamble.
_DICOM_STARTS: Final = (*DICOM_GROUPS, b"DICM")


@dataclass(frozen=True)
class Decoded:
    """A file decoded: its grey samples, what it says of itself, and how they are to be shown.

    `coloured` is the share, 0..1, of the picture whose colours no radiograph has; `curves` are the
    ways, best first, in which the file asks for it to be shown besides a window: the level 0..255
    of each sample, uint8 (256,) or (65,536,).
    """

    samples: Samples
    says: FileSays
    coloured: float = 0.0
    presentation: Presentation = AS_STORED
    curves: tuple[NDArray[np.uint8], ...] = ()


def read_film(data: bytes, pixel_limit: int) -> Samples:
    """Return the samples of `read_file` alone."""
    return read_file(data, pixel_limit).samples


def read_file(data: bytes, pixel_limit: int) -> Decoded:
    """Return a film's samples: uint8 or uint16 (height, width), upright, bright = dense.

    With them comes what the file says of itself. Raises Refusal: `empty`, `truncated` (also
    damaged), `not-an-image`, `unsupported`, `too-large`, `too-small`, `aspect`;
    of DICOM also `not-dicom`, `modality`, `multi-frame`, `no-pixels`, `transfer-syntax`.
    """
    if not data:
        raise Refusal("empty", wanted=WANTED, came="a file of 0 bytes")
    if data.startswith((png.SIGNATURE, jpeg.SIGNATURE)):
        return _picture(data, pixel_limit)
    if png.SIGNATURE.startswith(data) or jpeg.SIGNATURE.startswith(data):
        raise Refusal("truncated", wanted=WANTED, came=f"a file of {len(data)} bytes")
    if data[DICOM_MARK] == b"DICM" or data.startswith(_DICOM_STARTS):
        # Its libraries take a third of a second to load: PNG and JPEG films do not pay for them.
        from ingest.readers import dicom

        found = dicom.read(data, pixel_limit)
        if found is not None:
            film, says = found
            return Decoded(film.samples, says, 0.0, film.presentation, film.curves)
    if data.startswith((*TIFF, JPEG_XL, JPEG_XL_STREAM)):
        # Behind the check for DICOM: a file may be both, and DICOM says more of it.
        return _picture(data, pixel_limit)
    _refuse_by_name(data)
    raise Refusal("not-an-image", wanted=WANTED, came="a file of no known picture format")


def _picture(data: bytes, pixel_limit: int) -> Decoded:
    """Return the film of a file that says nothing but its samples. Raises Refusal."""
    kind: FileFormat
    if data.startswith(png.SIGNATURE):
        kind, found = "png", png.read(data, pixel_limit)
    elif data.startswith(jpeg.SIGNATURE):
        kind, found = "jpeg", jpeg.read(data, pixel_limit)
    elif data.startswith(TIFF):
        kind, found = "tiff", tiff.read(data, pixel_limit)
    else:
        kind, found = "jpeg-xl", jpeg_xl.read(data, pixel_limit)
    presentation = Presentation(pixel_aspect=found.aspect)
    return Decoded(found.samples, FileSays(kind), found.coloured, presentation)


def _refuse_by_name(data: bytes) -> None:
    """Raise Refusal with what a file is, where it is something known."""
    for offset, magic, name in _OTHERS:
        if data[offset : offset + len(magic)] == magic:
            came = kinds.gif_kind(data) if magic == b"GIF8" else name
            raise Refusal("unsupported", wanted=WANTED, came=came)
    document = kinds.document_kind(data)
    if document is not None:
        code, came = document
        raise Refusal(code, wanted=WANTED, came=came)
