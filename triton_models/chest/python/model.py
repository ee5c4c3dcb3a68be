"""Answers Triton's requests with OpenVINO: the native stack's backend.

Runs inside Triton's own environment (numpy 1.26 and openvino), one process per instance; the only
backend in the PyPI wheel's Triton binary is the python one. It opens the very same model.onnx as
the containers' backends. Copied beside the weights into each version's folder.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import triton_python_backend_utils as triton


class TritonPythonModel:
    """One loaded version. Triton calls these three methods, by these names."""

    def initialize(self, args: dict[str, str]) -> None:
        """Compile the version's model.onnx."""
        if not np.__version__.startswith("1."):
            # numpy 2 in this backend corrupts inputs without an error.
            raise RuntimeError(f"wanted numpy 1.26 in Triton's environment, came {np.__version__}")
        config = json.loads(args["model_config"])
        given = {key: each["string_value"] for key, each in config["parameters"].items()}
        self._outputs = [output["name"] for output in config["output"]]
        weights = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        compiled = openvino.Core().compile_model(
            weights,
            "CPU",
            {
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": int(given["threads"]),
                # Where the processor has AMX, OpenVINO would otherwise answer in bfloat16.
                "INFERENCE_PRECISION_HINT": given["precision"],
            },
        )
        self._request = compiled.create_infer_request()

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer a batch of requests with one inference; each gets its own rows."""
        films = [
            triton.get_input_tensor_by_name(request, "image").as_numpy() for request in requests
        ]
        together = films[0] if len(films) == 1 else np.concatenate(films)
        # Answers are copied out: the next inference writes over this one's memory.
        answers = self._request.infer({"image": together}, share_inputs=True)
        rows = {name: answers[name] for name in self._outputs}
        responses = []
        start = 0
        for part in films:
            end = start + len(part)
            tensors = [
                triton.Tensor(name, np.ascontiguousarray(rows[name][start:end]))
                for name in self._outputs
            ]
            responses.append(triton.InferenceResponse(output_tensors=tensors))
            start = end
        return responses

    def finalize(self) -> None:
        """Let go of the compiled model."""
        del self._request
