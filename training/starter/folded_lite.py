"""EfficientNet-Lite0 as training runs it: each convolution and its frozen norm in one step.

The numbers are efficientnet_lite.py's; only the kernels are variables. A norm whose statistics
and scales stand still is a factor and a shift per channel: the factor goes onto the kernel, which
is small, instead of onto the film, which is not.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.backbones.efficientnet_lite import BLOCKS, EPSILON
from training.starter.fitted import Kernels

_LAST: Final = len(BLOCKS)


class FoldedLite:
    """The backbone of a PyTorch state dict; kernels from `first_block` on can be trained."""

    def __init__(self, state: dict[str, NDArray[Any]], first_block: int) -> None:
        self.first_block = first_block
        self._scale: dict[str, Any] = {}
        self._shift: dict[str, Any] = {}
        self._kernel: dict[str, Any] = {}
        self.variables: dict[str, tf.Variable] = {}
        self._add(state, "_conv_stem", "_bn0", trained=False)
        for number, (stage, _) in enumerate(BLOCKS):
            trained = number >= first_block
            pairs = [("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
            if stage.expand > 1:
                pairs.insert(0, ("_expand_conv", "_bn0"))
            for conv, norm in pairs:
                block = f"_blocks.{number}"
                self._add(state, f"{block}.{conv}", f"{block}.{norm}", trained=trained)
        self._add(state, "_conv_head", "_bn1", trained=True)

    def _add(self, state: dict[str, NDArray[Any]], conv: str, norm: str, *, trained: bool) -> None:
        kernel = np.asarray(state[f"{conv}.weight"], np.float32).transpose(2, 3, 1, 0)
        if conv == "_conv_stem":
            kernel = kernel.sum(axis=2, keepdims=True)
        weight, bias, mean, var = (
            np.asarray(state[f"{norm}.{part}"], np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(var + EPSILON)
        self._shift[conv] = tf.constant((bias - mean * scale).astype(np.float32))
        self._scale[conv] = tf.constant(scale.astype(np.float32))
        if trained:
            self.variables[conv] = tf.Variable(kernel, name=conv.replace(".", "_"))
            self._kernel[conv] = self.variables[conv]
        else:
            self._kernel[conv] = tf.constant(kernel)

    def put(self, kernels: Kernels) -> None:
        """Give the trained kernels these numbers. Raises KeyError for one that is not trained."""
        for name, kernel in kernels.items():
            self.variables[name].assign(kernel)

    def early(self, films: Any, picked: Sequence[int]) -> tuple[Any, Any]:
        """Return what the first trained block gets, and the picked levels before it, pooled.

        films: grey (n, h, w, 1), 0..255. The second is (n, c), c 0 where none is picked.
        """
        x = (films - 127.0) / 128.0
        x = tf.nn.relu6(self._conv(x, "_conv_stem", 2))
        found = [x[:, 0, 0, :0]]
        for number in range(self.first_block):
            x = self._block(x, number)
            if number in picked:
                found.append(pooled(x))
        return x, tf.concat(found, axis=1)

    def late(self, x: Any, before: Any, picked: Sequence[int]) -> Any:
        """Return the pooled features (n, d) of the picked levels, from what `early` gave."""
        found = [before]
        for number in range(self.first_block, _LAST):
            x = self._block(x, number)
            if number in picked:
                found.append(pooled(x))
        x = tf.nn.relu6(self._conv(x, "_conv_head", 1))
        return tf.concat([*found, pooled(x)], axis=1)

    def _folded(self, name: str) -> Any:
        return self._kernel[name] * self._scale[name]

    def _conv(self, x: Any, name: str, stride: int) -> Any:
        kernel = self._folded(name)
        if name.endswith("_depthwise_conv"):
            # (h, w, 1, c) of PyTorch's (c, 1, h, w): TensorFlow wants (h, w, c, 1).
            kernel = tf.transpose(kernel, (0, 1, 3, 2))
            x = tf.nn.depthwise_conv2d(x, kernel, (1, stride, stride, 1), "SAME")
        else:
            x = tf.nn.conv2d(x, kernel, stride, "SAME")
        return tf.nn.bias_add(x, self._shift[name])

    def _block(self, x: Any, number: int) -> Any:
        stage, stride = BLOCKS[number]
        came, name = x, f"_blocks.{number}"
        if stage.expand > 1:
            x = tf.nn.relu6(self._conv(x, f"{name}._expand_conv", 1))
        x = tf.nn.relu6(self._conv(x, f"{name}._depthwise_conv", stride))
        x = self._conv(x, f"{name}._project_conv", 1)
        return x + came if stride == 1 and came.shape[-1] == stage.channels else x


def pooled(level: Any) -> Any:
    """Return the mean over places, (n, c), of a level (n, h, w, c)."""
    return tf.reduce_mean(level, axis=(1, 2))
