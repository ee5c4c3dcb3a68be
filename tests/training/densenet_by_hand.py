"""TorchXRayVision's DenseNet121 written out in numpy, PyTorch's order of axes, float64.

By the paper (Huang et al. 2017, table 1) and PyTorch's documentation of its layers; shares nothing
with training/backbones.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BLOCKS = (6, 12, 24, 16)


def shapes(outputs: int = 18) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give every tensor's name and shape."""

    def norm(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.{part}", (channels,)
        yield f"{name}.num_batches_tracked", ()

    yield "features.conv0.weight", (64, 1, 7, 7)
    yield from norm("features.norm0", 64)
    channels = 64
    for block, count in enumerate(BLOCKS, start=1):
        for layer in range(1, count + 1):
            name = f"features.denseblock{block}.denselayer{layer}"
            yield from norm(f"{name}.norm1", channels)
            yield f"{name}.conv1.weight", (128, channels, 1, 1)
            yield from norm(f"{name}.norm2", 128)
            yield f"{name}.conv2.weight", (32, 128, 3, 3)
            channels += 32
        if block < len(BLOCKS):
            yield from norm(f"features.transition{block}.norm", channels)
            yield f"features.transition{block}.conv.weight", (channels // 2, channels, 1, 1)
            channels //= 2
    yield from norm("features.norm5", channels)
    yield "classifier.weight", (outputs, channels)
    yield "classifier.bias", (outputs,)


def random_tensors(seed: int, outputs: int = 18) -> dict[str, Array]:
    """Return tensors that keep what flows through the network of a size with 1."""
    rng = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    for name, shape in shapes(outputs):
        part = name.rsplit(".", 1)[1]
        if part == "num_batches_tracked":
            found[name] = np.array(5, "<i8")
            continue
        if part == "running_var":
            numbers = rng.uniform(0.5, 2, shape) * (1e6 if ".norm0." in name else 1)
        elif part == "running_mean":
            numbers = rng.normal(0, 0.2, shape) * (1e3 if ".norm0." in name else 1)
        elif "norm" in name and part == "weight":
            numbers = rng.uniform(0.5, 1.5, shape)
        elif part == "bias":
            numbers = rng.normal(0, 0.3, shape)
        else:
            numbers = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        found[name] = numbers.astype("<f4")
    return found


def every_output(tensors: Mapping[str, Array], films: NDArray[np.uint8]) -> dict[str, Array]:
    """Return what each layer says of films (n, side, side), by the layer's name."""
    said: dict[str, Array] = {}

    def conv(x: Array, name: str, *, stride: int = 1, pad: int = 0) -> Array:
        said[name] = _conv(x, tensors[f"{name}.weight"].astype(np.float64), stride, pad)
        return said[name]

    def norm(x: Array, name: str) -> Array:
        weight, bias, mean, var = (
            tensors[f"{name}.{part}"].astype(np.float64)[:, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        said[name] = (x - mean) / np.sqrt(var + 1e-5) * weight + bias
        return np.maximum(said[name], 0)

    x = (films[:, None].astype(np.float64) / 255 * 2 - 1) * 1024
    x = norm(conv(x, "features.conv0", stride=2, pad=3), "features.norm0")
    around = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    x = _windows(around, 3, 2).max(axis=(-2, -1))
    said["features.pool0"] = x
    for block, count in enumerate(BLOCKS, start=1):
        for layer in range(1, count + 1):
            name = f"features.denseblock{block}.denselayer{layer}"
            new = conv(norm(x, f"{name}.norm1"), f"{name}.conv1")
            new = conv(norm(new, f"{name}.norm2"), f"{name}.conv2", pad=1)
            x = np.concatenate([x, new], axis=1)
        if block < len(BLOCKS):
            name = f"features.transition{block}"
            x = conv(norm(x, f"{name}.norm"), f"{name}.conv")
            x = _windows(x, 2, 2).mean(axis=(-2, -1))
            said[f"{name}.pool"] = x
    pooled = norm(x, "features.norm5").mean(axis=(2, 3))
    said["pooled"] = pooled
    said["classifier"] = pooled @ tensors["classifier.weight"].T.astype(np.float64)
    said["classifier"] = said["classifier"] + tensors["classifier.bias"]
    return said


def _conv(x: Array, kernel: Array, stride: int, pad: int) -> Array:
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = _windows(x, kernel.shape[-1], stride)
    return np.tensordot(windows, kernel, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)


def _windows(x: Array, size: int, stride: int) -> Array:
    """Return (n, c, h, w, size, size)."""
    found = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return found[:, :, ::stride, ::stride]
