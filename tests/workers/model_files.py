"""Small ONNX files that keep the tensor contract, or break it in one place."""

from collections.abc import Mapping

import onnx
from onnx import TensorProto, helper

from schemas.models import ModelManifest

_ELEMENTS = {
    "image": TensorProto.UINT8,
    "probabilities": TensorProto.FLOAT,
    "embedding": TensorProto.FLOAT,
    "features": TensorProto.FLOAT16,
    "activation": TensorProto.FLOAT,
}


def model_file(
    manifest: ModelManifest,
    *,
    sizes: Mapping[str, list[int]] | None = None,
    elements: Mapping[str, int] | None = None,
    without: str = "",
) -> bytes:
    """Return an ONNX file with the contract's tensors; its outputs are constants of one number."""
    dims: dict[str, list[int]] = {
        "image": [manifest.side, manifest.side],
        "probabilities": [14],
        "embedding": [512],
        "features": [manifest.features],
        "activation": [14, manifest.map_height, manifest.map_width],
    }
    dims |= sizes or {}
    infos = {
        name: helper.make_tensor_value_info(
            name, (_ELEMENTS | dict(elements or {}))[name], ["n", *dims[name]]
        )
        for name in dims
        if name != without
    }
    outputs = [info for name, info in infos.items() if name != "image"]
    nodes = [helper.make_node("Constant", [], [info.name], value_float=0.5) for info in outputs]
    graph = helper.make_graph(nodes, f"version {manifest.version}", [infos["image"]], outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    whole: bytes = model.SerializeToString()
    assert onnx.load_model_from_string(whole).graph.name == f"version {manifest.version}"
    return whole
