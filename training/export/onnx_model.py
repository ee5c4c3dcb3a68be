"""Writes a served model's folder: model.onnx, and model.json that says what it is."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import onnx

from schemas.models import ModelManifest
from training.export.canonical_onnx import canonical
from training.export.served_graph import OUTPUTS

#: Old enough for every runtime we serve on, new enough for all that the graph uses.
OPSET: Final = 17


def write_onnx(model: keras.Model, path: Path) -> str:
    """Export the Keras model, give it canonical names, write it; return its SHA-256.

    The map's height and width are made plain numbers, which the exporter loses.
    """
    side = int(model.input.shape[1])
    # Keras refuses to export a model that was never called.
    answers = model(np.zeros((1, side, side), np.uint8))
    signature = keras.InputSpec(dtype="uint8", shape=(None, side, side), name="image")
    raw = path.with_suffix(".raw.onnx")
    model.export(
        raw, format="onnx", verbose=False, input_signature=[signature], opset_version=OPSET
    )
    exported = onnx.load(raw)
    raw.unlink()
    for value in exported.graph.output:
        dims = value.type.tensor_type.shape.dim
        for axis, size in enumerate(answers[value.name].shape[1:], start=1):
            dims[axis].dim_value = int(size)
    data = canonical(exported, OUTPUTS).SerializeToString(deterministic=True)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def write_manifest(manifest: ModelManifest, path: Path) -> None:
    """Write the manifest as indented JSON with a last newline, the same bytes each time."""
    fields: dict[str, Any] = manifest.model_dump(mode="json")
    path.write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n")


def read_manifest(path: Path) -> ModelManifest:
    """Return the manifest. Raises pydantic's ValidationError, which names the wrong field."""
    return ModelManifest.model_validate_json(path.read_bytes())
