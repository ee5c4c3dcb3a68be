"""The films of an epoch, batch by batch, as a tf.data pipeline out of the film cache.

Whatever is drawn (the films' order, their changes, the features left out) follows from the seed,
the epoch and the step alone. A run that goes on at a step, or on other devices, sees what an
undisturbed one saw.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.fit.augmentation import LIMITS, changed, drawn
from training.fit.targets import Targets


@dataclass(frozen=True)
class Films:
    """The films that are learned from.

    pixels: uint8 (n, side, side), all films, often a memory map. targets: of all films.
    places: (t,), those that are learned from. width: of the pooled features. dropout: the share
    of them left out, 0..1.
    """

    pixels: NDArray[np.uint8]
    targets: Targets
    places: NDArray[np.intp]
    width: int
    batch: int
    dropout: float
    augment: bool
    seed: int

    @property
    def steps(self) -> int:
        """Batches of one epoch; the last is filled up with films that weigh nothing."""
        return -(-len(self.places) // self.batch)


def stream(films: Films, epoch: int, first: int, strategy: Any) -> Any:
    """Return the epoch's batches from step `first` on, distributed over the strategy's replicas.

    Each is (films uint8 (b, side, side), values (b, k), weights (b, k), uncertain bool (b, k),
    kept (b, width)). weights are divided by their sum over the whole batch of all replicas, so
    that the replicas' sums of weighted costs add up to the batch's mean. kept: 0 where a feature
    is left out, otherwise 1 / (1 - dropout).
    """
    replicas = strategy.num_replicas_in_sync
    share = -(-films.batch // replicas)
    gathered = _gather(films, epoch, share, replicas)
    side, count = films.pixels.shape[1], len(films.targets.names)
    kinds = (tf.uint8, tf.float32, tf.float32, tf.bool, tf.float32, tf.float32)
    shapes = ((side, side), (count,), (count,), (count,), (films.width,), (len(LIMITS),))

    def of_process(context: Any) -> Any:
        local = replicas // context.num_input_pipelines
        before = context.input_pipeline_id * local

        def read(number: Any) -> Any:
            parts = tf.numpy_function(
                lambda n: gathered(int(n) // local, before + int(n) % local),
                [number],
                kinds,
                # A function of the number alone: it may run ahead of its turn.
                stateful=False,
            )
            for part, shape in zip(parts, shapes, strict=True):
                part.set_shape((share, *shape))
            return parts

        def finish(pixels: Any, *others: Any) -> Any:
            *beside, changes = others
            if films.augment:
                pixels = tf.cast(tf.round(changed(pixels, changes)[..., 0]), tf.uint8)
            return pixels, *beside

        numbers = tf.data.Dataset.range(first * local, films.steps * local)
        batches = numbers.map(read, num_parallel_calls=2).map(finish, num_parallel_calls=2)
        return batches.prefetch(2 * local)

    return strategy.distribute_datasets_from_function(of_process)


def _gather(
    films: Films, epoch: int, share: int, replicas: int
) -> Callable[[int, int], tuple[NDArray[Any], ...]]:
    """Return what gives the films, and what goes with them, of one step and one replica."""
    count, steps = len(films.places), films.steps
    rng = np.random.default_rng((films.seed, epoch))
    order = np.zeros((steps, films.batch), np.intp)
    order.flat[:count] = rng.permutation(films.places)
    order.flat[count:] = films.places[0]
    known = (np.arange(order.size) < count).reshape(order.shape).astype(np.float32)
    # A batch that the replicas cannot share evenly is filled up as an epoch's last one is.
    wider = ((0, 0), (0, share * replicas - films.batch))
    order, known = np.pad(order, wider, mode="edge"), np.pad(known, wider)
    changes = drawn(rng, order.size).reshape(*order.shape, -1)
    targets = films.targets

    def gathered(step: int, replica: int) -> tuple[NDArray[Any], ...]:
        mine = slice(replica * share, (replica + 1) * share)
        everyone = targets.weights[order[step]] * known[step][:, None]
        places = order[step][mine]
        chance = np.random.default_rng((films.seed, epoch, step)).random(
            (order.shape[1], films.width), np.float32
        )
        kept = (chance[mine] >= films.dropout) / np.float32(1 - films.dropout)
        return (
            films.pixels[places],
            targets.values[places],
            everyone[mine] / max(float(everyone.sum()), 1e-6),
            targets.uncertain[places],
            kept.astype(np.float32),
            changes[step][mine],
        )

    return gathered
