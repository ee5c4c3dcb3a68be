"""DICOM files drawn for tests and benches: any transfer syntax, polarity, depth, with any tags.

Nothing here comes from a hospital: pydicom writes the tags, pixels are drawn, and codestreams are
made by Pillow, pydicom (RLE) and imagecodecs.
"""

import io
import zlib
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import UID, generate_uid

IMPLICIT: Final = UID("1.2.840.10008.1.2")
EXPLICIT: Final = UID("1.2.840.10008.1.2.1")
DEFLATED: Final = UID("1.2.840.10008.1.2.1.99")
BIG_ENDIAN: Final = UID("1.2.840.10008.1.2.2")
RLE: Final = UID("1.2.840.10008.1.2.5")
BASELINE: Final = UID("1.2.840.10008.1.2.4.50")
EXTENDED: Final = UID("1.2.840.10008.1.2.4.51")
LOSSLESS: Final = UID("1.2.840.10008.1.2.4.57")
LOSSLESS_SV1: Final = UID("1.2.840.10008.1.2.4.70")
JPEG_LS: Final = UID("1.2.840.10008.1.2.4.80")
JPEG_LS_NEAR: Final = UID("1.2.840.10008.1.2.4.81")
JPEG_2000: Final = UID("1.2.840.10008.1.2.4.90")
JPEG_2000_LOSSY: Final = UID("1.2.840.10008.1.2.4.91")

CR: Final = "1.2.840.10008.5.1.4.1.1.1"
DX: Final = "1.2.840.10008.5.1.4.1.1.1.1"
SECONDARY: Final = "1.2.840.10008.5.1.4.1.1.7"

#: Syntaxes that give back exactly what was put in.
EXACT: Final = (
    IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN, RLE, LOSSLESS, LOSSLESS_SV1, JPEG_LS, JPEG_2000,
)  # fmt: skip
LOSSY: Final = (EXTENDED, JPEG_LS_NEAR, JPEG_2000_LOSSY)


def dataset_of(
    codes: NDArray[Any], stored: int, photometric: str = "MONOCHROME2", **tags: Any
) -> Dataset:
    """Return a DX dataset of these stored codes (h, w) or (h, w, 3), without its pixels.

    Tags are set by keyword; None takes one away.
    """
    made = Dataset()
    made.SOPClassUID = DX
    made.SOPInstanceUID = generate_uid(entropy_srcs=["test"])
    made.Modality = "DX"
    made.SamplesPerPixel = 1 if codes.ndim == 2 else 3
    if codes.ndim == 3:
        made.PlanarConfiguration = 0
    made.PhotometricInterpretation = photometric
    made.Rows, made.Columns = codes.shape[:2]
    made.BitsAllocated = codes.dtype.itemsize * 8
    made.BitsStored = stored
    made.HighBit = stored - 1
    made.PixelRepresentation = int(codes.dtype.kind == "i")
    for keyword, value in tags.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    return made


def dicom_of(
    codes: NDArray[Any],
    stored: int | None = None,
    *,
    syntax: UID = EXPLICIT,
    pixels: bytes | None = None,
    **tags: Any,
) -> bytes:
    """Return a whole DICOM file of these stored codes; `pixels` replaces what would be encoded."""
    made = dataset_of(codes, stored or codes.dtype.itemsize * 8, **tags)
    native = np.ascontiguousarray(codes.astype(codes.dtype.newbyteorder("<")))
    if syntax.is_encapsulated:
        stream = encoded(codes, int(made.BitsStored), syntax) if pixels is None else pixels
        made.PixelData = encapsulate([stream])
        made["PixelData"].VR = "OB"
        made["PixelData"].is_undefined_length = True
    else:
        if syntax == BIG_ENDIAN:
            native = codes.astype(codes.dtype.newbyteorder(">"))
        plain = native.tobytes() if pixels is None else pixels
        made.PixelData = plain + b"\0" * (len(plain) % 2)
        made["PixelData"].VR = "OW" if codes.dtype.itemsize == 2 else "OB"
    return file_of(made, syntax)


def file_of(made: Dataset, syntax: UID, *, preamble: bool = True, meta: bool = True) -> bytes:
    """Return a dataset as a file; without preamble, or without File Meta, as some archives do."""
    body = body_of(made, syntax)
    if not meta:
        return body
    head = FileMetaDataset()
    head.MediaStorageSOPClassUID = made.get("SOPClassUID", DX)
    head.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", "1.2.3")
    head.TransferSyntaxUID = syntax
    head.ImplementationClassUID = UID("1.2.3.4")
    out = DicomBytesIO()
    write_file_meta_info(out, head, enforce_standard=True)
    return (bytes(128) + b"DICM" if preamble else b"") + out.getvalue() + body


def body_of(made: Dataset, syntax: UID) -> bytes:
    """Return the dataset alone, in the transfer syntax."""
    out = DicomBytesIO()
    out.is_implicit_VR = syntax == IMPLICIT
    out.is_little_endian = syntax != BIG_ENDIAN
    write_dataset(out, made)
    body = out.getvalue()
    if syntax == DEFLATED:
        deflating = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = deflating.compress(body) + deflating.flush()
    return bytes(body)


def encoded(codes: NDArray[Any], stored: int, syntax: UID) -> bytes:
    """Return one frame as the syntax's codestream."""
    plain = codes.view(f"u{codes.dtype.itemsize}") & ((1 << stored) - 1)
    if syntax == RLE:
        return get_encoder(RLE).encode(
            np.ascontiguousarray(codes).tobytes(),
            rows=codes.shape[0], columns=codes.shape[1], number_of_frames=1,
            samples_per_pixel=1 if codes.ndim == 2 else 3, planar_configuration=0,
            bits_allocated=codes.dtype.itemsize * 8, bits_stored=stored,
            pixel_representation=0,
            photometric_interpretation="MONOCHROME2" if codes.ndim == 2 else "RGB",
        )  # fmt: skip
    if syntax == BASELINE:
        out = io.BytesIO()
        Image.fromarray(plain).save(out, "JPEG", quality=95)
        return out.getvalue()
    if syntax == EXTENDED:
        return bytes(imagecodecs.jpeg8_encode(plain, level=98, bitspersample=12))
    if syntax in {LOSSLESS, LOSSLESS_SV1}:
        return bytes(
            imagecodecs.jpeg8_encode(
                plain,
                lossless=True,
                bitspersample=max(stored, 2),
                predictor=1 if syntax == LOSSLESS_SV1 else 6,
            )
        )
    if syntax in {JPEG_LS, JPEG_LS_NEAR}:
        return bytes(imagecodecs.jpegls_encode(plain, level=0 if syntax == JPEG_LS else 2))
    exact = syntax == JPEG_2000
    return bytes(
        imagecodecs.jpeg2k_encode(
            plain,
            level=0 if exact else 70,
            codecformat="J2K",
            bitspersample=stored,
            reversible=exact,
            numthreads=1,
        )
    )
