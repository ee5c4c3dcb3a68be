"""The starter model as one graph: EfficientNet-Lite0, pooled levels, heads, projection."""

import hashlib
from collections.abc import Sequence
from typing import Final

import keras
import tensorflow as tf
from keras import layers, ops

from training.backbones.efficientnet_lite import LEVELS, backbone, weights_file
from training.export.served_graph import served_graph
from training.starter.fitted import Fitted, Kernels

#: Pixels. Chosen in docs/adr/0020-starter-model.md.
SIDE: Final = 320


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
    """Return the served graph (training/export/served_graph.py) of the starter's parts."""
    base = feature_model(side, levels, fitted.kernels)
    return served_graph(base, fitted.heads, fitted.projection, "starter", as_released=True)


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
