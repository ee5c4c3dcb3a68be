"""Pooled features of many films from the frozen backbone, with progress shown."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training import nih
from training.starter_model import SIDE, feature_model, with_threads

BATCH: Final = 32
#: Places of the last level are kept of every so manieth film: they only set the map's scale.
MAPS_EVERY: Final = 4


@dataclass(frozen=True)
class Features:
    """pooled: float32 (n, d). maps: float16 (k, h, w, 1280), of the films of `map_rows`."""

    pooled: NDArray[np.float32]
    maps: NDArray[np.float16]
    map_rows: tuple[int, ...]


def extract(
    rows: Sequence[nih.Row], side: int = SIDE, *, threads: int = 2, maps_every: int = MAPS_EVERY
) -> Features:
    """Return the features of each film, in the rows' order."""
    with_threads(threads)
    model = feature_model(side)
    signature = [tf.TensorSpec((None, side, side), tf.uint8)]
    step: Any = tf.function(lambda films: model(films, training=False), signature)
    pooled, maps, map_rows = [], [], []
    began = time.monotonic()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        films = np.stack([nih.film(row, side) for row in batch])
        values, last = (answer.numpy() for answer in step(films))
        pooled.append(values)
        for number in range(len(batch)):
            if (start + number) % maps_every == 0:
                maps.append(last[number].astype(np.float16))
                map_rows.append(start + number)
        done = start + len(batch)
        speed = done / (time.monotonic() - began)
        print(f"\r  features of {done} / {len(rows)} films, {speed:.0f} a second", end="")
    print()
    return Features(np.concatenate(pooled), np.stack(maps), tuple(map_rows))
