"""The heads that say what kind of picture it is: a lateral film, or no chest film at all.

`lateral` is learned from one body seen from the side (training/starter/check/chest_ct.py) against
that body seen from the front and frontal films; `not_chest` from real pictures and drawings of
other things against frontal films and both views of the body. Their thresholds come from frontal
films alone, out of fold: from those varied as other hospitals' films differ
(training/starter/check/film_changes.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from schemas.film_check import KINDS, CheckNumbers

#: Inverse strength of the heads' L2 penalty on standard features.
STRENGTH: Final = 1e-3
#: The share of varied frontal films that each head must call neither, out of fold. A film that
#: waits is lost for nobody, one that is called lateral is not assessed: more room for that one.
VARIED_PASS: Final = {"lateral": 0.995, "not_chest": 0.99}
#: The changes of frontal films that are still good films.
_GOOD: Final = ("upright", "trimmed", "soft", "varied")

Features = NDArray[np.float16]


@dataclass(frozen=True)
class Others:
    """Features of what is no frontal film of a patient: float16 (n, d) each.

    lateral, frontal: one body, drawn. pictures: real ones of other things; altered: float16
    (n, k, d), the same ones changed; collections, historical: which each is of, whether it is a
    historical print.
    """

    lateral: Features
    frontal: Features
    pictures: Features
    altered: Features
    collections: NDArray[np.str_]
    historical: NDArray[np.bool_]

    def without(self, collection: str) -> "Others":
        """Return them without the pictures of one collection."""
        kept = self.collections != collection
        return replace(
            self,
            pictures=self.pictures[kept],
            altered=self.altered[kept],
            collections=self.collections[kept],
            historical=self.historical[kept],
        )


@dataclass(frozen=True)
class Drawings:
    """Features of our drawings, float16 (n, d) each: of other things, and of lateral films."""

    other: Features
    lateral: Features


def with_kinds(
    numbers: CheckNumbers, films: Mapping[str, Features], others: Others, drawn: Drawings
) -> CheckNumbers:
    """Return the numbers with both heads, fitted on these films, others and drawings.

    Drawings are of kinds that no real picture is at hand of; those of lateral films are few beside
    the body's, so that they pass for what they are meant to be.
    """
    altered = others.altered.reshape(-1, others.pictures.shape[1])
    good = [films[name] for name in _GOOD]
    body = [others.lateral, others.frontal, drawn.lateral]
    fitted = [
        _head(numbers, [others.lateral, drawn.lateral], [others.frontal, *good]),
        _head(numbers, [others.pictures, altered, drawn.other], [*body, *good]),
    ]
    return replace(
        numbers,
        kind_weights=np.stack([weights for weights, _ in fitted], axis=1).astype(np.float32),
        kind_bias=np.array([bias for _, bias in fitted], np.float32),
    )


def logits(sure: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logits of sureness; beyond 30 either way they are one."""
    kept = np.clip(sure, 1e-13, 1 - 1e-13)
    return np.asarray(np.log(kept / (1 - kept)))


def shifts(varied: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (2,): what to take off each logit so that VARIED_PASS of varied films are no flag.

    varied: float64 (n, 2), sureness out of fold.
    """
    return np.array(
        [
            np.sort(column)[int(np.ceil(VARIED_PASS[name] * len(column))) - 1] + 1e-3
            for name, column in zip(KINDS, logits(varied).T, strict=True)
        ]
    )


def shifted(numbers: CheckNumbers, by: NDArray[np.float64]) -> CheckNumbers:
    """Return the numbers with that taken off each head's logit."""
    assert numbers.kind_bias is not None
    return replace(numbers, kind_bias=(numbers.kind_bias - by).astype(np.float32))


def _head(
    numbers: CheckNumbers, yes: list[Features], no: list[Features]
) -> tuple[NDArray[np.float64], float]:
    """Return weights (d,) and bias of a head that tells yes from no, each side as heavy."""
    table = np.concatenate([*yes, *no]).astype(np.float64)
    truth = np.repeat([1, 0], [sum(map(len, yes)), sum(map(len, no))])
    with threadpool_limits(1):
        head = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=3000)
        head.fit((table - numbers.mean) / numbers.scale, truth)
    return head.coef_[0], float(head.intercept_[0])
