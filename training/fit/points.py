"""Which findings of a run can be relied on, and where their alerts start: by validation films."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX, Label
from schemas.model_card import RELIABLE_FROM
from schemas.models import OperatingPoints
from training.evaluate import bootstrap
from training.evaluate.finding_metrics import FEWEST
from training.evaluate.operating_points import by_patient, choose
from training.fit.linear import Array
from training.fit.policies import truth

_ROUNDS: Final = 1000
_SEED: Final = 1


def reliable(
    known: Array, scores: Array, patients: NDArray[np.str_], names: Sequence[str]
) -> tuple[str, ...]:
    """Return the findings whose AUROC interval, 95 % by patients drawn, begins at 0.65 or higher.

    known: (n, k) of 1, 0 and NaN. scores: (n, k), of films that no head was fitted on. A finding
    with fewer than five patients with it or without is not reliable: nobody can say that it is.
    """
    statistics: dict[tuple[str, ...], Callable[[Array], Array]] = {}
    for column, name in enumerate(names):
        mine = np.isfinite(known[:, column])
        right, said, whose = known[mine, column], scores[mine, column], patients[mine]
        if min(len(np.unique(whose[right == value])) for value in (0, 1)) >= FEWEST:
            statistics[name,] = partial(_auroc, right, said, mine)
    drawn = bootstrap.every_round(statistics, patients, _ROUNDS, _SEED)
    return tuple(
        name
        for (name,), values in drawn.items()
        if bootstrap.interval(values[0])[1] >= RELIABLE_FROM
    )


def _auroc(right: Array, said: Array, mine: NDArray[np.bool_], weights: Array) -> Array:
    return bootstrap.auroc(right, said, weights[:, mine])[None]


def chosen_points(
    labels: NDArray[np.int8],
    not_mentioned: str,
    scores: Array,
    patients: NDArray[np.str_],
    names: Sequence[str],
) -> tuple[dict[str, OperatingPoints], tuple[str, ...]]:
    """Return the three points of each finding, and the findings that can be relied on.

    labels: (n, 14), `policies.consistent`. scores: (n, k), 0..1, of films that no head was fitted
    on, columns as `names`.
    """
    known = truth(labels, not_mentioned)
    trusted = reliable(known[:, [INDEX[name] for name in names]], scores, patients, names)
    said = np.where(known == 0, Label.ABSENT, labels)
    chosen = choose(said, scores, names, by_patient(patients.tolist()), trusted)
    return chosen.points, trusted
