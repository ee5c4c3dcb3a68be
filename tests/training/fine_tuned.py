"""Fine-tune for real on drawn films, in the training environment, for test_fine_tuning.py.

`python -m tests.training.fine_tuned RUN [NAME=VALUE...]` fine-tunes into the folder RUN; a NAME is
a field of RunSettings. It leaves there `weights.npz`, what came of it, and `told.json`. hold=N:
say "held" after step N and wait, to be killed. devices=2: on two devices instead of one.
"""

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from training.backbones import Backbone
from training.fit import distribution, precision
from training.fit.feature_model import feature_model
from training.fit.fine_tune import fine_tune
from training.fit.norms import FILMS as SETTLED
from training.fit.norms import settle
from training.fit.run_settings import RunSettings
from training.fit.targets import Targets
from training.fit.tuned_network import TunedNetwork
from training.run_folder import RunFolder

SIDE, FILMS, LEARNED = 64, 60, 42
NAMES = ("Cardiomegaly", "Edema", "Pneumothorax")


def _small(side: int, weights: str) -> keras.Model:
    """Return three strides of convolution and norm: what a backbone is, in a tenth of a second."""
    assert weights == "none"
    grey = keras.Input((side, side, 1), name="grey")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(grey)
    levels = []
    for number, width in enumerate((8, 16, 24)):
        x = layers.Conv2D(width, 5, 2, "same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(name=f"norm{number}")(x)
        x = layers.ReLU(6.0)(x)
        levels.append(x)
    return keras.Model(grey, levels[1:])


SMALL = Backbone("Small", 64, _small, ("conv0", "conv1", "conv2"))


def drawn() -> tuple[NDArray[np.uint8], Targets]:
    """Return films on which a finding is a bright bar in a place of its own, and their labels."""
    rng = np.random.default_rng(8)
    values = (rng.random((FILMS, len(NAMES))) < 0.4).astype(np.float32)
    films = rng.normal(80, 10, (FILMS, SIDE, SIDE))
    for column in range(len(NAMES)):
        films[:, 20 * column + 2 : 20 * column + 16] += 60 * values[:, column, None, None]
    weights = np.ones_like(values)
    weights[::7, 1] = 0
    uncertain = np.zeros(values.shape, bool)
    uncertain[::5, 2] = True
    return np.clip(films, 0, 255).astype(np.uint8), Targets(NAMES, values, weights, uncertain)


def two_devices() -> None:
    """Split the processor in two, before anything is computed."""
    parts = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)


def tuned(folder: Path, strategy: Any, hold: int = 0, **words: Any) -> None:
    """Fine-tune a small backbone into the folder."""
    known = {"side": SIDE, "epochs": 3, "batch": 8, "from_stage": 1, "patience": 3, "rate": 3e-3}
    settings = RunSettings.model_validate(
        {"backbone": "Small", "weights": "none", "fit": "fine-tune", **known, **words}
    )
    films, targets = drawn()
    losses: list[float] = []
    original = TunedNetwork.step

    def noted(self: TunedNetwork, batch: Any) -> Any:
        loss = original(self, batch)
        losses.append(float(loss))
        if len(losses) == hold:
            sys.stdout.write("held\n")
            sys.stdout.flush()
            sys.stdin.read()
        return loss

    keras.utils.set_random_seed(settings.seed)
    model = feature_model(SMALL, SIDE, "none")
    before = [np.array(weight) for weight in model.get_weights()]
    settle(model, films[: min(LEARNED, SETTLED)])
    places = np.arange(FILMS)
    TunedNetwork.step = noted  # type: ignore[method-assign]
    try:
        fine_tune(
            model,
            SMALL,
            films,
            targets,
            places[:LEARNED],
            places[LEARNED:],
            settings,
            RunFolder(folder),
            strategy=strategy,
            checkpoint_s=0,
        )
    finally:
        TunedNetwork.step = original  # type: ignore[method-assign]
    after = model.get_weights()
    np.savez(folder / "weights.npz", *after)
    names = [weight.path.removeprefix("network/") for weight in model.weights]
    changed = [bool((old != new).any()) for old, new in zip(before, after, strict=True)]
    told = {
        "losses": losses,
        "changed": dict(zip(names, changed, strict=True)),
        "kinds": sorted({str(weight.dtype) for weight in after}),
        "policy": precision.chosen(),
    }
    (folder / "told.json").write_text(json.dumps(told))


def main(folder: Path, *, devices: int = 1, hold: int = 0, **words: Any) -> None:
    """Fine-tune as the words say."""
    two_devices()
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]) if devices == 2 else None
    folder.mkdir(parents=True, exist_ok=True)
    tuned(folder, distribution.chosen() if strategy is None else strategy, hold, **words)


if __name__ == "__main__":
    said = dict(word.split("=", 1) for word in sys.argv[2:])
    main(Path(sys.argv[1]), **{name: json.loads(value) for name, value in said.items()})
