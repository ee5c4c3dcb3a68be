"""Which of the network's outputs make which of the fourteen findings."""

from collections.abc import Mapping
from typing import Final

from schemas.findings import FINDINGS
from training.torchxrayvision.published import OUTPUTS

#: The outputs that say the same as a finding; the first group of which a set was trained on any
#: is taken. NIH and PadChest tell nodules from masses, CheXpert calls both lesions of the lung;
#: pleural thickening is the chief of what CheXpert calls "pleural other" (Irvin et al. 2019).
#: Infiltration, emphysema, fibrosis and hernia are none of the fourteen; No Finding and Support
#: Devices are none of the outputs.
_GROUPS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "Enlarged Cardiomediastinum": (("Enlarged Cardiomediastinum",),),
    "Cardiomegaly": (("Cardiomegaly",),),
    "Lung Opacity": (("Lung Opacity",),),
    "Lung Lesion": (("Lung Lesion",), ("Nodule", "Mass")),
    "Edema": (("Edema",),),
    "Consolidation": (("Consolidation",),),
    "Pneumonia": (("Pneumonia",),),
    "Atelectasis": (("Atelectasis",),),
    "Pneumothorax": (("Pneumothorax",),),
    "Pleural Effusion": (("Effusion",),),
    "Pleural Other": (("Pleural_Thickening",),),
    "Fracture": (("Fracture",),),
}


def outputs_of(thresholds: Mapping[str, float]) -> dict[str, tuple[int, ...]]:
    """Return the places of the outputs, one or two, of each finding that a set assesses.

    thresholds: of the outputs that the set was trained on. In CheXpert's order. A finding of
    which none was trained is left out: it is not assessed.
    """
    found = {}
    for finding in FINDINGS:
        for group in _GROUPS.get(finding, ()):
            trained = tuple(OUTPUTS.index(name) for name in group if name in thresholds)
            if trained:
                found[finding] = trained
                break
    return found
