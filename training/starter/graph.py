"""The starter model as one graph: EfficientNet-Lite0, pooled levels, heads, projection.

What goes in and comes out is schemas/models.py's tensor contract, whole: no caller scales, pools
or normalises anything.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from schemas.findings import FINDINGS, INDEX
from training.backbones.efficientnet_lite import backbone, weights_file
from training.fit.linear import Heads
from training.starter.fitted import Fitted, Kernels

#: Pixels. Chosen in docs/adr/0020-starter-model.md.
SIDE: Final = 320
#: Which of the backbone's outputs are pooled: blocks 5, 10 and 15, and the head after block 15.
LEVELS: Final = (5, 10, 15, 16)
OUTPUTS: Final = ("probabilities", "embedding", "features", "activation")


def with_threads(count: int) -> None:
    """Let one operation use so many threads, 0: as many as TensorFlow likes. Before any model."""
    tf.config.threading.set_intra_op_parallelism_threads(count)


def feature_model(
    side: int = SIDE, levels: Sequence[int] = LEVELS, kernels: Kernels | None = None
) -> keras.Model:
    """Return uint8 (n, side, side) -> the pooled features float32 (n, d), then the last level.

    The last level is float32 (n, side / 32, side / 32, 1280), what its share of the pooled
    features is the mean of.
    """
    image = keras.Input((side, side), dtype="uint8", name="image")
    grey = layers.Reshape((side, side, 1))(ops.cast(image, "float32"))
    all_levels = backbone(kernels=kernels)(grey)
    picked = [all_levels[level] for level in levels]
    pooled = layers.Concatenate()([layers.GlobalAveragePooling2D()(level) for level in picked])
    return keras.Model(image, [pooled, picked[-1]], name="pooled_levels")


def starter_model(fitted: Fitted, side: int = SIDE, levels: Sequence[int] = LEVELS) -> keras.Model:
    """Return the served graph: a dictionary of the four outputs by name.

    probabilities (n, 14): sigmoid of the linear heads, NaN where `heads.names` lacks a finding.
    embedding (n, 512): features centred, scaled, projected, then divided by their length.
    features (n, d) float16: the pooled features before centring.
    activation (n, 14, h, w), 0..1: the class activation map (Zhou et al. 2016) of the last level.
        A finding's logit is a sum over pooled channels, and pooling is a mean over places, so the
        logit is a mean over places too: the place's push is the last level's channels there,
        centred and scaled as the heads do, times their weights. Pushes towards "no" are 0; 1 is
        `heads.map_scale`, one figure per finding, so that a faint map stays faint from film to
        film. The blocks pooled at finer levels have no part in it. 0 where not assessed.
    """
    heads = fitted.heads
    base = feature_model(side, levels, fitted.kernels)
    pooled, last = base.outputs
    standard = _scaled(pooled, heads.mean, heads.scale)
    wide, bias, gaps, map_scale = _fourteen(heads)

    known = ops.sigmoid(ops.matmul(standard, wide) + bias)
    # NaN is added after the sigmoid: some runtimes clamp its argument and would turn NaN into 1.
    probabilities = known + gaps

    projected = ops.matmul(standard, fitted.projection)
    length = ops.sqrt(ops.sum(ops.square(projected), axis=1, keepdims=True))
    embedding = projected / ops.maximum(length, 1e-12)

    channels = last.shape[-1]
    places = _scaled(last, heads.mean[-channels:], heads.scale[-channels:])
    push = ops.matmul(places, wide[-channels:] / map_scale)
    activation = ops.transpose(ops.clip(push, 0.0, 1.0), (0, 3, 1, 2))

    answers = {
        "probabilities": probabilities,
        "embedding": embedding,
        "features": ops.cast(pooled, "float16"),
        "activation": activation,
    }
    named = {
        name: layers.Identity(name=name, dtype=tensor.dtype)(tensor)
        for name, tensor in answers.items()
    }
    return keras.Model(base.input, named, name="starter")


def embedding_version(fitted: Fitted, side: int = SIDE, levels: Sequence[int] = LEVELS) -> str:
    """Return 16 hex digits of everything the embedding depends on: two alike can be compared.

    Backbone weights, side, levels, centring and scaling, the projection; not the heads' weights,
    so that refitted heads keep the library's embeddings.
    """
    digest = hashlib.sha256(weights_file().read_bytes())
    digest.update(f"side={side} levels={tuple(levels)} unit-length".encode())
    digest.update(fitted.heads.mean.astype("<f4").tobytes())
    digest.update(fitted.heads.scale.astype("<f4").tobytes())
    digest.update(fitted.projection.astype("<f2").tobytes())
    for name, kernel in sorted(fitted.kernels.items()):
        digest.update(name.encode() + kernel.astype("<f2").tobytes())
    return digest.hexdigest()[:16]


def push_of_places(
    last: np.ndarray[Any, Any], heads: Heads
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the unscaled push (n, h, w, k) of each place of the last level (n, h, w, 1280).

    Used once, when `map_scale` is chosen; the graph computes the same.
    """
    channels = last.shape[-1]
    places = (last.astype(np.float64) - heads.mean[-channels:]) / heads.scale[-channels:]
    return np.asarray(places @ heads.weights[-channels:].astype(np.float64))


def _scaled(tensor: Any, mean: Any, scale: Any) -> Any:
    return (tensor - np.asarray(mean, np.float32)) * (1 / np.asarray(scale, np.float32))


def _fourteen(heads: Heads) -> tuple[Any, Any, Any, Any]:
    """Return weights (d, 14), bias, gaps (0 or NaN) and map scale (14,) in CheXpert's order."""
    columns = [INDEX[name] for name in heads.names]
    wide = np.zeros((len(heads.mean), len(FINDINGS)), np.float32)
    wide[:, columns] = heads.weights
    bias = np.zeros(len(FINDINGS), np.float32)
    bias[columns] = heads.bias
    gaps = np.full(len(FINDINGS), np.nan, np.float32)
    gaps[columns] = 0
    map_scale = np.ones(len(FINDINGS), np.float32)
    map_scale[columns] = heads.map_scale
    return wide, bias, gaps, map_scale
