"""Adds to the evidence what the served model says of the held-out films in other arithmetic.

    python -m training.starter.other_arithmetic FILMS_DIR MODEL EVIDENCE.npz [--speeds FOUND.json]

MODEL is the built folder. `bf16` is computed step by step here: each convolution's kernel, norm
folded in, and what goes into it are rounded to bfloat16 and summed in f32, as a processor with
AVX-512 BF16 or AMX does; few processors at hand are, so OpenVINO's own answer is not waited for.
`int8` is the static form of training/evaluate/precision_evaluation.py, calibrated on films fitted
on. FOUND.json is training/evaluate/precision_evaluation.py's: from it come speeds, of what was
truly computed so.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.backbones.efficientnet_lite import as_state, weights_file
from training.backbones.torch_weights import read_state_dict
from training.data import nih
from training.evaluate.precision_evaluation import by_openvino, quantised
from training.export.onnx_model import read_manifest
from training.starter.evidence import Evidence
from training.starter.fine_tune import pooled_features
from training.starter.fitted import KEPT, Fitted
from training.starter.folded_lite import FoldedLite

_CALIBRATION: Final = 128
_BATCH: Final = 8


class RoundedLite(FoldedLite):
    """The backbone with bfloat16 into every convolution."""

    def _folded(self, name: str) -> Any:
        return _rounded(super()._folded(name))

    def _conv(self, x: Any, name: str, stride: int) -> Any:
        return super()._conv(_rounded(x), name, stride)


def _rounded(tensor: Any) -> Any:
    return tf.cast(tf.cast(tensor, tf.bfloat16), tf.float32)


def by_bf16(fitted: Fitted, films: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (n, k) scores of films (n, side, side), the backbone in bfloat16."""
    state = read_state_dict(weights_file())
    net = RoundedLite(state | as_state(state, fitted.kernels), first_block=0)
    return fitted.heads.scores(pooled_features(net, films))


def by_int8(
    model: Path, calibration: list[NDArray[np.uint8]], films: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Return (n, k) scores of films (n, side, side) by the quantised model."""
    with tempfile.TemporaryDirectory() as scratch:
        run, _ = by_openvino(quantised(model, calibration, Path(scratch) / "int8.onnx"), "f32")
        parts = [
            run(films[start : start + _BATCH])["probabilities"]
            for start in range(0, len(films), _BATCH)
        ]
    table = np.concatenate(parts)
    return table[:, nih.COLUMNS].astype(np.float64)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("evidence", type=Path, metavar="EVIDENCE.npz")
    parser.add_argument("--fitted", type=Path, default=KEPT, metavar="DIR")
    parser.add_argument("--speeds", type=Path, metavar="FOUND.json")
    chosen = parser.parse_args()
    rows = nih.read_rows(chosen.films)
    side = read_manifest(chosen.model / "model.json").side
    mine = nih.to_fit(rows)
    films = np.stack([nih.film(row, side) for row in rows if nih.held_out(row.patient)])
    calibration = [nih.film(row, side) for row in mine[-_CALIBRATION:]]
    others = {
        "bf16": by_bf16(Fitted.load(chosen.fitted), films),
        "int8": by_int8(chosen.model / "model.onnx", calibration, films),
    }
    speeds: dict[str, float] = {}
    if chosen.speeds:
        found = json.loads(chosen.speeds.read_text())["precisions"]
        speeds = {
            each["name"]: round(1 / each["ratio_8"], 3)
            for each in found
            if each["name"] == "int8" or each["computes"] == f"OpenVINO {each['name']}"
        }
    evidence = Evidence.load(chosen.evidence)
    kept = {name: speed for name, speed in speeds.items() if name in others}
    replace(evidence, others=others, speeds=kept).save(chosen.evidence)
    for name, table in others.items():
        gap = np.abs(table - evidence.held_out).max()
        print(f"{name}: largest gap of a score {gap:.4f}, speed {kept.get(name, 'not measured')}")


if __name__ == "__main__":
    main()
