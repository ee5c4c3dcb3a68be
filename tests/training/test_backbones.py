"""The backbones, built with random weights, and what files of weights may be."""

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.training.environment import run_training

pytestmark = [pytest.mark.training, pytest.mark.timeout(400)]

#: Pooled features of each.
_WIDTHS = {
    "DenseNet121": 1024,
    "EfficientNetLite0": 1792,
    "InceptionV3": 2048,
    "MobileNetV2": 1280,
    "ResNet50V2": 2048,
    "TorchXRayVision": 1024,
    "Xception": 2048,
}

#: Those that are none of keras.applications' networks.
_NO_KERAS = {"EfficientNetLite0", "TorchXRayVision"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what backbones_shown.py says, on a machine that reaches nobody."""
    folder = tmp_path_factory.mktemp("weights")
    before = dict(os.environ)
    # Port 9 of this machine: refused at once.
    os.environ |= {"https_proxy": "http://127.0.0.1:9", "KERAS_HOME": str(folder / "keras")}
    try:
        done = run_training("tests.training.backbones_shown", folder)
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert done.returncode == 0
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_backbones_register_themselves_one_file_each(shown: dict[str, Any]) -> None:
    assert sorted(shown["built"]) == sorted(_WIDTHS)
    folder = Path("training/backbones")
    files = {file.name: file.read_text() for file in folder.glob("*.py")}
    for name in _WIDTHS:
        assert sum(f'"{name}",' in text for text in files.values()) == 1


def test_random_norms_measure_themselves_without_keeping_every_layers_output(
    shown: dict[str, Any],
) -> None:
    # All outputs of DenseNet121 for 64 films of 96 pixels are 2.5 GB.
    assert shown["settling_mb"] < 1000


@pytest.mark.parametrize("name", sorted(_WIDTHS))
def test_a_backbone_gives_the_means_over_places_of_its_levels(
    shown: dict[str, Any], name: str
) -> None:
    said = shown["built"][name]
    assert said["pooled"] == [2, _WIDTHS[name]]
    assert said["kinds"] == ["float32", "float32"]
    assert len(said["last"]) == 4
    assert said["off"] < 1e-5
    assert said["finite"]


@pytest.mark.parametrize("name", sorted(_WIDTHS))
def test_each_stage_holds_less_than_the_one_before_and_the_first_holds_all(
    shown: dict[str, Any], name: str
) -> None:
    inside, arrays = shown["built"][name]["inside"], shown["built"][name]["arrays"]
    assert inside[0] == arrays
    assert all(later < earlier for earlier, later in pairwise(inside))
    assert inside[-1] > 0


@pytest.mark.parametrize("name", sorted(set(_WIDTHS) - _NO_KERAS))
def test_the_scaling_in_the_graph_is_the_one_keras_documents(
    shown: dict[str, Any], name: str
) -> None:
    assert shown["built"][name]["scaling_off"] < 1e-5


@pytest.mark.parametrize("kept", ["whole.keras", "only.weights.h5", "old.h5", "imagenet"])
def test_weights_out_of_a_file_give_the_same_answers(shown: dict[str, Any], kept: str) -> None:
    assert shown["off"][kept] < 1e-4


def test_a_file_that_does_not_fit_is_refused_whole(shown: dict[str, Any]) -> None:
    silent = [why for why, said in shown["refused"].items() if not said]
    assert not silent
    assert "does not fit" in shown["refused"]["with its classifier"]
    assert "no finite numbers" in shown["refused"]["not finite"]
    assert "at least 75" in shown["refused"]["a side too small"]


def test_weights_that_cannot_be_fetched_are_named_with_what_to_do(shown: dict[str, Any]) -> None:
    said = shown["out of reach"]
    assert "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5" in said
    assert "--weights FILE" in said
    assert "\n" not in said
