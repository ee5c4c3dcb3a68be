"""The publisher's classifier as linear heads, and its operating points inside the graph."""

from dataclasses import dataclass
from math import erf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS, INDEX
from schemas.models import EMBEDDING_WIDTH, OperatingPoint, OperatingPoints
from training.backbones.torch_weights import TorchFile
from training.backbones.torchxrayvision_densenet121 import FEATURES
from training.fit.linear import Array, Heads
from training.torchxrayvision.mapping import outputs_of
from training.torchxrayvision.published import OUTPUTS, Published

#: The least spread that a channel is divided by.
_LEAST: float = 1e-3
_SEED: int = 1


@dataclass(frozen=True)
class Classifier:
    """The last layer of a file.

    weights: float64 (1024, 18); bias: (18,), logits of pooled features.
    thresholds: by output, those it was trained on; a probability there becomes 0.5.
    """

    weights: Array
    bias: Array
    thresholds: dict[str, float]

    @property
    def findings(self) -> dict[str, tuple[int, ...]]:
        """The places of each finding's outputs."""
        return outputs_of(self.thresholds)

    def rows(self, mean: Array, scale: Array, which: int) -> tuple[Array, Array]:
        """Return weights (1024, k) and bias (k,) on features less `mean`, divided by `scale`.

        which: 0 for each finding's first output, 1 for the second where it has one.
        """
        columns = [places[min(which, len(places) - 1)] for places in self.findings.values()]
        weights = self.weights[:, columns]
        return weights * scale[:, None], self.bias[columns] + mean @ weights


def classifier(file: TorchFile, known: Published | None) -> Classifier:
    """Return the classifier of a file that was read.

    known: the publisher's set it is, which names the trained outputs and has the thresholds; the
    file's own `op_threshs` come first. Raises ValueError where neither is there, or does not fit.
    """
    weights, bias = (file.tensors.get(f"classifier.{part}") for part in ("weight", "bias"))
    wanted = (len(OUTPUTS), FEATURES)
    if weights is None or bias is None or weights.shape != wanted or bias.shape != wanted[:1]:
        came = [None if each is None else each.shape for each in (weights, bias)]
        raise ValueError(f"classifier: wanted {wanted} and {wanted[:1]}, came {came}")
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise ValueError("classifier: wanted finite numbers, came others")
    thresholds = _thresholds(file)
    if thresholds is None:
        if known is None:
            raise ValueError(
                "the file has no op_threshs and is none of the publisher's by its name: say which"
                " set of weights it is, --set NAME"
            )
        thresholds = known.thresholds
    found = Classifier(weights.T.astype(np.float64), bias.astype(np.float64), thresholds)
    if not found.findings:
        raise ValueError("none of the outputs that it was trained on is one of the 14 findings")
    return found


def _thresholds(file: TorchFile) -> dict[str, float] | None:
    """Return the file's own op_threshs by output, None where it has none; NaN is untrained."""
    came = file.attributes.get("op_threshs")
    if came is None:
        return None
    numbers = np.asarray(came)
    if numbers.shape != (len(OUTPUTS),) or numbers.dtype.kind not in "fi":
        raise ValueError(f"op_threshs: wanted {len(OUTPUTS)} numbers, came {numbers.shape}")
    trained = np.isfinite(numbers)
    if not ((numbers[trained] > 0) & (numbers[trained] < 1)).all():
        raise ValueError("op_threshs: wanted numbers between 0 and 1, came others")
    return {
        name: float(t) for name, t, known in zip(OUTPUTS, numbers, trained, strict=True) if known
    }


def published_heads(found: Classifier, last_norm: tuple[Array, Array]) -> Heads:
    """Return the heads as published, on features centred and scaled without a film.

    last_norm: gain and shift (1024,) of the last normalisation. Over the publisher's own training
    films its outputs have these as spread and mean; taken as normal, what a ReLU leaves of them
    has the mean and spread of a rectified normal (Socci et al. 1997, eq. 6), and pooled features
    that mean. Of a finding with two outputs the heads hold the first.
    """
    mean, scale = rectified(*last_norm)
    weights, bias = found.rows(mean, scale, 0)
    names = tuple(found.findings)
    return Heads(
        names,
        mean.astype(np.float32),
        scale.astype(np.float32),
        weights.astype(np.float32),
        bias.astype(np.float32),
        np.ones(len(names), np.float32),
    )


def rectified(gain: Array, shift: Array) -> tuple[Array, Array]:
    """Return mean and spread (d,) of max(0, x), x normal with mean `shift` and spread |gain|."""
    spread = np.maximum(np.abs(gain), _LEAST)
    at = shift / spread
    density = np.exp(-0.5 * at**2) / np.sqrt(2 * np.pi)
    share = np.array([0.5 * (1 + erf(each / np.sqrt(2))) for each in at])
    mean = shift * share + spread * density
    square = (shift**2 + spread**2) * share + shift * spread * density
    return mean, np.sqrt(np.maximum(square - mean**2, _LEAST**2))


def random_projection() -> NDArray[np.float32]:
    """Return float32 (1024, 512), numbers that float16 holds: axes at right angles, drawn.

    Without films nothing tells which axes matter; drawn ones keep distances (Johnson and
    Lindenstrauss 1984). The same on every machine: the draw is rounded.
    """
    drawn = np.random.default_rng(_SEED).standard_normal((FEATURES, EMBEDDING_WIDTH))
    axes, upper = np.linalg.qr(drawn)
    return (axes * np.sign(np.diag(upper))).astype(np.float16).astype(np.float32)


class Rescaled:
    """The step of the served graph after its sigmoid: second outputs, then operating points."""

    def __init__(self, found: Classifier, heads: Heads) -> None:
        self._found = found
        self._mean = heads.mean.astype(np.float64)
        self._scale = heads.scale.astype(np.float64)

    def __call__(self, first: Any, standard: Any) -> Any:
        """Return probabilities (n, 14) of the graph's first outputs and standardised features."""
        from keras import ops

        said = rescaled(first, self._at(0), ops)
        weights, bias = self._found.rows(self._mean, self._scale, 1)
        for column, (name, places) in enumerate(self._found.findings.items()):
            if len(places) > 1:
                row = weights[:, column].astype(np.float32)
                second = ops.sigmoid(
                    ops.sum(standard * row, axis=1, keepdims=True) + float(bias[column])
                )
                # Of two outputs the higher one counts; elsewhere what is there stays.
                mine = np.zeros(len(FINDINGS), np.float32)
                mine[INDEX[name]] = 1
                said = ops.maximum(said, rescaled(second, self._at(1), ops) * mine)
        return said

    def _at(self, which: int) -> NDArray[np.float32]:
        at = np.full(len(FINDINGS), 0.5, np.float32)
        for name, places in self._found.findings.items():
            at[INDEX[name]] = self._found.thresholds[OUTPUTS[places[min(which, len(places) - 1)]]]
        return at


def rescaled(probabilities: Any, at: NDArray[np.float32], ops: Any = np) -> Any:
    """Return the publisher's `op_norm`: two lines through (0, 0), (at, 0.5) and (1, 1)."""
    below = probabilities * (1 / (2 * at))
    above = 1 - (1 - probabilities) * (1 / (2 * (1 - at)))
    return ops.where(probabilities < at, below, above)


def published_points(found: Classifier) -> dict[str, OperatingPoints]:
    """Return the publisher's one point as `alert` and `sensitive`: after rescaling it is 0.5."""
    point = OperatingPoint(threshold=0.5, sensitivity=None, specificity=None)
    return {name: OperatingPoints(alert=point, sensitive=point) for name in found.findings}
