"""Pooled features of many films from the backbone as it is served, with progress shown."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.data import nih
from training.starter.fitted import Kernels
from training.starter.graph import feature_model, with_threads

BATCH: Final = 32


@dataclass(frozen=True)
class Features:
    """pooled: float32 (n, d). last: float16 (n, h, w, 1280), the last level."""

    pooled: NDArray[np.float32]
    last: NDArray[np.float16]


def extract(rows: Sequence[nih.Row], side: int, kernels: Kernels, *, threads: int = 2) -> Features:
    """Return the features of each film, in the rows' order, by the backbone with these kernels."""
    with_threads(threads)
    model = feature_model(side, kernels=kernels)
    signature = [tf.TensorSpec((None, side, side), tf.uint8)]
    step: Any = tf.function(lambda films: model(films, training=False), signature)
    pooled, levels = [], []
    began = time.monotonic()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        films = np.stack([nih.film(row, side) for row in batch])
        values, last = (answer.numpy() for answer in step(films))
        pooled.append(values)
        levels.append(last.astype(np.float16))
        done = start + len(batch)
        speed = done / (time.monotonic() - began)
        print(f"\r  features of {done} / {len(rows)} films, {speed:.0f} a second", end="")
    print()
    return Features(np.concatenate(pooled), np.concatenate(levels))
