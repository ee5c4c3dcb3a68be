"""Runs a run's model over films, by ONNX Runtime as it is served or by Keras."""

import os
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS
from training.errors import WrongInput
from training.progress import Progress
from training.quiet_import import import_tensorflow
from training.run_folder import RunFolder

BATCH: Final = 32
#: The served graph's output that holds the calibrated scores.
_SCORES: Final = "probabilities"
#: Takes uint8 (n, side, side), returns float32 (n, 14), NaN where not assessed.
Scorer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def scorer(run: RunFolder) -> tuple[Scorer, int]:
    """Return what scores films, and the side in pixels that it wants.

    By ONNX Runtime where there is a model.onnx, as it is served; else by Keras. Raises
    WrongInput for a file that neither can read.
    """
    return _by_onnx(run) if run.onnx.is_file() else _by_keras(run)


def _by_onnx(run: RunFolder) -> tuple[Scorer, int]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            run.onnx, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # noqa: BLE001 - the runtime's errors have no common class
        said = str(error).splitlines()[0][:200]
        raise WrongInput(f"{run.onnx}: no model that ONNX Runtime can read: {said}") from None
    image = session.get_inputs()[0]

    def scores(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(session.run([_SCORES], {image.name: pixels})[0])

    return scores, int(image.shape[1])


def _by_keras(run: RunFolder) -> tuple[Scorer, int]:
    import_tensorflow()
    import keras

    try:
        model: Any = keras.models.load_model(run.model, compile=False)
    except (ValueError, OSError) as error:
        said = str(error).strip().splitlines()[0][:200]
        raise WrongInput(f"{run.model}: no model that Keras can read: {said}") from None

    def scores(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(model(pixels)[_SCORES])

    return scores, int(model.input.shape[1])


def score(
    scores: Scorer, pixels: NDArray[np.uint8], places: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return float64 (m, 14) of the films at m places of pixels (n, side, side), with progress."""
    progress = Progress("films scored", len(places))
    progress.at(0)
    found = np.full((len(places), len(FINDINGS)), np.nan)
    for start in range(0, len(places), BATCH):
        part = places[start : start + BATCH]
        found[start : start + len(part)] = scores(pixels[part])
        progress.at(start + len(part))
    return found


def images_per_second(scores: Scorer, side: int, seconds: float = 1.5) -> float:
    """Return how many drawn films a second are scored in batches, after a first that is not timed.

    The faster half of the batches counts, so that a moment's other work does not.
    """
    films = np.random.default_rng(1).integers(0, 256, (BATCH, side, side), np.uint8)
    scores(films)
    taken: list[float] = []
    began = time.monotonic()
    while time.monotonic() - began < seconds or len(taken) < 3:
        start = time.monotonic()
        scores(films)
        taken.append(time.monotonic() - start)
    return BATCH / float(np.median(sorted(taken)[: (len(taken) + 1) // 2]))
