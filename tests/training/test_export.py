"""`export RUN`: every backbone as ONNX Runtime answers it, by the tensor contract."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from schemas.models import RUN_VERSIONS, ModelManifest
from tests.training.environment import run_training
from training.__main__ import main
from workers.model_file import check_model_file

pytestmark = [pytest.mark.training, pytest.mark.timeout(400)]

#: Two processes make them side by side, each about as long.
GROUPS = (
    ("MobileNetV2", "EfficientNetLite0", "ResNet50V2", "Xception"),
    ("DenseNet121", "InceptionV3", "TorchXRayVision"),
)
BACKBONES = sorted(name for group in GROUPS for name in group)
SIDE = 96
OUTPUTS = ("probabilities", "embedding", "activation", "features")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of exported runs of random weights, one a backbone."""
    folder = tmp_path_factory.mktemp("runs")

    def make(group: tuple[str, ...]) -> int:
        return run_training("tests.training.random_run", folder, str(SIDE), *group).returncode

    with ThreadPoolExecutor(len(GROUPS)) as beside:
        assert list(beside.map(make, GROUPS)) == [0, 0]
    return folder


def said_of(run: Path) -> ModelManifest:
    return ModelManifest.model_validate_json((run / "model.json").read_bytes())


@pytest.mark.parametrize("backbone", BACKBONES)
def test_onnx_runtime_answers_what_keras_answers_for_every_backbone(
    runs: Path, backbone: str
) -> None:
    seven: dict[str, Any] = json.loads((runs / backbone / "parity.json").read_text())
    for films, found in ((7, seven), (1, seven["alone"])):
        assert found["films"] == films
        assert found["nan_equal"]
        for output in OUTPUTS:
            assert found[output] < 1e-4, (films, output)
    low, high = seven["activation_range"]
    assert (low, high) == (0, 1)
    assert seven["embedding_length"] == pytest.approx([1] * 7, abs=1e-5)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_run_s_manifest_says_what_its_model_file_is(runs: Path, backbone: str) -> None:
    run = runs / backbone
    said, weights = said_of(run), (run / "model.onnx").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == said.sha256
    check_model_file(weights, said)
    assert (said.name, said.version, said.side) == (backbone.lower(), RUN_VERSIONS, SIDE)
    assert set(said.operating_points) == set(said.assessed)
    assert said.trained_on == "drawn: 8 films of 4 patients"
    assert said.check is None
    # Two validation films tell nothing of any finding: where it is served none of them alerts.
    assert said.verdicts == dict.fromkeys(said.assessed, "unreliable")


def test_each_backbone_s_run_has_an_embedding_version_of_its_own(runs: Path) -> None:
    assert len({said_of(runs / name).embedding_version for name in BACKBONES}) == len(BACKBONES)


def test_every_registered_backbone_is_among_those_exported_here(runs: Path) -> None:
    assert json.loads((runs / "backbones.json").read_text()) == BACKBONES


def test_a_run_exported_again_has_the_same_bytes_and_keeps_its_name(runs: Path) -> None:
    again = json.loads((runs / GROUPS[0][0] / "again.json").read_text())
    assert (again["code"], again["name"]) == (0, "mine")
    assert again["same"]
    assert again["name_kept"]


def test_another_process_exports_the_same_bytes(runs: Path) -> None:
    """The exporter walks over sets, which fall out otherwise in each process."""
    run = runs / GROUPS[0][0]
    before = (run / "model.onnx").read_bytes()
    assert run_training("training", "export", run, seed="12345").returncode == 0
    assert (run / "model.onnx").read_bytes() == before


def test_a_run_that_lacks_a_file_and_a_bad_name_end_with_two_and_one_line(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = json.loads((runs / GROUPS[0][0] / "again.json").read_text())
    for case, words in (("without_heads", "heads.npz"), ("bad_name", "came 'Mine!'")):
        code, said = again[case]
        assert code == 2
        assert words in said
        assert len(said.splitlines()) == 1
    assert main(["export", str(tmp_path)]) == 2
    assert "has no settings.json" in capsys.readouterr().err
