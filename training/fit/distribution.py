"""On how many devices and machines a fit runs, and what all of them must agree on."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


@functools.cache
def chosen() -> Any:
    """Return the tf.distribute strategy of this process; call it before any tensor is made.

    Several workers in TF_CONFIG: MultiWorkerMirroredStrategy, which waits for the others. Several
    GPUs: MirroredStrategy. Otherwise TensorFlow's own, one device.
    """
    workers = tf.distribute.cluster_resolver.TFConfigClusterResolver().cluster_spec().as_dict()
    if sum(len(workers.get(kind, ())) for kind in ("chief", "worker")) > 1:
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def is_chief(strategy: Any) -> bool:
    """Return whether this process is the one whose word counts: its checkpoint, its AUROC."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.cluster_spec().as_dict():
        return True
    if "chief" in resolver.cluster_spec().as_dict():
        return bool(resolver.task_type == "chief")
    return bool(resolver.task_type == "worker" and resolver.task_id == 0)


def of_the_chief(strategy: Any, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return the chief's arrays in every process; shapes and dtypes must be alike everywhere.

    Machines round differently: what decides (a score) or begins a fit (weights) is taken from one
    of them. A sum in which all others are 0 is exact.
    """
    if strategy.num_replicas_in_sync == 1 or strategy.cluster_resolver is None:
        return list(arrays)
    chief = is_chief(strategy)
    mine = [each if chief else np.zeros_like(each) for each in arrays]

    def summed() -> Any:
        context = tf.distribute.get_replica_context()
        # Of a process' devices the first alone speaks.
        local = context.replica_id_in_sync_group % _local(strategy) == 0
        said = [tf.where(local, tf.constant(each), tf.zeros_like(each)) for each in mine]
        return [context.all_reduce(tf.distribute.ReduceOp.SUM, each) for each in said]

    found = strategy.run(tf.function(summed))
    return [strategy.experimental_local_results(each)[0].numpy() for each in found]


def _local(strategy: Any) -> int:
    """Return how many devices of the strategy are this process'."""
    return len(strategy.extended.worker_devices)
