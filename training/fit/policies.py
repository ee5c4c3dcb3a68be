"""From labels to what a fit learns: uncertainty policies, not mentioned, balance.

Irvin et al. 2019 (arXiv 1901.07031), section 3.1, whose names are kept here without their "U-":
ignore leaves an uncertain label out of the loss, zeros and ones take it for that answer,
self-trained learns what a first fit without it predicts, multi-class makes it a class of its own.
The paper does not say what becomes of a finding that a report does not mention: a flag does.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS, INDEX, Label
from training.data.problems import Problem
from training.data.table import NOT_MENTIONED
from training.fit.run_settings import RunSettings
from training.fit.targets import Targets

#: Films of either answer without which a finding is not assessed: fewer say nothing.
FEWEST: Final = 5
#: The same of the part by which heads are calibrated: one answer alone calibrates nothing.
FEWEST_VALID: Final = 1

_NO_FINDING: Final = INDEX["No Finding"]
_PATHOLOGIES: Final = [
    INDEX[name] for name in FINDINGS if name not in {"No Finding", "Support Devices"}
]


def consistent(labels: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return labels (n, 14) whose No Finding does not gainsay the others.

    It is absent where any pathology is present or uncertain, whatever was said of it; support
    devices are no pathology (Irvin et al. 2019, section 2.2). Elsewhere it stays as it came.
    """
    made = labels.copy()
    ill = np.isin(labels[:, _PATHOLOGIES], (Label.PRESENT, Label.UNCERTAIN)).any(axis=1)
    made[ill, _NO_FINDING] = Label.ABSENT
    return made


def truth(labels: NDArray[np.int8], not_mentioned: str) -> NDArray[np.float64]:
    """Return float64 (n, 14): 1, 0, or NaN where nobody is sure or nobody said.

    not_mentioned: "zeros" or "ignore". No Finding that is not mentioned stays unknown under
    "zeros" too: when no other finding is mentioned either, its absence would be a contradiction.
    """
    found = np.full(labels.shape, np.nan)
    found[labels == Label.PRESENT] = 1
    found[labels == Label.ABSENT] = 0
    if not_mentioned == "zeros":
        silent = labels == NOT_MENTIONED
        silent[:, _NO_FINDING] = False
        found[silent] = 0
    return found


def assessed(
    known: NDArray[np.float64], parts: NDArray[np.str_]
) -> tuple[tuple[str, ...], list[Problem]]:
    """Return the findings that can be fitted, and why each other one cannot.

    known: `truth` (n, 14) of films in these parts (n,). A finding needs FEWEST films of either
    answer in the training part and FEWEST_VALID in the validation part; it is not assessed
    otherwise, which is never the same as absent (docs/adr/0005).
    """
    names, problems = [], []
    for name, column in INDEX.items():
        for part, fewest in (("train", FEWEST), ("valid", FEWEST_VALID)):
            mine = known[parts == part, column]
            present, absent = int((mine == 1).sum()), int((mine == 0).sum())
            if min(present, absent) < fewest:
                why = f"not assessed: {present} films with it and {absent} without in {part},"
                problems.append(Problem(name, f"{why} wanted {fewest} of each"))
                break
        else:
            names.append(name)
    return tuple(names), problems


def targets(
    labels: NDArray[np.int8],
    settings: RunSettings,
    names: tuple[str, ...],
    train: NDArray[np.bool_],
    predicted: NDArray[np.float64] | None = None,
) -> Targets:
    """Return what is learned of n films.

    labels:    (n, 14), `consistent`.
    train:     (n,), the films that balance is counted on.
    predicted: (n, k), 0..1, what a first fit says of `names`: the target of an uncertain label
               whose policy is self-trained. None: that label is left out, as the first fit's is.
    """
    columns = [INDEX[name] for name in names]
    known = truth(labels, settings.not_mentioned)[:, columns]
    weights = np.isfinite(known).astype(np.float64)
    values = np.nan_to_num(known, nan=0.0)
    unsure = labels[:, columns] == Label.UNCERTAIN
    third = np.zeros(unsure.shape, np.bool_)
    for column, name in enumerate(names):
        which = unsure[:, column]
        policy = settings.policy_of(name)
        if policy == "multi-class":
            third[which, column] = True
            weights[which, column] = 1
        elif policy in {"ones", "zeros"}:
            values[which, column] = policy == "ones"
            weights[which, column] = 1
        elif policy == "self-trained" and predicted is not None:
            values[which, column] = predicted[which, column]
            weights[which, column] = 1
    if settings.balance == "weights":
        values, weights = _balanced(values, weights, third, train)
    return Targets(names, values.astype(np.float32), weights.astype(np.float32), third)


def _balanced(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    third: NDArray[np.bool_],
    train: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values and weights (n, k) under which a finding's answers weigh alike in `train`.

    A soft label is a share of a film that has the finding and a share of one that has not; each
    share gets its answer's weight, so that the value moves with them.
    """
    present = values * weights * ~third
    absent = (1 - values) * weights * ~third
    unsure = weights * third
    kinds = np.stack([present, absent, unsure])
    counts = kinds[:, train].sum(axis=1)
    used = (counts > 0).sum(axis=0)
    # A class that no training film has gets no weight; no film of it is learned from either.
    costs = np.divide(
        counts.sum(axis=0), used * counts, out=np.zeros_like(counts), where=counts > 0
    )
    kinds *= costs[:, None, :]
    total = kinds.sum(axis=0)
    return np.divide(kinds[0], total, out=np.zeros_like(total), where=total > 0), total
