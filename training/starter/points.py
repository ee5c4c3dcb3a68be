"""The starter's operating points, chosen over all findings from its films' out-of-fold scores."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.model_card import Reliability
from training.data import nih
from training.evaluate import bootstrap
from training.evaluate.finding_metrics import ROUNDS, Films, auroc, reliability
from training.evaluate.operating_points import Chosen, choose
from training.fit import heads as fitting
from training.starter.kept_films import KeptFilms

Array = NDArray[np.float64]


def chosen_points(kept: KeptFilms, out_of_fold: Array, held_out: Array) -> Chosen:
    """Return the points of all findings. out_of_fold, held_out: calibrated scores (n, 11), 0..1.

    Folds are those that the networks were tuned by. Which findings may alert is the card's own
    verdict: the films held out can take that right away, and choose nothing else.
    """
    mine = ~kept.apart
    truth = kept.truth()[mine]
    folds = np.zeros(len(truth), np.intp)
    splits = fitting.folds(truth, [str(name) for name in kept.patients[mine]])
    for number, (_, left_out) in enumerate(splits):
        folds[left_out] = number
    said = verdicts(kept, out_of_fold, held_out)
    reliable = {name for name, verdict in said.items() if verdict == "reliable"}
    return choose(kept.told()[mine], out_of_fold, nih.ASSESSED, folds, reliable)


def verdicts(kept: KeptFilms, out_of_fold: Array, held_out: Array) -> dict[str, Reliability]:
    """Return what the card will say of each finding."""
    crossed = _films(kept, ~kept.apart, out_of_fold)
    apart = _films(kept, kept.apart, held_out)
    return {
        name: reliability(auroc(crossed, column), auroc(apart, column))
        for column, name in enumerate(nih.ASSESSED)
    }


def _films(kept: KeptFilms, mask: NDArray[np.bool_], scores: Array) -> Films:
    told = zip(kept.names[mask], kept.patients[mask], strict=True)
    # What a judgement reads of a row: whose film it is.
    rows = tuple(nih.Row(Path(str(name)), frozenset(), str(patient), "") for name, patient in told)
    weights = bootstrap.draws([row.patient for row in rows], ROUNDS)
    return Films(rows, kept.truth()[mask].astype(np.float64), scores, weights)
