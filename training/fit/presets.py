"""Named sets of flags: what a published training did, so that it can be done again."""

from typing import Any, Final

from training.errors import WrongInput

#: The original report's: 224 pixels, uncertain as present, all frozen but the backbone's last two
#: layers with kernels (norms stand still as ever), films as they are (no deformation), 90/10 by
#: patient after 200 test films.
ORIGINAL: Final[dict[str, Any]] = {
    "side": 224,
    "policy": "ones",
    "policies": {},
    "not_mentioned": "zeros",
    "balance": "none",
    "fit": "fine-tune",
    "last_layers": 2,
    "augment": False,
    "laterals": False,
    "test_films": 200,
}
PRESETS: Final[dict[str, dict[str, Any]]] = {"original": ORIGINAL}
#: The original's five networks, which `compare --preset original` fits.
ORIGINAL_BACKBONES: Final = ("Xception", "ResNet50V2", "InceptionV3", "MobileNetV2", "DenseNet121")


def with_preset(name: str, said: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a preset and those said beside it, `preset` among them.

    Raises WrongInput for another name, or a setting that gainsays the preset.
    """
    if name not in PRESETS:
        raise WrongInput(f"--preset: wanted one of {', '.join(PRESETS)}, came {name!r}")
    for key, value in PRESETS[name].items():
        if said.get(key, value) != value:
            flag = "--" + key.replace("_", "-")
            raise WrongInput(f"{flag}: --preset {name} sets {value!r}, came {said[key]!r}")
    return {**said, **PRESETS[name], "preset": name}
