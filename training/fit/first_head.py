"""The head that fine-tuning begins with: linear, fitted on what the frozen backbone gives.

A head that starts at random spoils good features before it is any good (Kumar et al. 2022, arXiv
2202.10054; docs/adr/0025).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.optimize import minimize

from training.fit import masked_loss
from training.fit.targets import Targets

#: It is fitted on no more films than this, drawn by the seed: it is a beginning, and their
#: features lie in memory.
MOST_FILMS: Final = 20_000
#: The penalty on squared weights is 1 / (2 C) of all films' loss together, as scikit-learn's
#: logistic regression has it; of C chosen on frozen features (docs/adr/0026).
STRENGTH: Final = 3e-4
_ROUNDS: Final = 200


@dataclass(frozen=True)
class FirstHead:
    """answers = ((features - mean) / scale) @ weights + bias; d features, a answers.

    mean, scale: float32 (d,). weights: float32 (d, a). bias: float32 (a,).
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


def fit(features: NDArray[np.float32], targets: Targets, three: Sequence[int]) -> FirstHead:
    """Return the head of these films, features (n, d); three: columns with three classes."""
    mean, scale = features.mean(axis=0), features.std(axis=0)
    # A channel that never changes says nothing; dividing by its 0 would say NaN.
    scale[scale < 1e-6] = 1.0
    standard = tf.constant((features - mean) / scale)
    values, weights = tf.constant(targets.values), tf.constant(targets.weights)
    uncertain = tf.constant(targets.uncertain)
    many, answers = features.shape[1], masked_loss.width(len(targets.names), three)

    def cost(flat: Any) -> tuple[Any, Any]:
        head = tf.cast(flat, tf.float32)
        lines, bias = tf.reshape(head[: many * answers], (many, answers)), head[many * answers :]
        with tf.GradientTape() as tape:
            tape.watch([lines, bias])
            given = standard @ lines + bias
            total = masked_loss.loss(given, values, weights, uncertain, three) * STRENGTH
            total += tf.reduce_sum(tf.square(lines)) / 2
        across, along = tape.gradient(total, [lines, bias])
        return total, tf.concat([tf.reshape(across, [-1]), along], axis=0)

    step: Any = tf.function(cost)

    def of(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, slope = step(tf.constant(flat))
        return float(total), slope.numpy().astype(np.float64)

    start = np.zeros(many * answers + answers)
    found = minimize(of, start, jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS})
    best = found.x.astype(np.float32)
    lines = best[: many * answers].reshape(many, answers)
    return FirstHead(mean, scale, lines, best[many * answers :])
