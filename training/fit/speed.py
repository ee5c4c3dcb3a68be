"""How fast training goes against Keras alone on arrays in memory, as ratios from one run.

    python -m training.fit.speed [--backbones A,B] [--side N] [--films N] [--pairs N]

Two ratios for each backbone, with random weights: speed does not depend on them.

features    our extraction, from the film cache's file to tables on the disk
            (training/fit/features.py), over the network's own `predict` on floats in memory
fine-tune   our step and pipeline from the cache's file (training/fit/film_stream.py), with
            TensorFlow's deterministic operations, over `model.fit` of the same layers on arrays in
            memory without them; once as it is, films changed, and once without changes

Ours and theirs take turns, and a figure is the median of the pairs' ratios: what else the machine
does meanwhile slows both. By the clock, and by processor time, which another process takes less
from. The first turn of each is not counted. Of `features`, every turn traces its graph anew, ours
and theirs; of `fine-tune`, none does.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.config import disable_op_determinism

from training import backbones
from training.fit import features, precision
from training.fit.feature_model import feature_model
from training.fit.film_stream import Films, stream
from training.fit.first_head import FirstHead
from training.fit.norms import norms
from training.fit.targets import Targets
from training.fit.tuned_network import TunedNetwork, Tuning

_BATCH: Final = 32
_FINDINGS: Final = tuple(f"finding {number}" for number in range(14))


def measured(name: str, side: int, count: int, pairs: int, folder: Path) -> dict[str, Any]:
    """Return films a second and ratios of one backbone."""
    rng = np.random.default_rng(1)
    file = folder / f"{name}.npy"
    np.save(file, rng.integers(0, 256, (count, side, side), np.uint8))
    cached, arrays = np.load(file, mmap_mode="r"), np.load(file)
    values = (rng.random((count, len(_FINDINGS))) < 0.2).astype(np.float32)
    return {
        "features": _features(name, cached, arrays, pairs, folder),
        **_fine_tune(name, cached, arrays, values, pairs),
    }


def _features(
    name: str, cached: Any, arrays: NDArray[np.uint8], pairs: int, folder: Path
) -> dict[str, float]:
    model = feature_model(backbones.named(name), arrays.shape[1], "none")
    network = model.get_layer("network")
    floats = arrays[..., None].astype(np.float32)
    sample = np.arange(0, len(arrays), 8)

    def ours() -> None:
        # Another folder each time: what is kept would be read.
        with tempfile.TemporaryDirectory(dir=folder) as kept:
            features.kept(model, cached, sample, Path(kept), name)

    def theirs() -> None:
        # A model of its own traces anew, as an extraction does.
        keras.Model(network.input, network.outputs).predict(floats, batch_size=_BATCH, verbose=0)

    return _ratio(ours, theirs, len(arrays), pairs)


def _fine_tune(
    name: str, cached: Any, arrays: NDArray[np.uint8], values: NDArray[np.float32], pairs: int
) -> dict[str, dict[str, float]]:
    backbone, side = backbones.named(name), arrays.shape[1]
    steps, policy = len(arrays) // _BATCH, precision.chosen()
    tuning = Tuning(backbone, side, 0, len(_FINDINGS), (), 1e-5, 10 * pairs * steps, policy)
    strategy = tf.distribute.get_strategy()
    network = TunedNetwork(tuning, strategy)
    width = network.width
    nothing = np.zeros((width, len(_FINDINGS)), np.float32)
    network.put_head(FirstHead(nothing[:, 0], nothing[:, 0] + 1, nothing, nothing[0]))
    targets = Targets(_FINDINGS, values, np.ones_like(values), np.zeros(values.shape, bool))
    places = np.arange(len(arrays))
    with precision.policy(policy):
        base = feature_model(backbone, side, "none")
        for layer in norms(base.get_layer("network")):
            layer.trainable = False
        logits = keras.layers.Dense(len(_FINDINGS), dtype="float32")(base.outputs[0])
    theirs_model = keras.Model(base.input, logits)
    theirs_model.compile(
        keras.optimizers.AdamW(1e-5), keras.losses.BinaryCrossentropy(from_logits=True)
    )

    def theirs() -> None:
        disable_op_determinism()
        theirs_model.fit(arrays, values, batch_size=_BATCH, epochs=1, verbose=0)

    def ours(epoch: int, *, augment: bool) -> None:
        tf.config.experimental.enable_op_determinism()
        films = Films(cached, targets, places, width, _BATCH, 0.2, augment=augment, seed=1)
        for batch in stream(films, epoch, 0, strategy):
            loss = network.step(batch)
        float(loss)

    count = len(arrays)
    return {
        "fine-tune": _ratio(lambda: ours(1, augment=True), theirs, count, pairs),
        "fine-tune, films unchanged": _ratio(lambda: ours(2, augment=False), theirs, count, pairs),
    }


def _ratio(
    ours: Callable[[], None], theirs: Callable[[], None], films: int, pairs: int
) -> dict[str, float]:
    """Return films a second of both and the median ratios, ours over theirs."""
    ours()
    theirs()
    took: list[tuple[float, ...]] = []
    for number in range(pairs):
        # Whoever is second finds the processor warmer: they change places.
        first, second = (ours, theirs) if number % 2 == 0 else (theirs, ours)
        one, other = _timed(first), _timed(second)
        took.append((*one, *other) if number % 2 == 0 else (*other, *one))
    return {
        "ours": films / median(each[0] for each in took),
        "theirs": films / median(each[2] for each in took),
        "clock": median(each[2] / each[0] for each in took),
        "processor": median(each[3] / each[1] for each in took),
    }


def _timed(turn: Callable[[], None]) -> tuple[float, float]:
    clock, used = time.perf_counter(), time.process_time()
    turn()
    return time.perf_counter() - clock, time.process_time() - used


def main() -> None:
    """Measure and print a table."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--backbones", default="MobileNetV2,EfficientNetLite0")
    words.add_argument("--side", type=int, default=224)
    words.add_argument("--films", type=int, default=256, help="a multiple of 32")
    words.add_argument("--pairs", type=int, default=7)
    words.add_argument("--threads", type=int, default=0, help="of one operation; 0: TensorFlow's")
    chosen = words.parse_args()
    if chosen.threads:
        tf.config.threading.set_intra_op_parallelism_threads(chosen.threads)
    load = os.getloadavg()[0]
    print(f"load before {load:.1f}; {precision.chosen()}; TensorFlow {tf.__version__}")
    print("backbone, what: ours / theirs, films a second: ratio by clock, by processor time")
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen.backbones.split(","):
            found = measured(name, chosen.side, chosen.films, chosen.pairs, Path(folder))
            for what, figures in found.items():
                print(
                    f"{name}, {what}: {figures['ours']:.1f} / {figures['theirs']:.1f}:"
                    f" {figures['clock']:.3f}, {figures['processor']:.3f}"
                )
                sys.stdout.flush()
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
