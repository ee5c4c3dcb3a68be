"""The model as it is built and fitted for real, in the training environment (TensorFlow)."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import pytest

from schemas.models import ModelManifest
from tests.requirements import ROOT
from tests.training.environment import run_training
from training.data.nih import ASSESSED

pytestmark = [pytest.mark.training, pytest.mark.timeout(400)]

KEPT = ROOT / "triton_models" / "starter"
#: SHA-256 of starter/3's graph without the numbers in it.
GRAPH = "078ce5826f92dc9e51f5c5c1485ea8bd6a143071333a1f3079e869c0cdd3612c"


def run(*words: str | Path, seed: str = "random") -> str:
    done = run_training(*words, seed=seed)
    assert done.returncode == 0
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    run("training.starter.build", folder)
    return folder


@pytest.fixture(scope="module")
def parity(built: Path) -> Mapping[str, Any]:
    said: Mapping[str, Any] = json.loads(run("training.export.parity", built))
    return said


def test_keras_and_onnx_runtime_agree_within_1e_4(parity: Mapping[str, Any]) -> None:
    for output in ("probabilities", "embedding", "activation", "features"):
        assert parity[output] < 1e-4, output
    assert parity["nan_equal"]
    assert parity["batch_of_one"] < 1e-5


def test_the_input_check_s_numbers_lie_beside_the_built_model(built: Path) -> None:
    assert (built / "check.npz").read_bytes() == (KEPT / "check.npz").read_bytes()
    said = ModelManifest.model_validate_json((built / "model.json").read_bytes())
    kept = ModelManifest.model_validate_json((KEPT / "model.json").read_bytes())
    assert said.check == kept.check


def test_the_model_card_lies_beside_the_built_model(built: Path) -> None:
    assert (built / "card.json").read_bytes() == (KEPT / "card.json").read_bytes()
    said = ModelManifest.model_validate_json((built / "model.json").read_bytes())
    kept = ModelManifest.model_validate_json((KEPT / "model.json").read_bytes())
    assert said.card == kept.card
    assert said.card is not None


def test_the_built_model_keeps_the_tensor_contract(parity: Mapping[str, Any]) -> None:
    said = ModelManifest.model_validate_json((KEPT / "model.json").read_bytes())
    films = parity["films"]
    assert parity["shapes"] == {
        "probabilities": [films, 14],
        "embedding": [films, 512],
        "features": [films, said.features],
        "activation": [films, 14, said.map_height, said.map_width],
    }
    assert parity["dtypes"] == {
        "probabilities": "float32",
        "embedding": "float32",
        "features": "float16",
        "activation": "float32",
    }
    assert len(parity["assessed"]) == len(ASSESSED)
    assert parity["embedding_length"] == pytest.approx([1] * films, abs=1e-5)
    low, high = parity["activation_range"]
    assert low >= 0
    assert high <= 1


def test_building_twice_gives_the_same_bytes_and_the_manifest_says_their_hash(
    built: Path, tmp_path: Path
) -> None:
    printed = run("training.starter.build", tmp_path, seed="12345")
    assert (tmp_path / "model.onnx").read_bytes() == (built / "model.onnx").read_bytes()
    said = ModelManifest.model_validate_json((tmp_path / "model.json").read_bytes())
    assert len(said.sha256) == 64
    assert f"sha256 {said.sha256}" in printed
    kept = ModelManifest.model_validate_json((KEPT / "model.json").read_bytes())
    assert said.model_copy(update={"sha256": kept.sha256}) == kept


def test_the_released_starter_s_graph_comes_out_of_the_general_one_node_for_node(
    built: Path,
) -> None:
    """Whole bytes are not compared: processors round what the exporter folds differently."""
    graph = onnx.load(built / "model.onnx").graph
    said: list[tuple[Any, ...]] = [
        (
            node.op_type,
            tuple(node.input),
            tuple(node.output),
            [each.SerializeToString(deterministic=True).hex() for each in node.attribute],
        )
        for node in graph.node
    ]
    said += [(each.name, tuple(each.dims), each.data_type) for each in graph.initializer]
    assert hashlib.sha256(repr(said).encode()).hexdigest() == GRAPH


def test_heads_of_another_backbone_are_not_built_into_a_model(tmp_path: Path) -> None:
    kept = ModelManifest.model_validate_json((KEPT / "model.json").read_bytes())
    for file in ("heads.npz", "projection.npz"):
        (tmp_path / file).write_bytes((KEPT / file).read_bytes())
    other = kept.model_copy(update={"embedding_version": "0123456789abcdef"})
    (tmp_path / "model.json").write_text(other.model_dump_json())
    done = run_training("training.starter.build", tmp_path / "out", "--heads", tmp_path)
    assert done.returncode != 0
    assert "wanted backbone and projection 0123456789abcdef" in done.stderr
    assert not (tmp_path / "out" / "model.onnx").exists()
