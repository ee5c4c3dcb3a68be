"""From what a file says of a film's directions to how it is turned to be looked at.

The usual orientation of a frontal film: its rows run to the patient's left, its columns to the
feet. Of a lateral film the head is above; to which side the patient looks is a house's custom, so
it is turned and never mirrored. Of a direction between two (as LF), the first letter is the
stronger.
Source: DICOM PS3.3 C.7.6.1.1.1 (Patient Orientation); numbers as EXIF's tag 0x0112.
"""

import re
from collections.abc import Sequence
from typing import Final

#: A direction, as its letters stand in a file.
DIRECTION: Final = re.compile(r"[APRLHF]{1,3}")
#: Where rows and columns run, and the orientation that brings them to the usual one.
_TURNS: Final = {
    ("L", "F"): 1,
    ("R", "F"): 2,
    ("R", "H"): 3,
    ("L", "H"): 4,
    ("F", "L"): 5,
    ("F", "R"): 6,
    ("H", "R"): 7,
    ("H", "L"): 8,
    ("A", "F"): 1,
    ("P", "F"): 1,
    ("A", "H"): 3,
    ("P", "H"): 3,
    ("F", "A"): 6,
    ("F", "P"): 6,
    ("H", "A"): 8,
    ("H", "P"): 8,
}


def is_side_view(said: Sequence[str]) -> bool:
    """Return whether these directions are a lateral film's: one of them is along A and P.

    said: as `turn_of` has it; what says no way that a film may lie says no view either.
    """
    return turn_of(said) is not None and any(word.strip()[0] in "APap" for word in said)


def turn_of(said: Sequence[str]) -> int | None:
    """Return 1..8, how a film whose rows and columns run so is turned; None where it is not said.

    said: the directions of rows and columns, as ("L", "F"). Two along one axis of the body, or
    none along its length, say nothing.
    """
    words = [word.strip().upper() for word in said]
    if len(words) != 2 or not all(DIRECTION.fullmatch(word) for word in words):
        return None
    return _TURNS.get((words[0][0], words[1][0]))
