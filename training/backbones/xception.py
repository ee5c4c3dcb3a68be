"""Xception (Chollet 2017, arXiv 1610.02357), 2,048 channels at 1/32 of the side."""

import keras

from training.backbones.keras_applications import keras_backbone

XCEPTION = keras_backbone(
    "Xception",
    keras.applications.Xception,
    side=299,
    scaling="tf",
    stages=(
        "block2_sepconv1",
        *(f"block{number}_sepconv1_act" for number in range(3, 14)),
        "block14_sepconv1",
    ),
)
