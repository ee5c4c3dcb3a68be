"""Body parts, as DICOM's BodyPartExamined says them, that are plainly not a chest.

Codes are the defined terms of PS3.16, annex L, that radiography uses; values outside it are
written as they come by many stations, so spaces, case and marks are passed over.
"""

from typing import Final

#: Code: what it is in English, as a refusal says it ("a film of the hand").
ELSEWHERE: Final[dict[str, str]] = {
    "ABDOMEN": "abdomen",
    "ABDOMENPELVIS": "abdomen",
    "ANKLE": "ankle",
    "ARM": "arm",
    "CALCANEUS": "heel",
    "CSPINE": "cervical spine",
    "ELBOW": "elbow",
    "EXTREMITY": "limbs",
    "FEMUR": "thigh",
    "FINGER": "fingers",
    "FOOT": "foot",
    "FOREARM": "forearm",
    "HAND": "hand",
    "HEAD": "head",
    "HIP": "hip",
    "HUMERUS": "arm",
    "JAW": "jaw",
    "KNEE": "knee",
    "LEG": "leg",
    "LSPINE": "lumbar spine",
    "MANDIBLE": "jaw",
    "MAXILLA": "jaw",
    "PATELLA": "knee",
    "PELVIS": "pelvis",
    "SINUS": "sinuses",
    "SKULL": "head",
    "SSPINE": "sacrum",
    "TEETH": "teeth",
    "THUMB": "fingers",
    "TOE": "toes",
    "TOOTH": "teeth",
    "WRIST": "wrist",
    "ZYGOMA": "head",
}


def plainly_elsewhere(said: str | None) -> str | None:
    """Return which part other than the chest this value names, None where it leaves a doubt."""
    code = "".join(letter for letter in (said or "").upper() if letter.isalnum())
    return ELSEWHERE.get(code)
