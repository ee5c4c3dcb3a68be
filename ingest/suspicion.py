"""Films that their own file makes doubtful: text burned into them, or a picture of a screen.

A name burned into the pixels passes every other de-identification. Such a drop waits in quarantine
for a steward, who sees it. A file that says nothing of burned-in text passes
where it comes from a detector (CR, DX): most never say it.
Sources: DICOM PS3.3 C.7.6.1.1.5 (Burned In Annotation), C.7.6.1.1.2 (Image Type), C.8.6.1 (SC).
"""

from typing import Final

from ingest.says import FileSays
from schemas.errors import Doubt

_SCREEN_SAVE: Final = frozenset({"SCREEN SAVE", "SCREEN_SAVE", "SCREENSAVE"})
_CAPTURES: Final = frozenset({"SC", "OT"})


def check_says(says: FileSays) -> None:
    """Raise Doubt `burned-in`, `screen-save` or `secondary-capture` for a doubtful file."""
    if (says.burned_in or "").upper() == "YES":
        raise Doubt(
            "burned-in",
            wanted="a film without text in its pixels",
            came="one that says it has some (BurnedInAnnotation)",
        )
    if _SCREEN_SAVE & {word.upper() for word in says.image_type}:
        raise Doubt("screen-save", wanted="a film from its detector", came="a picture of a screen")
    if says.modality in _CAPTURES:
        raise Doubt(
            "secondary-capture",
            wanted="a radiograph (CR or DX)",
            came=f"a secondary capture of modality {says.modality}",
        )
