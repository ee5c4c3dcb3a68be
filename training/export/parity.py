"""Holds an exported model equal to Keras: the same films through both, the largest differences.

    python -m training.export.parity MODEL_DIR|RUN [--films N]
    python -m training.export.parity MODEL_DIR --served ANSWERS.npz

The second form holds what a server answered (`image` and the four outputs, in one .npz) equal to
ONNX Runtime instead. Prints one JSON object. `features` are half precision: of their difference,
what one rounding step explains is taken off. `nan_equal` says whether "not assessed" agrees.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from training.export.onnx_model import read_manifest
from training.export.served_graph import OUTPUTS
from training.starter.fitted import KEPT, Fitted
from training.starter.graph import starter_model


def differences(folder: Path, films: int = 7, heads_dir: Path = KEPT) -> dict[str, Any]:
    """Return the largest difference of each output between Keras and ONNX Runtime.

    Keras' side is the run's model.keras or, where the folder has none, the starter of `heads_dir`.
    The films are drawn: noise, flat grey, ramps; what they show does not matter here.
    """
    images = _drawn(films, read_manifest(folder / "model.json").side)
    keras_model = _keras_model(folder, heads_dir)
    wanted = {name: np.asarray(value) for name, value in keras_model(images).items()}
    session = _session(folder)
    came = dict(zip(OUTPUTS, session.run(list(OUTPUTS), {"image": images}), strict=True))
    first = {name: np.asarray(value) for name, value in keras_model(images[:1]).items()}
    alone = dict(zip(OUTPUTS, session.run(list(OUTPUTS), {"image": images[:1]}), strict=True))
    return _compared(wanted, came) | {
        "batch_of_one": _largest(alone["probabilities"], came["probabilities"][:1]),
        "alone": _compared(first, alone),
        "assessed": [int(n) for n in np.flatnonzero(~np.isnan(came["probabilities"][0]))],
        "embedding_length": [float(n) for n in np.linalg.norm(came["embedding"], axis=1)],
        "activation_range": [float(came["activation"].min()), float(came["activation"].max())],
        "shapes": {name: list(value.shape) for name, value in came.items()},
        "dtypes": {name: str(value.dtype) for name, value in came.items()},
    }


def _keras_model(folder: Path, heads_dir: Path) -> keras.Model:
    kept = folder / "model.keras"
    if kept.is_file():
        return keras.models.load_model(kept, compile=False)
    side = read_manifest(folder / "model.json").side
    return starter_model(Fitted.load(heads_dir), side)


def served_differences(folder: Path, answers: Path) -> dict[str, Any]:
    """Return the largest difference of each output between a server's answers and ONNX Runtime."""
    with np.load(answers, allow_pickle=False) as kept:
        served = {name: kept[name] for name in OUTPUTS}
        images = kept["image"]
    wanted = _session(folder).run(list(OUTPUTS), {"image": images})
    return _compared(dict(zip(OUTPUTS, wanted, strict=True)), served)


def _compared(wanted: dict[str, Any], came: dict[str, Any]) -> dict[str, Any]:
    unknown, gaps = np.isnan(wanted["probabilities"]), np.isnan(came["probabilities"])
    return {
        "films": len(gaps),
        "probabilities": _largest(wanted["probabilities"], came["probabilities"]),
        "embedding": _largest(wanted["embedding"], came["embedding"]),
        "activation": _largest(wanted["activation"], came["activation"]),
        "features": _beyond_rounding(wanted["features"], came["features"]),
        "nan_equal": bool((unknown == gaps).all()),
    }


def _session(folder: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    weights = (folder / "model.onnx").read_bytes()
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def _drawn(films: int, side: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(7)
    ramp = np.linspace(0, 255, side, dtype=np.uint8)
    kinds = (
        rng.integers(0, 256, (side, side), np.uint8),
        np.full((side, side), 128, np.uint8),
        np.tile(ramp, (side, 1)),
        np.tile(ramp[:, None], (1, side)),
        np.zeros((side, side), np.uint8),
    )
    return np.stack([kinds[number % len(kinds)] for number in range(films)])


def _largest(wanted: NDArray[Any], came: NDArray[Any]) -> float:
    return float(np.nanmax(np.abs(wanted.astype(np.float64) - came.astype(np.float64))))


def _beyond_rounding(wanted: NDArray[Any], came: NDArray[Any]) -> float:
    step = np.maximum(np.spacing(np.abs(wanted)), np.spacing(np.abs(came))).astype(np.float64)
    apart = np.abs(wanted.astype(np.float64) - came.astype(np.float64))
    return float(np.max(np.maximum(apart - step, 0)))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="MODEL_DIR")
    parser.add_argument("--films", type=int, default=7)
    parser.add_argument("--served", type=Path, metavar="ANSWERS.npz")
    chosen = parser.parse_args()
    if chosen.served is None:
        found = differences(chosen.folder, chosen.films)
    else:
        found = served_differences(chosen.folder, chosen.served)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
