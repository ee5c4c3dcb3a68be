"""DenseNet121 (Huang et al. 2017, arXiv 1608.06993), 1,024 channels at 1/32 of the side."""

import keras

from training.backbones.keras_applications import keras_backbone

DENSENET121 = keras_backbone(
    "DenseNet121",
    keras.applications.DenseNet121,
    side=224,
    scaling="torch",
    stages=(
        "conv2_block1_0_bn",
        "pool2_bn",
        "conv3_block1_0_bn",
        "pool3_bn",
        "conv4_block1_0_bn",
        "pool4_bn",
        "conv5_block1_0_bn",
        "bn",
    ),
)
