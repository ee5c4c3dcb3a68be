"""The network and its head while they are tuned: one step, one look at films, what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.backbones import Backbone
from training.fit import masked_loss, precision
from training.fit.distribution import of_the_chief
from training.fit.feature_model import feature_model
from training.fit.first_head import FirstHead
from training.fit.norms import norms

#: AdamW's decay of the kernels, as the starter's (docs/adr/0026).
DECAY: Final = 0.05
#: The share of steps in which the rate rises before it falls along a cosine.
WARM: Final = 0.1


@dataclass(frozen=True)
class Tuning:
    """What is tuned, and how.

    from_stage: the first of the backbone's stages that changes; last_layers: where it is not 0, so
    many of its last layers with kernels change instead. findings: their number; three:
    columns of those with three classes. rate: the highest; steps: of the whole run. policy: what
    it computes in, as Keras names it (precision.py).
    """

    backbone: Backbone
    side: int
    from_stage: int
    findings: int
    three: tuple[int, ...]
    rate: float
    steps: int
    policy: str
    last_layers: int = 0


class Films(Protocol):
    """Films uint8 (n, side, side): an array, or what reads one slice by slice."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> NDArray[np.uint8]: ...


def _first(network: Any, tuning: Tuning) -> int:
    """Return the place of the first layer that changes."""
    if tuning.last_layers:
        still = norms(network)
        kernels = [
            place
            for place, layer in enumerate(network.layers)
            if layer.weights and not any(layer is norm for norm in still)
        ]
        return kernels[-tuning.last_layers :][0]
    order = [layer.name for layer in network.layers]
    return order.index(tuning.backbone.stages[tuning.from_stage])


class TunedNetwork:
    """A copy of the backbone on every device of the strategy, with a linear head.

    Layers before the first that changes stand still, and so do all batch norms, statistics and
    scales: what a few hundred films of one collection would teach them is that collection, and a
    norm that changes with its batch answers otherwise in training than it is served.
    """

    def __init__(self, tuning: Tuning, strategy: Any) -> None:
        self.strategy, self.three, self.findings = strategy, tuning.three, tuning.findings
        with precision.policy(tuning.policy), strategy.scope():
            self.model = feature_model(tuning.backbone, tuning.side, "none")
            network = self.model.get_layer("network")
            for layer in network.layers[: _first(network, tuning)]:
                layer.trainable = False
            for layer in norms(network):
                layer.trainable = False
            width = self.model.outputs[0].shape[-1]
            shapes = (
                (width,),
                (width,),
                (width, masked_loss.width(tuning.findings, tuning.three)),
            )
            self._mean, self._scale, self._lines, self._bias = (
                tf.Variable(tf.zeros(shape), trainable=number > 1)
                for number, shape in enumerate((*shapes, shapes[2][1:]))
            )
            trained = [weight.value for weight in self.model.trainable_variables]
            self._trained = [*trained, self._lines, self._bias]
            self._optimizer = _optimizer(tuning.rate, tuning.steps)
            self._optimizer.build(self._trained)
        self._step: Any = tf.function(self._learn_everywhere)
        shape = tf.TensorSpec((None, tuning.side, tuning.side), tf.uint8)
        self._look: Any = tf.function(self._answers, input_signature=[shape])

    @property
    def width(self) -> int:
        """Return how many pooled features there are."""
        return int(self.model.outputs[0].shape[-1])

    def put_head(self, head: FirstHead) -> None:
        """Begin with this head."""
        kept = (self._mean, self._scale, self._lines, self._bias)
        for variable, value in zip(
            kept, (head.mean, head.scale, head.weights, head.bias), strict=True
        ):
            variable.assign(value)

    def step(self, batch: Any) -> Any:
        """Learn from one batch of film_stream.py; return its loss, the weighted mean."""
        return self._step(batch)

    def look(self, films: Films, batch: int) -> tuple[Any, Any]:
        """Return pooled features (n, d) and scores (n, k) of films (n, side, side)."""
        parts = [self._look(films[at : at + batch]) for at in range(0, len(films), batch)]
        features, scores = zip(*parts, strict=True)
        return np.concatenate(features), np.concatenate(scores)

    def weights(self) -> list[NDArray[Any]]:
        """Return the backbone's weights, in the order in which Keras has them."""
        return [np.asarray(keras.ops.convert_to_numpy(each)) for each in self.model.weights]

    def arrays(self) -> list[NDArray[Any]]:
        """Return everything that changes: weights, head, the optimizer's."""
        return [np.asarray(each.numpy()) for each in self._variables()]

    def put(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Give the network what `arrays` returned, the chief's to every process."""
        variables = self._variables()
        for variable, array in zip(variables, of_the_chief(self.strategy, arrays), strict=True):
            variable.assign(array)

    def _variables(self) -> list[Any]:
        kept = [self._mean, self._scale, self._lines, self._bias]
        every = [*self.model.weights, *self._optimizer.variables, *kept]
        return [each.value if isinstance(each, keras.Variable) else each for each in every]

    def _head(self, features: Any, kept: Any | None = None) -> Any:
        standard = (features - self._mean) / self._scale
        if kept is not None:
            standard *= kept
        return standard @ self._lines + self._bias

    def _answers(self, films: Any) -> tuple[Any, Any]:
        features = self.model(films, training=False)[0]
        return features, masked_loss.scores(self._head(features), self.findings, self.three)

    def _learn(self, films: Any, values: Any, weights: Any, uncertain: Any, kept: Any) -> Any:
        with tf.GradientTape() as tape:
            answers = self._head(self.model(films, training=True)[0], kept)
            loss = masked_loss.loss(answers, values, weights, uncertain, self.three)
        self._optimizer.apply(tape.gradient(loss, self._trained), self._trained)
        return loss

    def _learn_everywhere(self, batch: Any) -> Any:
        each = self.strategy.run(self._learn, args=batch)
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, each, axis=None)


def _optimizer(rate: float, steps: int) -> Any:
    cosine = keras.optimizers.schedules.CosineDecay
    warm = int(steps * WARM)
    if warm:
        schedule = cosine(rate / 20, steps - warm, warmup_target=rate, warmup_steps=warm)
    else:
        schedule = cosine(rate, steps)
    return keras.optimizers.AdamW(schedule, weight_decay=DECAY)
