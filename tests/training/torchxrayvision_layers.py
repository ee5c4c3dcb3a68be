"""Run in the training environment: every layer of the imported network beside the one by hand.

python -m tests.training.torchxrayvision_layers OUT.json WORK
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np

from tests.training.densenet_by_hand import every_output, random_tensors
from tests.training.torch_files import whole_module
from tests.training.torchxrayvision_runs import runs
from training import backbones
from training.backbones.torchxrayvision_densenet121 import load_tensors
from training.errors import WrongInput
from training.fit.feature_model import feature_model

SIDE = 64


def refused(model: keras.Model, tensors: dict[str, np.ndarray]) -> str:
    """Return what is said of tensors that do not fit."""
    try:
        load_tensors(model, tensors)
    except ValueError as error:
        return str(error)
    return ""


def main(out: Path, work: Path) -> None:
    """Write what the tests look at."""
    tensors = random_tensors(3)
    films = np.random.default_rng(1).integers(0, 256, (2, SIDE, SIDE), np.uint8)
    by_hand = every_output(tensors, films)
    backbone = backbones.named("TorchXRayVision")
    file = whole_module(work / "zip.pt", tensors, legacy=False)
    model = feature_model(backbone, SIDE, str(file))
    inner = model.get_layer("network")
    names = [layer.name for layer in inner.layers if layer.name in by_hand]
    every = keras.Model(inner.input, [inner.get_layer(name).output for name in names])
    answers = every(films[..., None].astype(np.float32), training=False)
    came = {
        name: np.asarray(answer).transpose(0, 3, 1, 2)
        for name, answer in zip(names, answers, strict=True)
    }
    came["pooled"] = np.asarray(model(films, training=False)[0])
    gaps = {}
    for name, said in came.items():
        size = max(1, np.abs(by_hand[name]).max())
        gaps[name] = float(np.abs(said - by_hand[name]).max() / size)
    short = dict(tensors)
    del short["features.denseblock3.denselayer24.conv2.weight"]
    wrong = tensors | {"features.norm0.bias": np.ones(3, np.float32)}
    sick = tensors | {"features.norm5.bias": np.full(1024, np.nan, np.float32)}
    more = tensors | {"features.denseblock5.weight": np.ones(3, np.float32)}
    no_imagenet = ""
    try:
        backbone.build(SIDE, "imagenet")
    except WrongInput as error:
        no_imagenet = str(error)
    shown = {
        "gaps": gaps,
        "by_hand": sorted(by_hand),
        "sizes": {name: float(np.abs(each).max()) for name, each in by_hand.items()},
        "refused": [refused(inner, each) for each in (short, wrong, sick, more)],
        "imagenet": no_imagenet,
        "logits": by_hand["classifier"].tolist(),
        **runs(tensors, films, work),
    }
    out.write_text(json.dumps(shown, indent=2))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
