"""How a fine-tuning goes: on stderr with the time left, and for TensorBoard."""

import sys
import time
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from training.progress import said_seconds

#: Seconds between two lines.
_BETWEEN: Final = 10.0


class StepProgress:
    """Tells of steps and epochs; a process that is not the chief is silent.

    logs: TensorBoard's folder. left: steps that are still to be done, of all epochs.
    """

    def __init__(self, logs: Path, left: int, *, told: bool) -> None:
        self._writer = tf.summary.create_file_writer(str(logs)) if told else None
        self._left = left
        self._began = self._said = time.monotonic()
        self._traced = False
        self._steps = self._films = 0

    def note(self, words: str) -> None:
        """Say one line."""
        if self._writer is not None:
            sys.stderr.write(f"fine-tune: {words}\n")
            sys.stderr.flush()

    def step(self, number: int, films: int, loss: Any, where: str) -> None:
        """One more step is done. number: among all steps of the run; loss: a scalar tensor."""
        self._left -= 1
        now = time.monotonic()
        if not self._traced:
            # The first step is traced and compiled too: it tells nothing of the others.
            self._traced, self._began = True, now
            return
        self._steps, self._films = self._steps + 1, self._films + films
        if self._writer is None or now - self._said < _BETWEEN:
            return
        self._said = now
        took = now - self._began
        self.figures(number, {"loss": float(loss), "images_per_second": self._films / took})
        left = said_seconds(took / self._steps * self._left)
        speed = self._films / took
        self.note(f"{where}, loss {float(loss):.4f}, {speed:.1f} images/s, {left} left")

    def figures(self, number: int, figures: dict[str, float]) -> None:
        """Keep figures of step `number` for TensorBoard."""
        if self._writer is not None:
            with self._writer.as_default():
                for name, value in figures.items():
                    tf.summary.write(name, tf.constant(value, tf.float32), number, _scalar())
            self._writer.flush()

    def left(self) -> str:
        """Return how long the rest takes, by the steps so far and what came between them."""
        took = time.monotonic() - self._began
        return said_seconds(took / max(self._steps, 1) * self._left)


def _scalar() -> Any:
    """Return what makes TensorBoard draw a figure as a curve.

    tf.summary.scalar does it too, and wants the whole of TensorBoard installed to do so.
    """
    kind = tf.compat.v1.SummaryMetadata
    return kind(plugin_data=kind.PluginData(plugin_name="scalars"))
