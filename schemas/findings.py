"""CheXpert's fourteen findings, in CheXpert's order: their one home.

Source: Irvin et al. 2019 (arXiv 1901.07031), table 1. API, files and rows keep these English
names and this order in every language; screens translate (FRENCH) and group them (READING_ORDER).
"""

from enum import IntEnum
from typing import Final, Literal, get_args

FINDINGS: Final = (
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)

#: Their names on French screens and in reports, beside the English ones.
FRENCH: Final[dict[str, str]] = {
    "No Finding": "Pas d'anomalie décelée",
    "Enlarged Cardiomediastinum": "Silhouette cardio-médiastinale élargie",
    "Cardiomegaly": "Cardiomégalie",
    "Lung Opacity": "Opacité pulmonaire",
    "Lung Lesion": "Nodule ou masse pulmonaire",
    "Edema": "Œdème pulmonaire",
    "Consolidation": "Condensation alvéolaire",
    "Pneumonia": "Pneumopathie infectieuse",
    "Atelectasis": "Atélectasie",
    "Pneumothorax": "Pneumothorax",
    "Pleural Effusion": "Épanchement pleural",
    "Pleural Other": "Autre anomalie pleurale",
    "Fracture": "Fracture",
    "Support Devices": "Matériel en place",
}

INDEX: Final = {name: index for index, name in enumerate(FINDINGS)}

#: Screen groups and their findings, in the order a reader looks; never sorted by score.
READING_ORDER: Final = (
    (
        "lungs",
        ("Lung Opacity", "Consolidation", "Pneumonia", "Atelectasis", "Edema", "Lung Lesion"),
    ),
    ("pleura", ("Pneumothorax", "Pleural Effusion", "Pleural Other")),
    ("heart", ("Cardiomegaly", "Enlarged Cardiomediastinum")),
    ("bones", ("Fracture",)),
    ("devices", ("Support Devices",)),
    ("conclusion", ("No Finding",)),
)


class Label(IntEnum):
    """What a reader or a report says of one finding; not mentioned is the absence of a row."""

    PRESENT = 1
    ABSENT = 0
    UNCERTAIN = -1


def finding_index(name: str) -> int:
    """Return the finding's place, 0..13. Raises ValueError that lists the fourteen names."""
    try:
        return INDEX[name]
    except KeyError:
        raise ValueError(f"wanted one of {', '.join(FINDINGS)}; came {name!r}") from None


#: What a model's score makes of a finding.
FindingState = Literal["not_assessed", "not_suspected", "borderline", "suspected", "unreliable"]
#: In the order of the numbers in rows (card.states).
STATES: Final[tuple[FindingState, ...]] = get_args(FindingState)


def finding_state(
    probability: float | None,
    suspected: float | None,
    borderline: float | None,
    *,
    unreliable: bool = False,
) -> FindingState:
    """Return what a score makes of a finding.

    probability: calibrated, 0..1, None where the model does not assess the finding.
    suspected, borderline: the thresholds where each begins (schemas/models.py, OperatingPoints);
    one of `borderline` above `suspected` leaves no borderline band.
    unreliable: the model's card says that its scores of this finding cannot be relied on.
    """
    if probability is None or suspected is None or borderline is None:
        return "not_assessed"
    if unreliable:
        return "unreliable"
    if probability >= suspected:
        return "suspected"
    if probability >= borderline:
        return "borderline"
    return "not_suspected"
