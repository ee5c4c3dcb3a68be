"""One table, three backends: what Triton serves is the same wherever it runs."""

import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

from schemas.findings import FINDINGS
from schemas.models import EMBEDDING_WIDTH, ModelManifest
from tests.requirements import ROOT
from workers.triton import config_text
from workers.triton_config import BACKENDS, CHEST, Config, read_spec, render

SAME = (
    "name",
    "max_batch_size",
    "input",
    "output",
    "dynamic_batching",
    "response_cache",
    "model_warmup",
    "version_policy",
)


def manifest(version: int = 1, **changes: object) -> ModelManifest:
    kept = (ROOT / "triton_models" / "starter" / "model.json").read_bytes()
    starter = ModelManifest.model_validate_json(kept)
    return starter.model_copy(update={"version": version, **changes})


def parsed(config: Config) -> ModelConfig:
    return text_format.Parse(config_text(config), ModelConfig())


def test_the_three_backends_agree_on_all_that_a_caller_sees() -> None:
    first, *others = (render(backend, [manifest()]) for backend in BACKENDS)
    for other in others:
        assert {key: other[key] for key in SAME} == {key: first[key] for key in SAME}


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_is_a_configuration_that_triton_reads(backend: str) -> None:
    config = parsed(render(backend, [manifest()]))
    assert (config.name, config.backend, config.max_batch_size) == ("chest", backend, 8)
    assert config.dynamic_batching.priority_levels == 2
    assert config.dynamic_batching.default_priority_level == 2
    assert {each.batch_size for each in config.model_warmup} == {1, 8}
    assert list(config.version_policy.specific.versions) == [1]
    assert config.instance_group[0].count == 1
    assert config.response_cache.enable


@pytest.mark.parametrize("backend", BACKENDS)
def test_tensors_are_those_of_the_contract(backend: str) -> None:
    said = manifest()
    config = parsed(render(backend, [said]))
    kinds = ModelConfig.DESCRIPTOR.fields_by_name["input"].message_type
    names = kinds.fields_by_name["data_type"].enum_type.values_by_number
    tensors = {
        tensor.name: (names[tensor.data_type].name, list(tensor.dims))
        for tensor in (*config.input, *config.output)
    }
    assert tensors == {
        "image": ("TYPE_UINT8", [said.side, said.side]),
        "probabilities": ("TYPE_FP32", [len(FINDINGS)]),
        "embedding": ("TYPE_FP32", [EMBEDDING_WIDTH]),
        "features": ("TYPE_FP16", [said.features]),
        "activation": ("TYPE_FP32", [len(FINDINGS), said.map_height, said.map_width]),
    }


def test_each_backend_adds_only_where_and_with_what_it_runs() -> None:
    kinds = {name: each["instance_group"] for name, each in read_spec()["backends"].items()}
    assert kinds == {
        "onnxruntime": [{"kind": "KIND_GPU", "count": 1}],
        "openvino": [{"kind": "KIND_CPU", "count": 1}],
        "python": [{"kind": "KIND_CPU", "count": 1}],
    }
    native = parsed(render("python", [manifest()])).parameters
    assert (native["threads"].string_value, native["precision"].string_value) == ("2", "f32")
    assert (CHEST / "python" / "model.py").is_file()


def test_versions_of_one_shape_keep_their_sizes_and_each_says_its_side() -> None:
    config = parsed(render("python", [manifest(2), manifest(1)]))
    assert list(config.version_policy.specific.versions) == [1, 2]
    assert list(config.input[0].dims) == [320, 320]
    assert config.parameters["side.2"].string_value == "320"


def test_versions_of_two_shapes_make_the_size_variable_and_end_the_warm_up() -> None:
    other = manifest(2, side=224, features=1024, map_height=7, map_width=7)
    config = parsed(render("python", [manifest(), other]))
    sizes = {tensor.name: list(tensor.dims) for tensor in (*config.input, *config.output)}
    assert sizes["image"] == [-1, -1]
    assert sizes["features"] == [-1]
    assert sizes["activation"] == [14, -1, -1]
    assert sizes["embedding"] == [512]
    assert not config.model_warmup
    assert config.parameters["side.1"].string_value == "320"
    assert config.parameters["side.2"].string_value == "224"


def test_an_unknown_backend_or_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted a backend of onnxruntime, openvino, python"):
        render("tensorflow", [manifest()])
    with pytest.raises(ValueError, match="at least one version"):
        render("python", [])
