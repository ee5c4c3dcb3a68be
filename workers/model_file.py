"""Is this file a model that keeps the tensor contract? Asked before Triton sees it.

Triton 2.51 may die (SIGSEGV) when a model fails to load, or answer no later load request for as
long as it lives. So a file that is no ONNX graph, or one of other tensors than
triton_models/chest/spec.json names, never gets that far.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.models import ModelManifest
from workers.triton_config import read_spec

#: spec.json's names of element types, as ONNX numbers them (onnx.proto3, TensorProto.DataType).
_ELEMENTS: Final = {"TYPE_FP32": 1, "TYPE_UINT8": 2, "TYPE_FP16": 10}


def check_model_file(weights: bytes, manifest: ModelManifest) -> None:
    """Raise ValueError, with what was wanted and what came, unless Triton can be asked to load it.

    weights: a whole ONNX file. Sizes are compared where the graph says them; the first of each
    tensor is the batch's.
    """
    # Takes 15 MB and 0.1 s: only the process that loads models pays it.
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(weights)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError) as error:
        said = str(error).strip().splitlines()
        raise ValueError(
            f"wanted an ONNX model, came: {said[0] if said else 'no model'}"
        ) from error
    spec = read_spec()
    initial = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in initial]
    _compare("inputs", inputs, spec["input"], manifest)
    _compare("outputs", model.graph.output, spec["output"], manifest)


def _compare(
    what: str, came: Sequence[Any], wanted: Sequence[Mapping[str, Any]], manifest: ModelManifest
) -> None:
    """Compare tensors by name, element type, rank and the sizes that the graph fixes."""
    tensors = {each.name: each.type.tensor_type for each in came}
    names = {each["name"] for each in wanted}
    if names != set(tensors):
        raise ValueError(f"wanted the {what} {sorted(names)}, came {sorted(tensors)}")
    for each in wanted:
        tensor = tensors[each["name"]]
        element = _ELEMENTS[each["data_type"]]
        if tensor.elem_type != element:
            raise ValueError(
                f"{each['name']}: wanted element type {element}, came {tensor.elem_type}"
            )
        sizes = [int(getattr(manifest, n)) if isinstance(n, str) else n for n in each["dims"]]
        # A size the graph leaves open is 0 here.
        found = [dim.dim_value for dim in tensor.shape.dim][1:]
        agree = len(found) == len(sizes) and all(
            size in {0, want} for size, want in zip(found, sizes, strict=True)
        )
        if not agree:
            raise ValueError(f"{each['name']}: wanted sizes {sizes} a film, came {found}")
