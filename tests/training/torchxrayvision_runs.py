"""What becomes of imported files: called by torchxrayvision_layers.py, in its process."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tests.training.drawn_chexpert import draw_chexpert
from tests.training.torch_files import whole_module
from training.__main__ import main
from training.backbones.torch_weights import read_torch
from training.fit.linear import Heads
from training.torchxrayvision.classifier import classifier

SIDE = 64
NIH = "nih-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt"


def command(*words: str | Path) -> dict[str, Any]:
    """Return the status of an import and what it said."""
    said, wrong = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
        status = main(["import-torchxrayvision", *map(str, words)])
    return {"status": status, "stdout": said.getvalue(), "stderr": wrong.getvalue()}


def runs(tensors: dict[str, NDArray[Any]], films: NDArray[np.uint8], work: Path) -> dict[str, Any]:
    """Return what the imports of files with these tensors came to."""
    nih = whole_module(work / NIH, tensors, legacy=True)
    unnamed = whole_module(work / "unnamed.pt", tensors, legacy=False)
    at = np.linspace(0.05, 0.9, 18).astype("<f4")
    at[[2, 9, 14]] = np.nan
    own = whole_module(work / "own.pt", tensors | {"op_threshs": at}, legacy=False)
    (work / "text.pt").write_text("no network")
    data = draw_chexpert(work, 90)
    side = ("--side", str(SIDE))
    name = "densenet121-res224-all"
    return {
        "nih": command(nih, "--out", work / "nih", *side),
        "nih_outputs": _served(work / "nih", films),
        "refit": command(
            *(unnamed, "--set", name, "--refit", data, "--out", work / "refit", *side),
            *("--test-films", "20", "--cache", work / "cache"),
        ),
        "refit_outputs": _served(work / "refit", films),
        "turned": _turned(Heads.load(work / "refit" / "heads.npz"), tensors),
        "own_thresholds": classifier(read_torch(own), None).thresholds,
        "own": at.tolist(),
        "unnamed": command(unnamed, "--out", work / "no", *side),
        "other_set": command(unnamed, "--out", work / "no", "--set", "resnet50"),
        "text": command(work / "text.pt", "--out", work / "no"),
        "absent": command(work / "absent.pt", "--out", work / "no"),
        "again": command(nih, "--out", work / "nih"),
        "small": command(nih, "--out", work / "no", "--side", "32"),
        "no_films": command(
            unnamed, "--set", name, "--refit", work / "cache", "--out", work / "no"
        ),
        "left_behind": (work / "no").exists(),
    }


def _served(run: Path, films: NDArray[np.uint8]) -> dict[str, Any]:
    session = onnxruntime.InferenceSession(run / "model.onnx", providers=["CPUExecutionProvider"])
    said = session.run(["probabilities", "embedding", "activation"], {"image": films})
    return {
        "probabilities": [
            [None if np.isnan(each) else float(each) for each in row] for row in said[0]
        ],
        "lengths": np.linalg.norm(said[1], axis=1).tolist(),
        "map": [float(said[2].min()), float(said[2].max())],
    }


def _turned(heads: Heads, tensors: dict[str, NDArray[Any]]) -> dict[str, float]:
    """Return the cosine of each refitted head with the row of its output in the file."""
    places = {"Cardiomegaly": 10, "Edema": 4, "Pleural Effusion": 7, "Pleural Other": 9}
    found = {}
    for name, place in places.items():
        if name in heads.names:
            head = heads.weights[:, heads.names.index(name)].astype(np.float64) / heads.scale
            row = tensors["classifier.weight"][place].astype(np.float64)
            cosine = head @ row / np.linalg.norm(head) / np.linalg.norm(row)
            found[name] = float(cosine)
    return found
