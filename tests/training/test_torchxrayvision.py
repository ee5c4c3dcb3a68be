"""TorchXRayVision's DenseNet121 in Keras, beside the architecture written out in numpy."""

import json
import math
from typing import Any

import pytest

from schemas.findings import FINDINGS
from schemas.models import ModelManifest
from tests.training.environment import run_training
from workers.model_file import check_model_file

pytestmark = [pytest.mark.training, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what torchxrayvision_layers.py says of weights that it drew."""
    folder = tmp_path_factory.mktemp("torchxrayvision")
    out = folder / "shown.json"
    assert run_training("tests.training.torchxrayvision_layers", out, folder).returncode == 0
    said: dict[str, Any] = json.loads(out.read_text())
    return said | {"work": folder}


def test_every_layer_says_what_the_architecture_by_hand_says(shown: dict[str, Any]) -> None:
    gaps = shown["gaps"]
    assert set(gaps) == set(shown["by_hand"]) - {"classifier"}
    # 120 convolutions, 121 normalisations, four pools, the pooled features.
    assert len(gaps) == 246
    assert max(gaps.values()) < 1e-4


def test_the_weights_of_the_test_leave_no_layer_silent(shown: dict[str, Any]) -> None:
    assert min(shown["sizes"].values()) > 0.1


def test_tensors_that_do_not_fit_are_named(shown: dict[str, Any]) -> None:
    short, wrong, sick, more = shown["refused"]
    assert "wanted the tensor features.denseblock3.denselayer24.conv2.weight, came none" in short
    assert "features.norm0: wanted" in wrong
    assert "features.norm5: wanted finite numbers" in sick
    assert "none for ['features.denseblock5.weight']" in more


def test_weights_that_it_cannot_have_are_refused_with_what_to_do(shown: dict[str, Any]) -> None:
    assert "models fetch" in shown["imagenet"]


#: Of NIH's set: the outputs by place, and the publisher's operating points, as it prints them.
_NIH = {
    "Cardiomegaly": ((10, 0.016149804),),
    "Lung Lesion": ((11, 0.054241467), (12, 0.037198864)),
    "Edema": ((4, 0.00045666535),),
    "Consolidation": ((1, 0.0034529066),),
    "Pneumonia": ((8, 0.0037213727),),
    "Atelectasis": ((0, 0.039117552),),
    "Pneumothorax": ((3, 0.0057298196),),
    "Pleural Effusion": ((7, 0.038744126),),
    "Pleural Other": ((9, 0.014730946),),
}


def op_norm(chance: float, at: float) -> float:
    return chance / (2 * at) if chance < at else 1 - (1 - chance) / (2 * (1 - at))


def test_what_is_served_is_what_the_publisher_says(shown: dict[str, Any]) -> None:
    """The zip's layers were compared above; this file is of the legacy format."""
    assert shown["nih"]["status"] == 0
    for logits, came in zip(shown["logits"], shown["nih_outputs"]["probabilities"], strict=True):
        said = dict(zip(FINDINGS, came, strict=True))
        assert {name for name, score in said.items() if score is not None} == set(_NIH)
        for name, outputs in _NIH.items():
            wanted = max(op_norm(1 / (1 + math.exp(-logits[n])), at) for n, at in outputs)
            assert said[name] == pytest.approx(wanted, abs=1e-4), name


def test_the_operating_point_of_an_import_is_the_publishers(shown: dict[str, Any]) -> None:
    manifest = ModelManifest.model_validate_json((shown["work"] / "nih/model.json").read_bytes())
    assert manifest.name == "densenet121-res224-nih"
    assert set(manifest.assessed) == set(manifest.operating_points) == set(_NIH)
    for points in manifest.operating_points.values():
        assert (points.suspected.threshold, points.sensitive.threshold) == (0.5, 0.5)
        assert points.alert.sensitivity is None
    assert manifest.trained_on == "NIH ChestX-ray14 (TorchXRayVision)"
    card = (shown["work"] / "nih/card.md").read_text()
    assert "Apache License 2.0" in card
    assert "| Lung Lesion | Nodule or Mass | 0.5 |" in card
    assert "| Support Devices | not assessed |  |" in card
    assert "Unknown on films of this system" in card


@pytest.mark.parametrize("name", ["nih", "refit"])
def test_an_import_is_a_model_that_can_be_added(shown: dict[str, Any], name: str) -> None:
    run = shown["work"] / name
    manifest = ModelManifest.model_validate_json((run / "model.json").read_bytes())
    check_model_file((run / "model.onnx").read_bytes(), manifest)
    outputs = shown[f"{name}_outputs"]
    assert outputs["lengths"] == pytest.approx([1, 1], abs=1e-4)
    assert 0 <= outputs["map"][0] <= outputs["map"][1] <= 1


def test_the_files_own_operating_points_come_first(shown: dict[str, Any]) -> None:
    found = shown["own_thresholds"]
    assert len(found) == 15
    assert found["Atelectasis"] == pytest.approx(shown["own"][0])
    assert not {"Infiltration", "Pleural_Thickening", "Lung Lesion"} & set(found)


def test_a_refit_calibrates_and_judges_on_films_of_ones_own(shown: dict[str, Any]) -> None:
    assert shown["refit"]["status"] == 0, shown["refit"]["stderr"]
    run = shown["work"] / "refit"
    for file in ("split.csv", "predictions.csv", "metrics.json", "report.html", "card.md"):
        assert (run / file).is_file()
    manifest = ModelManifest.model_validate_json((run / "model.json").read_bytes())
    # No output of the network: a head of its own.
    assert "Support Devices" in manifest.assessed
    for points in manifest.operating_points.values():
        assert points.alert.sensitivity is not None
    card = (run / "card.md").read_text()
    assert "| Support Devices | a head fitted here |" in card


def test_a_refitted_head_ranks_as_the_publishers_output_does(shown: dict[str, Any]) -> None:
    assert len(shown["turned"]) >= 3
    assert min(shown["turned"].values()) > 0.9999


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("unnamed", "say which set of weights it is, --set NAME"),
        ("other_set", "--set: wanted one of densenet121-res224-all"),
        ("text", "wanted a zip or legacy PyTorch file, came something else: text.pt"),
        ("absent", "No such file"),
        ("again", "which exists"),
        ("small", "--side: wanted 64 to 1024, came 32"),
        ("no_films", "wanted"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_one_line(
    shown: dict[str, Any], which: str, words: str
) -> None:
    assert shown[which]["status"] == 2
    assert words in shown[which]["stderr"]
    assert shown[which]["stderr"].count("\n") == 1
    assert shown["left_behind"] is False
