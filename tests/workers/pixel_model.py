"""A small model that truly looks: alike films get alike rows, and another seed another space."""

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from schemas.models import EMBEDDING_WIDTH, ModelManifest

#: Its pooled features are the film's grey levels on so many squares a side.
GRID = 8


def pixel_model(manifest: ModelManifest, seed: int) -> bytes:
    """Return an ONNX file with the contract's tensors.

    `features` are GRID x GRID grey levels about their mean; `embedding` is their projection by a
    matrix drawn from `seed`, of length 1; `probabilities` and `activation` are 0.5.
    Raises ValueError for a manifest whose sizes do not fit.
    """
    if manifest.side % GRID or manifest.features != GRID * GRID:
        raise ValueError(f"wanted {GRID * GRID} features and a side in {GRID}s, came {manifest}")
    cell = manifest.side // GRID
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(GRID * GRID, EMBEDDING_WIDTH)).astype(np.float32)
    maps = np.full((1, 14, manifest.map_height, manifest.map_width), 0.5, np.float32)
    kept: dict[str, NDArray[np.generic]] = {
        "one": np.array([1], np.int64),
        "flat": np.array([-1, GRID * GRID], np.int64),
        "mean_of_cell": np.full((1, 1, cell, cell), 1 / (255 * cell * cell), np.float32),
        "weights": weights,
        "zeros": np.zeros((GRID * GRID, 14), np.float32),
        "half": np.array(0.5, np.float32),
        "none": np.zeros((GRID * GRID, 1), np.float32),
        "four": np.array([-1, 1, 1, 1], np.int64),
        "maps": maps,
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["image"], ["grey"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["grey", "one"], ["channel"]),
        node("Conv", ["channel", "mean_of_cell"], ["cells"], strides=[cell] * 2),
        node("Reshape", ["cells", "flat"], ["rows"]),
        node("ReduceMean", ["rows"], ["mean"], axes=[1], keepdims=1),
        node("Sub", ["rows", "mean"], ["pooled"]),
        node("Cast", ["pooled"], ["features"], to=TensorProto.FLOAT16),
        node("MatMul", ["pooled", "weights"], ["projected"]),
        node("LpNormalization", ["projected"], ["embedding"], axis=1, p=2),
        node("MatMul", ["pooled", "zeros"], ["nought"]),
        node("Add", ["nought", "half"], ["probabilities"]),
        node("MatMul", ["pooled", "none"], ["nothing"]),
        node("Reshape", ["nothing", "four"], ["blank"]),
        node("Add", ["blank", "maps"], ["activation"]),
    ]
    side, features = manifest.side, manifest.features
    make = helper.make_tensor_value_info
    outputs = [
        make("probabilities", TensorProto.FLOAT, ["n", 14]),
        make("embedding", TensorProto.FLOAT, ["n", EMBEDDING_WIDTH]),
        make("features", TensorProto.FLOAT16, ["n", features]),
        make("activation", TensorProto.FLOAT, ["n", *maps.shape[1:]]),
    ]
    graph = helper.make_graph(
        nodes,
        f"pixels {seed}",
        [make("image", TensorProto.UINT8, ["n", side, side])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in kept.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    whole: bytes = model.SerializeToString()
    return whole
