"""Compares recipes on the folds that all of them have: a network's side, its first block, a rate.

    python -m training.recipes_compared FILMS_DIR WORK OTHER [OTHER ...]

Each folder is one that training/tune_starter.py filled, wholly or in part: a fold costs ten
minutes, and one is often enough to see that a recipe is no better. Prints the table of
training/what_helped.py, of the films that the shared folds leave out; the first line is WORK's
with refitted heads, and `gain` is told against it, by the same patients.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training import nih
from training.linear import Array
from training.out_of_fold import by_own_heads, logits_of
from training.tuned_folds import RECIPE_FILE, folds_done, read_folds
from training.what_helped import table

#: Of the refitted heads (training/heads.py): the one chosen on all folds, docs/adr/0026.
STRENGTH: Final = 1e-4


def shared_folds(works: Sequence[Path]) -> tuple[int, ...]:
    """Return the folds that each folder has. Raises ValueError when there is none."""
    done = [folds_done(work) for work in works]
    shared = set(done[0]).intersection(*done[1:])
    if not shared:
        told = ", ".join(f"{work}: {[*folds]}" for work, folds in zip(works, done, strict=True))
        raise ValueError(f"wanted folders with a fold in common, came {told}")
    return tuple(sorted(shared))


def scores_of(
    works: Sequence[Path], truth: NDArray[np.floating]
) -> tuple[NDArray[np.intp], dict[str, Array]]:
    """Return the places (m,) of the films left out, and each recipe's scores (m, 11) of them.

    truth: (n, 11), of all films that may be fitted on. Raises ValueError when the folders' folds
    do not leave out the same films.
    """
    shared = shared_folds(works)
    recipes = [json.loads((work / RECIPE_FILE).read_text()) for work in works]
    places: NDArray[np.intp] | None = None
    found = {}
    for work, recipe in zip(works, recipes, strict=True):
        folds = read_folds(work, shared)
        out = np.sort(np.concatenate([fold.left_out for fold in folds]))
        if places is not None and not np.array_equal(out, places):
            raise ValueError(f"wanted folds that leave out the same films, came others: {work}")
        places = out
        name = difference(recipes[0], recipe)
        found[f"{name}, heads refitted"] = logits_of(folds, truth, STRENGTH)[out]
        found[f"{name}, heads tuned along"] = by_own_heads(folds)[out]
    assert places is not None
    return places, found


def difference(first: Mapping[str, object], other: Mapping[str, object]) -> str:
    """Return the fields in which a recipe differs from the first, in words."""
    changed = [f"{name} {other[name]}" for name in other if other[name] != first.get(name)]
    return ", ".join(changed) or "the recipe"


def lines(rows: Sequence[nih.Row], works: Sequence[Path]) -> Iterator[str]:
    """Give the table's lines, below one that says which folds and how many films it is of."""
    mine = nih.to_fit(rows)
    places, found = scores_of(works, nih.truth_table(mine))
    folds = ", ".join(map(str, shared_folds(works)))
    yield f"Folds {folds}: {len(places)} films left out."
    yield from table([mine[place] for place in places], found)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("works", type=Path, nargs="+", metavar="WORK")
    chosen = parser.parse_args()
    for line in lines(nih.read_rows(chosen.films), chosen.works):
        print(line, flush=True)


if __name__ == "__main__":
    main()
