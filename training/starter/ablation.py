"""Tells what each step towards the starter model gained, on films that no step had seen.

    python -m training.starter.ablation FILMS_DIR WORK

WORK is the folder that training/starter/tune.py fills. Prints a table of macro AUROCs out of fold:
frozen features, tuned ones with the heads that were tuned along or with refitted ones, crops, the
hierarchy of Lung Opacity. `gain` is the difference to refitted heads of the chosen strength, with
the 95 % interval of a patient bootstrap, the same patients drawn for both.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.model_card import Figure
from training.data import nih
from training.evaluate import bootstrap
from training.evaluate.metrics import macro_auroc, sigmoid
from training.fit import heads as fitting
from training.fit.linear import Array
from training.starter.out_of_fold import best_strength, by_own_heads, by_strength, logits_of
from training.starter.tuned_folds import PLAIN_FILE, Fold, read_folds

#: What Lung Opacity is the parent of in CheXpert's hierarchy (Irvin et al. 2019, figure 1).
KINDS: Final = ("Lung Lesion", "Edema", "Consolidation", "Pneumonia", "Atelectasis")
ROUNDS: Final = 1000


def variants(
    folds: Sequence[Fold], plain: NDArray[np.floating], truth: NDArray[np.floating]
) -> dict[str, Array]:
    """Return scores (n, 11) of each variant, the chosen one first.

    plain: (n, d), features of the same films by ImageNet's weights.
    """
    tried = by_strength(folds, truth)
    strength = best_strength(truth, tried)
    chosen, own = tried.pop(strength), by_own_heads(folds)
    frozen = by_strength([replace(fold, features=plain) for fold in folds], truth)
    best = best_strength(truth, frozen)
    found = {
        f"tuned, heads refitted, C {strength:g}": chosen,
        f"frozen, C {best:g}": frozen[best],
        "tuned, heads tuned along": own,
        "the same, mean of crops": by_own_heads(folds, crops=True),
    }
    for each, logits in tried.items():
        found[f"tuned, heads refitted, C {each:g}"] = logits
    found["refitted, mean of crops"] = logits_of(folds, truth, strength, crops=True)
    found["refitted and tuned along, mean of standard logits"] = _standard(chosen) + _standard(own)
    found.update(_with_hierarchy(truth, chosen))
    return found


def _with_hierarchy(truth: NDArray[np.floating], logits: Array) -> Mapping[str, Array]:
    """Return Lung Opacity's score joined with the chance that any of its kinds is there."""
    slopes, shifts = fitting.platt(truth, logits)
    chances = sigmoid(logits * slopes + shifts)
    columns = [nih.ASSESSED.index(name) for name in KINDS]
    opacity = nih.ASSESSED.index("Lung Opacity")
    any_kind = 1 - np.prod(1 - chances[:, columns], axis=1)
    own = chances[:, opacity]
    joined = {
        "no less than any of its kinds": np.maximum(own, chances[:, columns].max(axis=1)),
        "the chance of any of its kinds": any_kind,
        "mean with the chance of any of its kinds": (own + any_kind) / 2,
    }
    found = {}
    for name, scores in joined.items():
        table = chances.copy()
        table[:, opacity] = scores
        found[f"Lung Opacity: {name}"] = table
    return found


def _standard(logits: Array) -> Array:
    return np.asarray((logits - logits.mean(axis=0)) / logits.std(axis=0))


def table(rows: Sequence[nih.Row], found: Mapping[str, Array]) -> Iterator[str]:
    """Give the table's lines; the first variant is what the others are compared with."""
    truth = nih.truth_table(rows).astype(np.float64)
    weights = bootstrap.draws([row.patient for row in rows], ROUNDS)
    sources = np.array([row.source for row in rows])
    large = [name for name in sorted(set(sources)) if (sources == name).sum() > len(rows) / 10]
    yield f"| scores | macro AUROC | gain | {' | '.join(large)} |"
    yield "|---" * (3 + len(large)) + "|"
    first: Array | None = None
    for name, scores in found.items():
        each = [bootstrap.auroc(truth[:, k], scores[:, k], weights) for k in range(truth.shape[1])]
        macro = np.nanmean(each, axis=0)
        first = macro if first is None else first
        gain = "" if macro is first else _told(bootstrap.figure(macro - first), "+.4f")
        within = [
            f"{macro_auroc(truth[sources == mine], scores[sources == mine]):.3f}" for mine in large
        ]
        said = _told(bootstrap.figure(macro), ".4f")
        yield f"| {name} | {said} | {gain} | {' | '.join(within)} |"


def _told(figure: Figure, form: str) -> str:
    return f"{figure.value:{form}} ({figure.low:{form}} to {figure.high:{form}})"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("work", type=Path, metavar="WORK")
    chosen = parser.parse_args()
    rows = nih.read_rows(chosen.films)
    mine = nih.to_fit(rows)
    truth = nih.truth_table(mine)
    with np.load(chosen.work / PLAIN_FILE, allow_pickle=False) as kept:
        plain = kept["features"][~nih.apart(rows)]
    for line in table(mine, variants(read_folds(chosen.work), plain, truth)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
