"""TorchXRayVision's DenseNet121 in Keras, beside the architecture written out in numpy."""

import json
from typing import Any

import pytest

from tests.training.environment import run_training

pytestmark = [pytest.mark.training, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what torchxrayvision_layers.py says of weights that it drew."""
    folder = tmp_path_factory.mktemp("torchxrayvision")
    out = folder / "shown.json"
    assert run_training("tests.training.torchxrayvision_layers", out, folder).returncode == 0
    said: dict[str, Any] = json.loads(out.read_text())
    return said


@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_every_layer_says_what_the_architecture_by_hand_says(
    shown: dict[str, Any], kind: str
) -> None:
    gaps = shown["gaps"][kind]
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
