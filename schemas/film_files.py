"""Which files of a folder are worth sending: told by name and first bytes, before any decoding.

A patient's CD holds a DICOMDIR, a viewer's programs and its pages besides films. What claims to be
a film by its name is sent whatever it holds: its refusal then says what is wrong with it.
Source of DICOM's marks: PS3.10 7.1 (preamble), 8.6 (DICOMDIR), PS3.6 A (its SOP class).
"""

from typing import Final

#: Bytes from a file's beginning that `may_be_film` wants to see; fewer of a shorter file.
HEAD: Final = 512
#: What a bulk drop's manifest is called, in whatever folder it lies.
MANIFEST_NAME: Final = "labels.csv"
#: What names of films end in; files of other names may be films, too.
ENDINGS: Final = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".jxl", ".dcm", ".dicom")
PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
#: In both byte orders, and BigTIFF.
TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
#: In its container, and alone.
JPEG_XL: Final = b"\0\0\0\x0cJXL \r\n\x87\n"
JPEG_XL_STREAM: Final = b"\xff\x0a"
_PICTURES: Final = (PNG, JPEG, *TIFF, JPEG_XL, JPEG_XL_STREAM)
#: Group 0002 or 0008, little-endian: a data set without its preamble, as some archives keep it.
DICOM_GROUPS: Final = (b"\x02\x00", b"\x08\x00")
#: Where DICOM's mark stands, behind the preamble.
DICOM_MARK: Final = slice(128, 132)
_DIRECTORY: Final = b"1.2.840.10008.1.3.10"


def may_be_film(name: str, head: bytes) -> bool:
    """Return whether a file of a folder is sent: `name` without folders, its first bytes."""
    bare = head.startswith(DICOM_GROUPS) and b"1.2.840.10008" in head
    is_dicom = bare or head[DICOM_MARK] == b"DICM"
    if name.upper() == "DICOMDIR" or (is_dicom and _DIRECTORY in head):
        return False
    return name.lower().endswith(ENDINGS) or head.startswith(_PICTURES) or is_dicom


def is_manifest(key: str) -> bool:
    """Return whether a key, or a path, is a manifest's, by its last segment in any case."""
    return key.rpartition("/")[2].lower() == MANIFEST_NAME
