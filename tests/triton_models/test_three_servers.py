"""The three servers (GPU container, CPU container, native) serve one model file by one contract.

What is rendered for each is read back as Triton's own message, so that a field that Triton does
not know fails here; then all of it must be equal but for the differences that are stated.
"""

import re
from collections.abc import Callable

import pytest
from google.protobuf import json_format, text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelInstanceGroup

from schemas.models import ModelManifest
from tests.requirements import ROOT
from workers import triton_config
from workers.triton import config_text
from workers.triton_config import BACKENDS, CHEST, SIDE_PARAMETER, Config, read_spec, render

#: All in which the three may differ: what runs the model, on what, and with which settings.
STATED = ("backend", "instance_group", "parameters", "default_model_filename")


def starter(version: int = 1, **changes: object) -> ModelManifest:
    kept = (ROOT / "triton_models" / "starter" / "model.json").read_bytes()
    said = ModelManifest.model_validate_json(kept)
    return said.model_copy(update={"version": version, **changes})


SETS = {
    "one version": [starter()],
    "two versions": [starter(1), starter(2)],
    "two shapes": [starter(1), starter(2, side=224, features=64, map_height=7, map_width=7)],
}


def served(backend: str, manifests: list[ModelManifest]) -> ModelConfig:
    """Return the configuration as Triton reads its config.pbtxt."""
    return text_format.Parse(config_text(render(backend, manifests)), ModelConfig())


def contract(config: ModelConfig) -> ModelConfig:
    """Return the configuration without what may differ; each version's side stays."""
    same = ModelConfig()
    same.CopyFrom(config)
    for field in STATED:
        same.ClearField(field)
    for name, value in config.parameters.items():
        if name.startswith(SIDE_PARAMETER):
            same.parameters[name].CopyFrom(value)
    return same


@pytest.mark.parametrize("manifests", SETS.values(), ids=SETS.keys())
def test_all_three_are_one_contract_but_for_the_stated_differences(
    manifests: list[ModelManifest],
) -> None:
    assert set(BACKENDS) == set(read_spec()["backends"]) == {"onnxruntime", "openvino", "python"}
    first, *others = [contract(served(backend, manifests)) for backend in BACKENDS]
    assert first.name == "chest"
    assert len(first.input) == 1
    assert len(first.output) == 4
    assert first.dynamic_batching.priority_levels == 2
    assert list(first.version_policy.specific.versions) == [each.version for each in manifests]
    assert {f"side.{each.version}" for each in manifests} == set(first.parameters)
    for other in others:
        assert other == first


def grow(config: ModelConfig) -> None:
    config.max_batch_size += 1


def widen(config: ModelConfig) -> None:
    config.output[1].dims[0] = 256


def rename(config: ModelConfig) -> None:
    config.input[0].name = "film"


def wait_longer(config: ModelConfig) -> None:
    config.dynamic_batching.max_queue_delay_microseconds = 1


def let_bulk_first(config: ModelConfig) -> None:
    config.dynamic_batching.default_priority_level = 1


def stay_cold(config: ModelConfig) -> None:
    del config.model_warmup[:]


def serve_all(config: ModelConfig) -> None:
    config.version_policy.all.SetInParent()


def forget_the_side(config: ModelConfig) -> None:
    del config.parameters["side.1"]


@pytest.mark.parametrize(
    "change",
    [
        grow,
        widen,
        rename,
        wait_longer,
        let_bulk_first,
        stay_cold,
        serve_all,
        forget_the_side,
    ],
)
def test_any_other_difference_would_be_seen(change: Callable[[ModelConfig], None]) -> None:
    wanted, changed = served("python", [starter()]), served("openvino", [starter()])
    assert contract(changed) == contract(wanted)
    change(changed)
    assert contract(changed) != contract(wanted)


def test_what_differs_is_what_runs_it_and_on_what() -> None:
    said = {backend: served(backend, [starter()]) for backend in BACKENDS}
    kinds = {
        backend: [(each.kind, each.count) for each in config.instance_group]
        for backend, config in said.items()
    }
    assert kinds == {
        "onnxruntime": [(ModelInstanceGroup.KIND_GPU, 1)],
        "openvino": [(ModelInstanceGroup.KIND_CPU, 1)],
        "python": [(ModelInstanceGroup.KIND_CPU, 1)],
    }
    own = {
        backend: {
            name: value.string_value
            for name, value in config.parameters.items()
            if not name.startswith(SIDE_PARAMETER)
        }
        for backend, config in said.items()
    }
    assert own == {
        "onnxruntime": {},
        "openvino": {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1"},
        "python": {"threads": "2", "precision": "f32"},
    }


def test_all_three_open_the_same_file() -> None:
    for backend in ("onnxruntime", "openvino"):
        assert served(backend, [starter()]).default_model_filename == "model.onnx"
    # Triton hands the python backend to model.py; that one opens the weights.
    assert served("python", [starter()]).default_model_filename == ""
    code = (CHEST / "python" / "model.py").read_text()
    assert set(re.findall(r"[\w.]+\.onnx", code)) == {"model.onnx"}


@pytest.mark.parametrize(
    ("place", "wrong"),
    [("max_queue_delay_microsecond", 1), ("preferred_batch_size", "four")],
)
def test_a_field_that_triton_does_not_know_or_a_wrong_kind_is_refused(
    place: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec: Config = dict(read_spec())
    spec["dynamic_batching"] = {**spec["dynamic_batching"], place: wrong}
    monkeypatch.setattr(triton_config, "read_spec", lambda: spec)
    with pytest.raises(json_format.ParseError):
        config_text(render("python", [starter()]))
