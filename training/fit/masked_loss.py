"""The loss that fine-tuning takes down, and the score that its answers are ranked by.

Answers of k findings, m of which have a third class: (n, k + 2 m). First each finding's logit of
*present*; then, of the findings with three classes, the logits of *absent*, then of *uncertain*.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def width(findings: int, three: Sequence[int]) -> int:
    """Return how many answers there are. three: columns of the findings with three classes."""
    return findings + 2 * len(three)


def loss(answers: Any, values: Any, weights: Any, uncertain: Any, three: Sequence[int]) -> Any:
    """Return the sum of weights times cross-entropies, a scalar; a weight of 0 takes no part.

    values, weights: float (n, k). uncertain: bool (n, k), looked at in the columns of `three`
    only: there the classes are absent, present and uncertain (Irvin et al. 2019, U-MultiClass).
    """
    count = values.shape[1]
    present = answers[:, :count]
    two = tf.nn.sigmoid_cross_entropy_with_logits(values, present)
    two *= tf.constant([0.0 if column in three else 1.0 for column in range(count)])
    total = tf.reduce_sum(two * weights)
    if three:
        columns = list(three)
        said = tf.cast(tf.gather(uncertain, columns, axis=1), tf.float32)
        soft = tf.gather(values, columns, axis=1)
        wanted = tf.stack([(1 - soft) * (1 - said), soft * (1 - said), said], axis=2)
        logits = tf.stack(_three(answers, count, columns), axis=2)
        each = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
        total += tf.reduce_sum(each * tf.gather(weights, columns, axis=1))
    return total


def scores(answers: Any, findings: int, three: Sequence[int]) -> Any:
    """Return (n, k): the logit of p(present) / (p(absent) + p(present)) of each finding."""
    present = answers[:, :findings]
    if not three:
        return present
    absent, _, _ = _three(answers, findings, list(three))
    spread = tf.one_hot(list(three), findings)
    return present - absent @ spread


def _three(answers: Any, count: int, columns: list[int]) -> tuple[Any, Any, Any]:
    """Return the logits of absent, present and uncertain, (n, m) each."""
    many = len(columns)
    present = tf.gather(answers[:, :count], columns, axis=1)
    return answers[:, count : count + many], present, answers[:, count + many :]
