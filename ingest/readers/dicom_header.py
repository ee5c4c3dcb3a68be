"""What a DICOM header announces of its pixels, checked before any of them is decoded.

Sources: DICOM PS3.3 C.7.6.3 (image pixel), PS3.5 section 8 (encoding), PS3.4 B.5 (SOP classes).
"""

from dataclasses import dataclass
from typing import Final

from ingest.checks import check_size
from ingest.readers.dicom_file import Opened, text, whole
from schemas.errors import Refusal

_IMAGES: Final = "1.2.840.10008.5.1.4.1.1."
#: The SOP classes that are read, and the modality each stands for when none is named.
CLASSES: Final = {
    f"{_IMAGES}1": "CR",
    f"{_IMAGES}1.1": "DX",
    f"{_IMAGES}1.1.1": "DX",
    f"{_IMAGES}7": "SC",
    # The multi-frame secondary captures: one frame of them is a film like another.
    f"{_IMAGES}7.1": "SC",
    f"{_IMAGES}7.2": "SC",
    f"{_IMAGES}7.3": "SC",
    f"{_IMAGES}7.4": "SC",
}
DIRECTORY: Final = "1.2.840.10008.1.3.10"
#: SC and OT are read: what becomes of them is decided later (quarantine).
MODALITIES: Final = frozenset({"CR", "DX", "SC", "OT"})
#: Defined terms of other modalities (PS3.3 C.7.3.1.1.1); any other text is not repeated.
_OTHERS: Final = frozenset(
    {"BI", "CT", "DOC", "ES", "IO", "IVUS", "KO", "MG", "MR", "NM", "OCT", "OP", "PR", "PT", "PX",
     "RF", "RTDOSE", "RTIMAGE", "RTPLAN", "RTSTRUCT", "SEG", "SM", "SR", "TG", "US", "XA",
     "XC"}
)  # fmt: skip
#: Names of plain radiography that are none of the standard's, or of its film-and-screen days: the
#: SOP class then says what it is.
_SYNONYMS: Final = frozenset({"DR", "RG"})
GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2"})
PALETTE: Final = "PALETTE COLOR"
LUMA_FIRST: Final = frozenset({"YBR_FULL", "YBR_FULL_422"})
_COLOUR: Final = LUMA_FIRST | {"RGB", "YBR_ICT", "YBR_RCT"}


@dataclass(frozen=True)
class Header:
    """Rows, columns and how one sample is stored; `high` is the place of its highest bit."""

    modality: str
    rows: int
    columns: int
    allocated: int
    stored: int
    high: int
    signed: bool
    channels: int
    photometric: str
    planar: bool


def check(opened: Opened, pixel_limit: int) -> Header:
    """Return the header of a film that can be decoded.

    Raises Refusal: `modality`, `multi-frame`, `no-pixels`, `truncated`, `too-large`,
    `too-small`, `unsupported`.
    """
    tags = opened.tags
    if opened.sop_class == DIRECTORY:
        raise Refusal("no-pixels", wanted="a film", came="a directory of films (DICOMDIR)")
    modality = _modality(opened)
    frames = whole(tags, "NumberOfFrames") or 1
    if frames > 1:
        raise Refusal("multi-frame", wanted="one picture", came=f"{frames} frames")
    rows, columns = whole(tags, "Rows") or 0, whole(tags, "Columns") or 0
    if opened.pixels is None:
        if opened.cut:
            raise Refusal(
                "truncated", wanted="a whole DICOM file", came="one that ends within its headers"
            )
        raise Refusal("no-pixels", wanted="a film with its pixels", came="tags alone")
    if rows < 1 or columns < 1:
        raise Refusal("no-pixels", wanted="a film with its pixels", came="no rows and columns")
    check_size(columns, rows, pixel_limit)
    return _stored(opened, modality, rows, columns)


def _modality(opened: Opened) -> str:
    """Return the file's modality, or its SOP class's own when it names none."""
    named = (text(opened.tags, "Modality") or "").upper()
    expected = CLASSES.get(opened.sop_class)
    modality = expected if named in _SYNONYMS else named or expected
    if expected is None or modality not in MODALITIES:
        came = f"one of modality {named}" if named in _OTHERS else "one of another modality"
        raise Refusal("modality", wanted="a radiograph (CR or DX)", came=came)
    return modality


def _stored(opened: Opened, modality: str, rows: int, columns: int) -> Header:
    """Return how samples are stored. Raises Refusal for what is not read."""
    tags = opened.tags
    allocated = whole(tags, "BitsAllocated") or 0
    stored = whole(tags, "BitsStored") or allocated
    high = whole(tags, "HighBit")
    if high is None:
        high = stored - 1
    if not stored <= high + 1 <= allocated:
        # It is always one less than the bits stored today: what cannot be is passed over.
        high = stored - 1
    if allocated not in {8, 16} or not 1 <= stored <= allocated:
        raise Refusal(
            "unsupported",
            wanted="samples in 8 or 16 bits",
            came=f"{stored} bits stored in {allocated}",
        )
    photometric = (text(tags, "PhotometricInterpretation") or "").upper()
    channels = whole(tags, "SamplesPerPixel") or 1
    wanted_channels = 3 if photometric in _COLOUR else 1
    known = photometric in GREY or photometric == PALETTE or photometric in _COLOUR
    signed = whole(tags, "PixelRepresentation") == 1
    if not known or channels != wanted_channels or (signed and photometric not in GREY):
        raise Refusal(
            "unsupported",
            wanted="grey, RGB, YBR or palette pixels",
            came=f"{channels} channels of another kind",
        )
    return Header(
        modality=modality,
        rows=rows,
        columns=columns,
        allocated=allocated,
        stored=stored,
        high=high,
        signed=signed,
        channels=channels,
        photometric=photometric,
        planar=whole(tags, "PlanarConfiguration") == 1,
    )
