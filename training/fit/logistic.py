"""L2 logistic regression of all findings at once, on labels that may be left out or soft.

Every finding has its own rows of weights, but all look at the same films: one product of the
features with all rows costs what one finding's costs alone, since it waits for memory. A hundred
thousand films are fitted in the time of fourteen products instead of fourteen times that. (The
starter's heads are fitted one by one, training/fit/heads.py; a test holds both equal.)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from training.fit.linear import Array, Linear
from training.fit.targets import Targets

#: Numbers of features up to which they are held in double precision, and by one thread: two that
#: wait for one another in many small products are slower.
_SMALL: Final = 30_000_000
#: Spread over mean of a channel that is flat but for rounding in single precision.
_FLAT: Final = 1e-6
_ITERATIONS: Final = 300


def path(
    features: NDArray[np.floating], targets: Targets, penalties: Sequence[float]
) -> Iterator[Linear]:
    """Yield uncalibrated heads for each penalty, strongest first, each starting from the last.

    features: (n, d), of the films in `targets`. penalty: what is minimised for each finding is the
    mean cross-entropy over its films, by their weights, plus penalty / 2 times the squared length
    of its weights on standardised features (scikit-learn's C is 1 / (penalty * n)). A film whose
    label is left out moves nothing of that finding but the features' mean and scale.

    An uncertain film of a multi-class finding is a third class of a multinomial regression; what
    is yielded is its row for present less that for absent: sigmoid of it is p1 / (p0 + p1).
    """
    small = features.size <= _SMALL
    kind = np.float64 if small else np.float32
    mean = features.mean(axis=0, dtype=np.float64)
    scale = features.std(axis=0, dtype=np.float64)
    # A channel that never changes says nothing; dividing by its 0 would say NaN. Measured by its
    # own size: of a network with random weights, channels of 1e-12 say as much as any.
    scale[scale <= _FLAT * np.abs(mean)] = 1.0
    standard: NDArray[Any] = features.astype(kind)
    np.subtract(standard, mean.astype(kind), out=standard)
    np.divide(standard, scale.astype(kind), out=standard)
    problem = _Problem.of(standard, targets)
    found = np.zeros((features.shape[1] + 1) * problem.rows)
    for penalty in sorted(penalties, reverse=True):
        with threadpool_limits(1 if small else None):
            found = minimize(
                problem.loss,
                found,
                args=(penalty,),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": _ITERATIONS, "maxcor": 20, "ftol": 1e-10, "gtol": 1e-7},
            ).x
        weights, bias = problem.folded(found)
        yield Linear(mean, scale, weights, bias)


@dataclass(frozen=True)
class _Problem:
    """The films as the solver takes them.

    standard: (n, d). present, absent, unsure: (n, k), shares of each film that sum to its
    weight over the finding's; three: places of findings with a third class.
    """

    standard: NDArray[Any]
    present: Array
    absent: Array
    unsure: Array
    three: NDArray[np.intp]

    @classmethod
    def of(cls, standard: NDArray[Any], targets: Targets) -> "_Problem":
        weights = targets.weights.astype(np.float64)
        total = weights.sum(axis=0)
        if (total == 0).any():
            empty = [name for name, sum_ in zip(targets.names, total, strict=True) if not sum_]
            raise ValueError(f"wanted films to fit {', '.join(empty)} on, came none")
        weights = weights / total
        sure = weights * ~targets.uncertain
        return cls(
            standard,
            present=sure * targets.values,
            absent=sure * (1 - targets.values),
            unsure=weights * targets.uncertain,
            three=np.flatnonzero((weights * targets.uncertain).any(axis=0)),
        )

    @property
    def rows(self) -> int:
        """Rows of weights: one a finding, and two more for each of three classes."""
        return int(self.present.shape[1]) + 2 * len(self.three)

    def loss(self, numbers: Array, penalty: float) -> tuple[float, Array]:
        """Return what is minimised and its gradient. numbers: (d + 1) * rows, the bias last."""
        table = numbers.reshape(-1, self.rows)
        weights, bias = table[:-1], table[-1]
        logits = (self.standard @ weights.astype(self.standard.dtype)).astype(np.float64) + bias
        loss, push = self._cross_entropy(logits)
        loss += penalty / 2 * float(np.square(weights).sum())
        gradient = np.empty_like(table)
        gradient[:-1] = self.standard.T @ push.astype(self.standard.dtype)
        gradient[:-1] += penalty * weights
        gradient[-1] = push.sum(axis=0)
        return loss, gradient.ravel()

    def _cross_entropy(self, logits: Array) -> tuple[float, Array]:
        """Return the loss and its slope (n, rows) by each logit."""
        k, m = self.present.shape[1], len(self.three)
        push = np.zeros_like(logits)
        z = logits[:, :k]
        total = self.present + self.absent
        said = 0.5 * (1 + np.tanh(z / 2))
        each = total * np.logaddexp(0, z) - self.present * z
        push[:, :k] = total * said - self.present
        if m:
            three = self.three
            zs = np.stack([logits[:, three], logits[:, k : k + m], logits[:, k + m :]])
            top = zs.max(axis=0)
            shares = np.exp(zs - top)
            sums = shares.sum(axis=0)
            wanted = np.stack([each_[:, three] for each_ in self._kinds()])
            every = wanted.sum(axis=0)
            each[:, three] = every * (np.log(sums) + top) - (wanted * zs).sum(axis=0)
            slopes = every * shares / sums - wanted
            push[:, three], push[:, k : k + m], push[:, k + m :] = slopes
        return float(each.sum()), push

    def _kinds(self) -> tuple[Array, Array, Array]:
        return self.present, self.absent, self.unsure

    def folded(self, numbers: Array) -> tuple[Array, Array]:
        """Return weights (d, k) and bias (k,), one row a finding."""
        table = numbers.reshape(-1, self.rows)
        k, m = self.present.shape[1], len(self.three)
        folded = table[:, :k].copy()
        folded[:, self.three] -= table[:, k : k + m]
        return folded[:-1], folded[-1]
