"""Gives an exported ONNX graph an order and names that depend on its content alone.

tf2onnx walks over Python sets, so two exports of one model differ in order and names, and their
SHA-256 with them. A model's hash must say what it computes, not when it was exported.
"""

from collections.abc import Sequence
from typing import Any

import onnx


def canonical(model: Any, outputs: Sequence[str]) -> Any:
    """Return the same graph as onnx.ModelProto, nodes in depth-first order from the outputs.

    Inputs and outputs keep their names; the first axis of each is called `n`; every other value
    is named after its place. Notes about the exporter are dropped. Raises ValueError for a graph
    whose outputs are not the wanted ones, or with nested graphs, which this does not walk.
    """
    graph = model.graph
    found = {value.name: value for value in graph.output}
    if set(found) != set(outputs):
        raise ValueError(f"wanted outputs {sorted(outputs)}, came {sorted(found)}")
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        raise ValueError("wanted a flat graph, came one with a graph inside a node")

    maker = {name: node for node in graph.node for name in node.output}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    fixed = {value.name for value in graph.input} | set(outputs)
    names: dict[str, str] = {"": ""}
    nodes: list[Any] = []
    kept: list[Any] = []

    def visit(name: str) -> None:
        if name in names:
            return
        if name in constants:
            names[name] = f"constant{len(kept)}"
            tensor = onnx.TensorProto()
            tensor.CopyFrom(constants[name])
            tensor.name, tensor.doc_string = names[name], ""
            kept.append(tensor)
        elif name in maker:
            node = maker[name]
            for source in node.input:
                visit(source)
            place = f"{node.op_type.lower()}{len(nodes)}"
            for number, output in enumerate(node.output):
                names[output] = output if output in fixed else f"{place}.{number}"
            nodes.append(_renamed(node, place, names))
        else:
            names[name] = name

    for output in outputs:
        visit(output)
    made = onnx.helper.make_graph(
        nodes,
        "model",
        [_batched(value) for value in graph.input],
        [_batched(found[name]) for name in outputs],
        kept,
    )
    opsets = [onnx.helper.make_opsetid("", _opset(model))]
    whole = onnx.helper.make_model(made, opset_imports=opsets, producer_name="radiotheque")
    whole.ir_version = model.ir_version
    onnx.checker.check_model(whole, full_check=True)
    return whole


def _renamed(node: Any, place: str, names: dict[str, str]) -> Any:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.name, copy.doc_string = place, ""
    copy.input[:] = [names[name] for name in node.input]
    copy.output[:] = [names[name] for name in node.output]
    attributes = sorted(node.attribute, key=lambda attribute: str(attribute.name))
    del copy.attribute[:]
    copy.attribute.extend(attributes)
    return copy


def _batched(value: Any) -> Any:
    copy = onnx.ValueInfoProto()
    copy.CopyFrom(value)
    copy.doc_string = ""
    copy.type.tensor_type.shape.dim[0].dim_param = "n"
    return copy


def _opset(model: Any) -> int:
    return next(int(opset.version) for opset in model.opset_import if opset.domain == "")
