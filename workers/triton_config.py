"""Triton's configuration of the model, for each of the three backends, from one table.

triton_models/chest/spec.json says what is the same everywhere (tensors, batching, priorities,
cache, warm-up) and what each backend adds. The models process renders it for the versions it
serves.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from schemas.models import TRITON_MODEL, ModelManifest

CHEST: Final = Path(__file__).resolve().parent.parent / "triton_models" / TRITON_MODEL
BACKENDS: Final = ("onnxruntime", "openvino", "python")
#: Parameter of the configuration that says a version's input side, by version number.
SIDE_PARAMETER: Final = "side."

Config = dict[str, Any]


def read_spec() -> Mapping[str, Any]:
    """Return triton_models/chest/spec.json."""
    spec: Mapping[str, Any] = json.loads((CHEST / "spec.json").read_text())
    return spec


def render(backend: str, manifests: Sequence[ModelManifest]) -> Config:
    """Return Triton's ModelConfig, as its JSON form, that serves these versions.

    A size on which the versions disagree (another backbone's side, say) is rendered as -1,
    variable, and then there is no warm-up of Triton's own; callers read each version's side from
    the parameter `side.<version>`. The onnxruntime backend refuses variable sizes of a model that
    has fixed ones: there, such a version loads only alone. Raises ValueError for an unknown
    backend or no version.
    """
    spec = read_spec()
    if backend not in spec["backends"]:
        raise ValueError(f"wanted a backend of {', '.join(BACKENDS)}, came {backend!r}")
    if not manifests:
        raise ValueError("wanted at least one version to serve, came none")
    ordered = sorted(manifests, key=lambda manifest: manifest.version)
    added = spec["backends"][backend]
    parameters = dict(added.get("parameters", {})) | {
        f"{SIDE_PARAMETER}{manifest.version}": str(manifest.side) for manifest in ordered
    }
    config: Config = {
        "name": TRITON_MODEL,
        "backend": backend,
        "max_batch_size": spec["max_batch_size"],
        "input": _tensors(spec["input"], ordered),
        "output": _tensors(spec["output"], ordered),
        "version_policy": {"specific": {"versions": [each.version for each in ordered]}},
        "instance_group": added["instance_group"],
        "dynamic_batching": spec["dynamic_batching"],
        "response_cache": spec["response_cache"],
        "parameters": {key: {"string_value": value} for key, value in parameters.items()},
    }
    if "default_model_filename" in added:
        config["default_model_filename"] = added["default_model_filename"]
    dims = config["input"][0]["dims"]
    if -1 not in dims:
        config["model_warmup"] = [
            {
                "name": f"{size} films",
                "batch_size": size,
                "inputs": {
                    "image": {"data_type": "TYPE_UINT8", "dims": dims, "random_data": True}
                },
            }
            for size in spec["warmup_batch_sizes"]
        ]
    return config


def _tensors(tensors: Sequence[Config], manifests: Sequence[ModelManifest]) -> list[Config]:
    return [
        tensor | {"dims": [_size(size, manifests) for size in tensor["dims"]]}
        for tensor in tensors
    ]


def _size(size: int | str, manifests: Sequence[ModelManifest]) -> int:
    """Return a size of the tensor: a number as it is, a name as what all manifests say of it."""
    if isinstance(size, int):
        return size
    said = {int(getattr(manifest, size)) for manifest in manifests}
    return said.pop() if len(said) == 1 else -1
