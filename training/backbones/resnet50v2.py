"""ResNet50V2 (He et al. 2016, arXiv 1603.05027), 2,048 channels at 1/32 of the side."""

import keras

from training.backbones.keras_applications import keras_backbone

_BLOCKS = ((2, 3), (3, 4), (4, 6), (5, 3))

RESNET50V2 = keras_backbone(
    "ResNet50V2",
    keras.applications.ResNet50V2,
    side=224,
    scaling="tf",
    stages=tuple(
        f"conv{level}_block{block}_preact_bn"
        for level, blocks in _BLOCKS
        for block in range(1, blocks + 1)
    ),
)
