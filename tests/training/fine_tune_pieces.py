"""Runs and pieces of fine-tuning in one process of TensorFlow, for test_fine_tuning.py.

`python -m tests.training.fine_tune_pieces FOLDER` leaves runs in folders there and prints JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import tensorflow as tf

from tests.training.fine_tuned import drawn, tuned, two_devices
from training.fit import augmentation, film_stream, masked_loss, precision


def films_seen(strategy: Any) -> dict[str, Any]:
    """Return which films two epochs show, and what they weigh together."""
    pixels, targets = drawn()
    # A film of one grey, its number: what comes out of the pipeline says which it was.
    pixels[:] = np.arange(len(pixels), dtype=np.uint8)[:, None, None]
    places = np.arange(3, 45)
    films = film_stream.Films(pixels, targets, places, 5, 8, 0.2, augment=False, seed=4)
    seen, sums = [], []
    for epoch in (0, 1):
        batches = list(film_stream.stream(films, epoch, 0, strategy))
        seen.append(
            [
                int(film[0, 0])
                for batch in batches
                for film, weights in zip(batch[0].numpy(), batch[2].numpy(), strict=True)
                if weights.any()
            ]
        )
        sums += [float(batch[2].numpy().sum()) for batch in batches]
    later = next(iter(film_stream.stream(films, 1, 2, strategy)))[0].numpy()[:, 0, 0].tolist()
    return {"seen": seen, "sums": sums, "later": later}


def halves() -> list[list[float]]:
    """Return left less right and upper less lower half of films that are bright left and above."""
    film = np.zeros((64, 64), np.uint8)
    film[:, :32] += 80
    film[:32] += 80
    changes = augmentation.drawn(np.random.default_rng(2), 300)
    changed = augmentation.changed(np.repeat(film[None], 300, axis=0), changes).numpy()[..., 0]
    inner = changed[:, 8:56, 8:56]
    across = inner[:, :, :24].mean(axis=(1, 2)) - inner[:, :, 24:].mean(axis=(1, 2))
    down = inner[:, :24].mean(axis=(1, 2)) - inner[:, 24:].mean(axis=(1, 2))
    return [across.tolist(), down.tolist()]


def losses() -> dict[str, Any]:
    """Return the loss and scores of drawn answers, and what they were made of."""
    rng = np.random.default_rng(6)
    answers = rng.normal(size=(7, 5)).astype(np.float32)
    values = rng.random((7, 3)).astype(np.float32)
    weights = (rng.random((7, 3)) < 0.6).astype(np.float32)
    uncertain = rng.random((7, 3)) < 0.3
    made = {"answers": answers, "values": values, "weights": weights, "uncertain": uncertain}
    loss = float(masked_loss.loss(answers, values, weights, uncertain, (1,)))
    scores = masked_loss.scores(tf.constant(answers), 3, (1,)).numpy().tolist()
    return {"loss": loss, "scores": scores, **{name: each.tolist() for name, each in made.items()}}


def logged(folder: Path) -> dict[str, int]:
    """Return how often each figure was kept for TensorBoard."""
    counted: dict[str, int] = {}
    for file in folder.iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                counted[value.tag] = counted.get(value.tag, 0) + 1
    return counted


def main(folder: Path) -> None:
    """Leave the runs and print what the pieces say."""
    two_devices()
    alone = tf.distribute.get_strategy()
    for name in ("whole", "mirrored", "still", "bfloat16", "last"):
        (folder / name).mkdir()
    tuned(folder / "whole", alone)
    tuned(folder / "mirrored", tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
    # Nothing moves, so that no epoch is better than the first.
    tuned(folder / "still", alone, rate=1e-12, patience=1)
    tuned(folder / "last", alone, from_stage=0, last_layers=1, epochs=1)
    with patch.object(precision, "chosen", lambda: "mixed_bfloat16"):
        tuned(folder / "bfloat16", alone)
    said = {
        "films": films_seen(alone),
        "halves": halves(),
        "losses": losses(),
        "logged": logged(folder / "whole" / "logs"),
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
