"""TorchXRayVision's DenseNet121, trained on chest films: 1,024 channels at 1/32 of the side.

Huang et al. 2017 (arXiv 1608.06993), "DenseNet-BC": growth 32, blocks of 6, 12, 24 and 16 layers,
each narrowed to 4 times the growth first; one grey channel in -1024..1024, as Cohen et al. 2022
(arXiv 2111.00595) trained it. Layers have the names of the publisher's tensors. Padding is
PyTorch's, the same on all sides, where Keras' "same" would put more at the end.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import keras
from keras import layers
from numpy.typing import NDArray

from training.backbones import Backbone, register
from training.backbones.given_weights import load
from training.backbones.torch_weights import read_state_dict
from training.errors import WrongInput

NAME: Final = "TorchXRayVision"
SIDE: Final = 224
FEATURES: Final = 1024
#: Files of PyTorch; others are Keras'.
ENDINGS: Final = (".pt", ".pth")
_GROWTH: Final = 32
_BLOCKS: Final = (6, 12, 24, 16)
_NARROW: Final = 4 * _GROWTH
_STEM: Final = 64
#: PyTorch's default, which the publisher kept.
_EPSILON: Final = 1e-5


def network(side: int | None) -> keras.Model:
    """Return the network with random weights.

    In: float (n, side, side, 1), grey 0..255. Out: (n, side / 32, side / 32, 1024), not negative;
    the publisher's classifier sees the mean over places.
    """
    grey = keras.Input((side, side, 1), name="grey")
    x = layers.Rescaling(2048 / 255, offset=-1024.0, name="scaled")(grey)
    x = _conv(layers.ZeroPadding2D(3)(x), _STEM, 7, "features.conv0", stride=2)
    x = _norm(x, "features.norm0")
    # PyTorch pads what it takes maxima of with less than anything; after a ReLU, 0 does the same.
    x = layers.MaxPooling2D(3, 2, name="features.pool0")(layers.ZeroPadding2D(1)(x))
    for number, count in enumerate(_BLOCKS, start=1):
        for place in range(1, count + 1):
            x = _dense_layer(x, f"features.denseblock{number}.denselayer{place}")
        if number < len(_BLOCKS):
            name = f"features.transition{number}"
            x = _conv(_norm(x, f"{name}.norm"), x.shape[-1] // 2, 1, f"{name}.conv")
            x = layers.AveragePooling2D(2, name=f"{name}.pool")(x)
    return keras.Model(grey, [_norm(x, "features.norm5")], name=NAME.lower())


def load_tensors(model: keras.Model, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Give the network a state dict's tensors; the classifier's are left to the caller.

    Raises ValueError for a tensor that is missing, of another shape, not finite, or that has no
    place: a network that is half its own would still answer.
    """
    left = {
        name: tensor
        for name, tensor in tensors.items()
        if name.startswith("features.") and not name.endswith("num_batches_tracked")
    }
    for layer, name, places in _places(model):
        found = []
        for place, axes in places:
            tensor = left.pop(f"{name}.{place}", None)
            if tensor is None:
                raise ValueError(f"wanted the tensor {name}.{place}, came none")
            turned = tensor.transpose(axes) if tensor.ndim == len(axes) else tensor
            found.append(turned.astype("float32"))
        came = [tensor.shape for tensor in found]
        wanted = [tuple(weight.shape) for weight in layer.weights]
        if came != wanted:
            raise ValueError(f"{name}: wanted {wanted}, came {came}")
        if not all(bool((abs(tensor) < float("inf")).all()) for tensor in found):
            raise ValueError(f"{name}: wanted finite numbers, came others")
        layer.set_weights(found)
    if left:
        raise ValueError(f"wanted a layer for every tensor, none for {sorted(left)[:3]}")


def _places(
    model: keras.Model,
) -> Iterator[tuple[Any, str, tuple[tuple[str, tuple[int, ...]], ...]]]:
    """Give each layer with its tensors' names and how their axes are turned for Keras."""
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            parts = ("weight", "bias", "running_mean", "running_var")
            yield layer, layer.name, tuple((part, (0,)) for part in parts)
        elif isinstance(layer, layers.Conv2D):
            # (out, in, h, w) to (h, w, in, out)
            yield layer, layer.name, (("weight", (2, 3, 1, 0)),)


def _build(side: int, weights: str) -> keras.Model:
    """Return the network; see Backbone.build. A .pt file is the publisher's or a state dict."""
    if side < 64:
        raise WrongInput(f"{NAME}: wanted a --side of 64 at least, came {side}")
    if weights == "imagenet":
        raise WrongInput(
            f"{NAME} has no ImageNet weights: say --weights FILE, a file of its publisher"
            " (`radiotheque models fetch`), or --weights none"
        )
    model = network(side)
    if weights.endswith(ENDINGS):
        try:
            load_tensors(model, read_state_dict(Path(weights)))
        except OSError as error:
            raise WrongInput(f"--weights: {weights}: {error.strerror}") from None
        except ValueError as error:
            raise WrongInput(f"--weights: {weights} does not fit {NAME}: {error}") from None
    elif weights != "none":
        load(model, Path(weights))
    return model


def _conv(x: Any, channels: int, kernel: int, name: str, *, stride: int = 1) -> Any:
    return layers.Conv2D(channels, kernel, stride, use_bias=False, name=name)(x)


def _norm(x: Any, name: str) -> Any:
    return layers.ReLU()(layers.BatchNormalization(epsilon=_EPSILON, name=name)(x))


def _dense_layer(x: Any, name: str) -> Any:
    """Return what came with 32 channels more: narrowed, then filtered 3 by 3."""
    new = _conv(_norm(x, f"{name}.norm1"), _NARROW, 1, f"{name}.conv1")
    new = layers.ZeroPadding2D(1)(_norm(new, f"{name}.norm2"))
    return layers.Concatenate()([x, _conv(new, _GROWTH, 3, f"{name}.conv2")])


TORCHXRAYVISION: Final = register(
    Backbone(
        "TorchXRayVision",
        SIDE,
        _build,
        (
            "features.conv0",
            "features.denseblock1.denselayer1.norm1",
            "features.transition1.norm",
            "features.denseblock2.denselayer1.norm1",
            "features.transition2.norm",
            "features.denseblock3.denselayer1.norm1",
            "features.transition3.norm",
            "features.denseblock4.denselayer1.norm1",
            "features.norm5",
        ),
    )
)
