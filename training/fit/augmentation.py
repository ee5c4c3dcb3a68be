"""What fine-tuning does to a film before it is learned from: all of it is stated here.

No flip, either way: the heart is on the left, and a film turned over is another patient's.
"""

from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

#: Least and greatest of each change, drawn evenly for every film of every epoch.
LIMITS: Final = {
    "turn, radians": (-0.17, 0.17),
    "scale of what is looked at": (0.88, 1.1),
    "shift across, share of the side": (-0.06, 0.06),
    "shift down, share of the side": (-0.06, 0.06),
    "contrast about 127": (0.8, 1.25),
    "light, grey levels": (-20.0, 20.0),
}
STATED: Final = (
    "each film of each epoch is turned by up to 10 degrees, shifted by up to 6 % of its side,"
    " looked at 0.88 to 1.1 times as wide, with 0.8 to 1.25 of its contrast and up to 20 of 255"
    " grey levels lighter or darker; never flipped"
)


def drawn(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Return float32 (count, 6): the changes of so many films, in the order of `LIMITS`."""
    low, high = np.array(list(LIMITS.values())).T
    return rng.uniform(low, high, (count, len(LIMITS))).astype(np.float32)


def changed(films: Any, changes: Any) -> Any:
    """Return float32 (n, side, side, 1), 0..255: films (n, side, side) changed; 0 from outside.

    changes: float (n, 6), in the order of `LIMITS`.
    """
    side = tf.cast(tf.shape(films)[1], tf.float32)
    angle, zoom, across, down, contrast, light = tf.unstack(changes, axis=1)
    across, down = across * side, down * side
    cosine, sine, middle = tf.cos(angle) * zoom, tf.sin(angle) * zoom, (side - 1) / 2
    nothing = tf.zeros_like(angle)
    transform = tf.stack(
        [
            cosine,
            -sine,
            middle - cosine * middle + sine * middle + across,
            sine,
            cosine,
            middle - sine * middle - cosine * middle + down,
            nothing,
            nothing,
        ],
        axis=1,
    )
    grey = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(films, tf.float32)[..., None],
        transforms=transform,
        output_shape=tf.shape(films)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    contrast, light = contrast[:, None, None, None], light[:, None, None, None]
    return tf.clip_by_value((grey - 127) * contrast + 127 + light, 0.0, 255.0)
