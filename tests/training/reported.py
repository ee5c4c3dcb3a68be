"""Run in the training environment: the outcome of drawn predictions, twice.

python -m tests.training.reported FOLDER
"""

import sys
from pathlib import Path

import tensorflow as tf

from tests.training.drawn_scores import draw_points, draw_predictions
from training.data.counts import count_findings
from training.data.problems import Problem
from training.report.outcome import Judgement, Telling, write_outcome

if __name__ == "__main__":
    predictions = draw_predictions()
    telling = Telling(
        title="MobileNetV2 <features>",
        said="Drawn films.",
        facts=[("Backbone", "MobileNetV2"), ("Seed", "1")],
        counts=count_findings(predictions.table),
        problems=[Problem("a.jpg", "there is no such file"), Problem("b.jpg", "listed twice")],
        laterals=3,
    )
    for name in ("one", "two"):
        folder = Path(sys.argv[1]) / name
        folder.mkdir()
        writer = tf.summary.create_file_writer(str(folder / "logs"))
        with writer.as_default():
            for step, loss in enumerate((0.7, 0.625), start=1):
                tf.summary.write("loss", tf.constant(loss), step)
                tf.summary.write("images_per_second", tf.constant(40.0), step)
        writer.close()
        write_outcome(folder, predictions, draw_points(), telling, Judgement(rounds=50))
