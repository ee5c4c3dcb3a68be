"""The sets of weights that TorchXRayVision publishes, with their operating points.

Names, files, outputs and `op_threshs` are those of torchxrayvision/models.py in
https://github.com/mlmed/torchxrayvision, read there on 2026-11-29. The repository's LICENSE puts
xrv.models under the Apache License 2.0, as do the model pages of the same weights at
https://huggingface.co/torchxrayvision; what each collection of films asks of those who use a model
trained on it is its owner's to say.
"""

from dataclasses import dataclass
from typing import Final

#: Where the files are, and the hosts that GitHub sends on to from there.
RELEASES: Final = "https://github.com/mlmed/torchxrayvision/releases/download/v1/"
HOSTS: Final = (
    "github.com",
    "release-assets.githubusercontent.com",
    "objects.githubusercontent.com",
)
LICENCE: Final = (
    "Apache License 2.0 (https://github.com/mlmed/torchxrayvision, LICENSE: xrv.models)"
)

#: The outputs of every set, in order; a set that was not trained on one has no name for it.
OUTPUTS: Final = (
    "Atelectasis",
    "Consolidation",
    "Infiltration",
    "Pneumothorax",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Effusion",
    "Pneumonia",
    "Pleural_Thickening",
    "Cardiomegaly",
    "Nodule",
    "Mass",
    "Hernia",
    "Lung Lesion",
    "Fracture",
    "Lung Opacity",
    "Enlarged Cardiomediastinum",
)
_ENDING: Final = "-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt"


@dataclass(frozen=True)
class Published:
    """One set of weights.

    file: its name at the publisher. films: what it was trained on. thresholds: by output, the
    probability that the publisher's operating point lies at; an output without one is untrained.
    """

    name: str
    file: str
    films: str
    thresholds: dict[str, float]

    @property
    def address(self) -> str:
        """Where the publisher keeps it."""
        return RELEASES + self.file


def _set(name: str, prefix: str, films: str, thresholds: str) -> Published:
    """thresholds: one for each of OUTPUTS, or a hyphen."""
    known = zip(OUTPUTS, thresholds.split(), strict=True)
    return Published(
        f"densenet121-res224-{name}",
        prefix + _ENDING,
        films,
        {output: float(each) for output, each in known if each != "-"},
    )


SETS: Final = {
    each.name: each
    for each in (
        _set(
            "all",
            "nih-pc-chex-mimic_ch-google-openi-kaggle",
            "NIH ChestX-ray14, PadChest, CheXpert, MIMIC-CXR, Google's labels of NIH films, Open-I"
            " and RSNA's pneumonia films",
            "0.07422872 0.038290843 0.09814756 0.0098118475 0.023601074 0.0022490358 "
            "0.010060724 0.103246614 0.056810737 0.026791653 0.050318155 0.023985857 "
            "0.01939503 0.042889766 0.053369623 0.035975814 0.20204692 0.05015312",
        ),
        _set(
            "nih",
            "nih",
            "NIH ChestX-ray14",
            "0.039117552 0.0034529066 0.11396341 0.0057298196 0.00045666535 0.0018880932 "
            "0.012037827 0.038744126 0.0037213727 0.014730946 0.016149804 0.054241467 "
            "0.037198864 0.0004403434 - - - -",
        ),
        _set(
            "pc",
            "pc",
            "PadChest",
            "0.031012505 0.013347598 0.081435576 0.001262615 0.002587246 0.0035944257 "
            "0.0023071 0.055412333 0.044385884 0.042766232 0.043258056 0.037629247 "
            "0.005658899 0.0091741895 - 0.026507627 - -",
        ),
        _set(
            "chex",
            "chex",
            "CheXpert",
            "0.1988969 0.05710573 - 0.0531293 0.1435217 - - 0.27212676 0.07749717 - "
            "0.19712369 - - - 0.09932402 0.09273402 0.3270967 0.10888247",
        ),
        _set(
            "rsna",
            "kaggle",
            "RSNA's pneumonia films",
            "- - - - - - - - 0.13486601 - - - - - - - 0.13511065 -",
        ),
        _set(
            "mimic_nb",
            "mimic_nb",
            "MIMIC-CXR, labels by NegBio",
            "0.08558747 0.011884617 - 0.0040595434 0.010733786 - - 0.118761964 0.022924708 "
            "- 0.06358637 - - - 0.022143636 0.017476924 0.1258702 0.014020768",
        ),
        _set(
            "mimic_ch",
            "mimic_ch",
            "MIMIC-CXR, labels by CheXpert's labeler",
            "0.09121389 0.010573786 - 0.005023008 0.003698257 - - 0.08001232 0.037242252 - "
            "0.05006329 - - - 0.019866971 0.03823637 0.11303808 0.0069147074",
        ),
    )
}


def of_file(name: str) -> Published | None:
    """Return the set whose file has this name at its publisher or here, None for another."""
    return next((each for each in SETS.values() if name in {each.file, f"{each.name}.pt"}), None)
