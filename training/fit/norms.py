"""Batch norms: which stand still while a backbone is tuned, and what random ones begin with."""

from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

#: Films that a network with random weights measures itself on.
FILMS: Final = 64


def norms(network: keras.Model) -> list[Any]:
    """Return the network's batch norms."""
    kind = keras.layers.BatchNormalization
    return [layer for layer in network.layers if isinstance(layer, kind)]


def settle(model: keras.Model, films: NDArray[np.uint8]) -> None:
    """Give each norm the mean and variance of what it gets from these films (n, side, side).

    For a backbone with random weights, whose norms would pass everything on as it is: through
    dozens of layers films would fade away or blow up, and norms that stand still in fine-tuning
    would keep it so. One pass, each layer after those before it has been given its own.
    """
    layers = norms(model.get_layer("network"))
    before = [(layer.momentum, layer.trainable) for layer in layers]
    for layer in layers:
        layer.momentum, layer.trainable = 0.0, True
    # Without a graph, every layer's output would be kept until the last: 13 GB for DenseNet121.
    tf.function(lambda: model(films, training=True))()
    for layer, (momentum, trainable) in zip(layers, before, strict=True):
        layer.momentum, layer.trainable = momentum, trainable
