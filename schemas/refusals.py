"""The fixed words that say why a drop did not become a film, or waits for a steward.

They are part of the API: receipts and `radiograph.rejected` / `.quarantined` carry them, screens
have a sentence for each in both languages (web/reasons.py). A new one is added here first.
"""

from typing import Final

#: The file: what it is, and whether it can be read.
_FILE: Final = (
    "empty",
    "truncated",
    "not-an-image",
    "unsupported",
    "too-large",
    "decoder-limit",
    "object-gone",
    "unreadable-object",
    "manifest",
)
#: DICOM files.
_DICOM: Final = (
    "not-dicom",
    "modality",
    "multi-frame",
    "no-pixels",
    "transfer-syntax",
    "mismatch",
)
#: The picture: whether it is a chest film.
_PICTURE: Final = (
    "too-small",
    "aspect",
    "blank",
    "not-a-film",
    "not-a-chest",
    "orientation",
    "view-disagrees",
)
#: What may show a name, and waits in quarantine.
_NAMES: Final = ("burned-in", "burned-in-text", "secondary-capture", "screen-save")
#: What people decided.
_DECIDED: Final = ("refused", "expired", "erased")

REFUSAL_CODES: Final = frozenset({*_FILE, *_DICOM, *_PICTURE, *_NAMES, *_DECIDED})
