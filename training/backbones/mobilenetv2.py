"""MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381), 1,280 channels at 1/32 of the side."""

import keras

from training.backbones.keras_applications import keras_backbone

MOBILENETV2 = keras_backbone(
    "MobileNetV2",
    keras.applications.MobileNetV2,
    side=224,
    scaling="tf",
    stages=(
        "expanded_conv_depthwise",
        *(f"block_{number}_expand" for number in range(1, 17)),
        "Conv_1",
    ),
)
