"""InceptionV3 (Szegedy et al. 2016, arXiv 1512.00567), 2,048 channels at 1/32 of the side.

Keras numbers this network's convolutions through a whole process, so a stage begins after the
layer that joins the branches of the one before; those have names of their own.
"""

import keras

from training.backbones.keras_applications import keras_backbone

INCEPTIONV3 = keras_backbone(
    "InceptionV3",
    keras.applications.InceptionV3,
    side=299,
    scaling="tf",
    stages=tuple(f"mixed{number}" for number in range(10)),
)
