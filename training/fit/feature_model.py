"""A backbone as everything after it sees it: a film in, pooled features and a map's level out."""

import keras
from keras import layers, ops

from training.backbones import Backbone


def feature_model(backbone: Backbone, side: int, weights: str) -> keras.Model:
    """Return uint8 (n, side, side) -> [pooled features (n, d), last level (n, h, w, c)].

    Both are float32, whatever the network itself computes in (Keras' dtype policy). pooled: the
    means over places of the backbone's levels, one after another, the last one's last. weights:
    "imagenet", "none" (random: call keras.utils.set_random_seed before) or a file's path; raises
    WrongInput where they cannot be had, or for a side that the network cannot take.
    """
    image = keras.Input((side, side), dtype="uint8", name="image")
    grey = layers.Reshape((side, side, 1), dtype="float32")(ops.cast(image, "float32"))
    levels = network_of(backbone, side, weights)(grey)
    levels = [ops.cast(level, "float32") for level in levels]
    means = [layers.GlobalAveragePooling2D(dtype="float32")(level) for level in levels]
    pooled = layers.Concatenate(dtype="float32")(means) if len(means) > 1 else means[0]
    return keras.Model(image, [pooled, levels[-1]], name="pooled_levels")


def network_of(backbone: Backbone, side: int, weights: str) -> keras.Model:
    """Return the backbone's network, in the layer `network` of its feature model."""
    network = backbone.build(side, weights)
    network.name = "network"
    return network
