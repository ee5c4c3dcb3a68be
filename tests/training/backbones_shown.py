"""Build every backbone and say what it does, in the training environment, for test_backbones.py.

`python -m tests.training.backbones_shown FOLDER` prints one JSON object.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training import backbones
from training.errors import WrongInput
from training.fit.feature_model import feature_model
from training.fit.norms import FILMS, settle

SIDE = 96
_MODULES = {
    "Xception": keras.applications.xception,
    "ResNet50V2": keras.applications.resnet_v2,
    "InceptionV3": keras.applications.inception_v3,
    "MobileNetV2": keras.applications.mobilenet_v2,
    "DenseNet121": keras.applications.densenet,
}


def built(name: str) -> dict[str, Any]:
    """Return what one backbone with random weights gives, and how its stages lie."""
    backbone = backbones.named(name)
    keras.utils.set_random_seed(3)
    model = feature_model(backbone, SIDE, "none")
    films = np.random.default_rng(1).integers(0, 256, (2, SIDE, SIDE), np.uint8)
    pooled, last = (answer.numpy() for answer in model(films, training=False))
    network = model.get_layer("network")
    order = [layer.name for layer in network.layers]
    inside = [
        sum(len(layer.weights) for layer in network.layers[order.index(stage) :])
        for stage in backbone.stages
    ]
    said = {
        "pooled": pooled.shape,
        "last": last.shape,
        "kinds": [str(pooled.dtype), str(last.dtype)],
        "off": float(np.abs(pooled[:, -last.shape[-1] :] - last.mean(axis=(1, 2))).max()),
        "finite": bool(np.isfinite(pooled).all()),
        "arrays": len(network.weights),
        "inside": inside,
        "side": backbone.side,
    }
    if name in _MODULES:
        grey = films[..., None].astype(np.float32)
        front = keras.Model(network.input, network.get_layer("scaled").output)
        wanted = _MODULES[name].preprocess_input(np.repeat(grey, 3, axis=3).copy())
        said["scaling_off"] = float(np.abs(front(grey).numpy() - wanted).max())
    return said


def settling_mb() -> float:
    """Return how much memory DenseNet121 takes while its norms measure themselves."""
    keras.utils.set_random_seed(3)
    model = feature_model(backbones.named("DenseNet121"), SIDE, "none")
    films = np.random.default_rng(1).integers(0, 256, (FILMS, SIDE, SIDE), np.uint8)
    Path("/proc/self/clear_refs").write_text("5")  # the highest so far begins anew
    before = memory_kb("VmRSS")
    settle(model, films)
    return (memory_kb("VmHWM") - before) / 1000


def memory_kb(name: str) -> int:
    """Return a figure of this process's memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])


def refused(backbone: str, side: int, weights: object) -> str:
    """Return what is said of these weights, "" where they are taken."""
    try:
        backbones.named(backbone).build(side, str(weights))
    except WrongInput as error:
        return str(error)
    return ""


def weights_shown(folder: Path) -> dict[str, Any]:
    """Return what comes of files of weights, right and wrong ones."""
    named = backbones.named("MobileNetV2")
    keras.utils.set_random_seed(5)
    plain = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(64, 64, 3)
    )
    films = np.random.default_rng(2).uniform(0, 255, (2, 64, 64, 1)).astype(np.float32)
    wanted = plain(np.repeat(films, 3, axis=3) / 127.5 - 1).numpy()
    off = {}
    for ending in ("whole.keras", "only.weights.h5", "old.h5"):
        file = folder / ending
        plain.save_weights(file) if "weights" in ending else plain.save(file)
        came = named.build(64, str(file))(films)[0].numpy()
        off[ending] = float(np.abs(came - wanted).max())
    # Keras' own fetch finds what is there already, under the name that it fetches.
    there = Path(os.environ["KERAS_HOME"]) / "models"
    there.mkdir(parents=True)
    kept = there / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    kept.write_bytes((folder / "old.h5").read_bytes())
    off["imagenet"] = float(np.abs(named.build(64, "imagenet")(films)[0].numpy() - wanted).max())

    top = keras.applications.MobileNetV2(weights=None, input_shape=(64, 64, 3), classes=7)
    top.save(folder / "top.h5")
    top.save(folder / "top.keras")
    data = (folder / "only.weights.h5").read_bytes()
    (folder / "cut.weights.h5").write_bytes(data[: len(data) // 2])
    broken = keras.models.clone_model(plain)
    broken.weights[7].assign(np.full(broken.weights[7].shape, np.inf))
    broken.save_weights(folder / "broken.weights.h5")
    return {
        "off": off,
        "refused": {
            "with its classifier, old": refused("MobileNetV2", 64, folder / "top.h5"),
            "with its classifier": refused("MobileNetV2", 64, folder / "top.keras"),
            "of another network": refused("ResNet50V2", 64, folder / "only.weights.h5"),
            "of another network, old": refused("EfficientNetLite0", 64, folder / "old.h5"),
            "cut off": refused("MobileNetV2", 64, folder / "cut.weights.h5"),
            "not finite": refused("MobileNetV2", 64, folder / "broken.weights.h5"),
            "no such file": refused("MobileNetV2", 64, folder / "nothing.h5"),
            "another ending": refused("MobileNetV2", 64, __file__),
            "a side too small": refused("InceptionV3", 64, "none"),
            "a side between": refused("EfficientNetLite0", 80, "none"),
        },
        "out of reach": refused("DenseNet121", 64, "imagenet"),
    }


if __name__ == "__main__":
    every = {name: built(name) for name in backbones.names()}
    said = {"built": every, "settling_mb": settling_mb(), **weights_shown(Path(sys.argv[1]))}
    sys.stdout.write(json.dumps(said) + "\n")
