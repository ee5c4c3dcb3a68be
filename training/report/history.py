"""What fine-tuning logged for TensorBoard, read again for the report's plot."""

from pathlib import Path
from typing import Final

#: A figure by its name: (step, value), steps rising.
History = dict[str, list[tuple[int, float]]]
#: How fast a machine was belongs to no report: the same run there gives the same page.
_LEFT_OUT: Final = frozenset({"images_per_second"})


def read_history(logs: Path) -> History:
    """Return the figures of TensorBoard's files in a folder; {} where there is none.

    A run that was stopped and resumed has a file of each time; of a step told twice the last
    counts.
    """
    files = sorted(logs.glob("**/events.out.tfevents.*")) if logs.is_dir() else []
    if not files:
        return {}
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    found: dict[str, dict[int, float]] = {}
    for file in files:
        for record in tf.data.TFRecordDataset([str(file)]).as_numpy_iterator():
            event = event_pb2.Event.FromString(record)
            for value in event.summary.value:
                if value.HasField("tensor") and value.tag not in _LEFT_OUT:
                    figure = float(tf.make_ndarray(value.tensor))
                    found.setdefault(value.tag, {})[int(event.step)] = figure
    return {name: sorted(steps.items()) for name, steps in sorted(found.items())}
