"""Compares recipes on the folds that all of them have: a network's side, its first block, a rate.

    python -m training.starter.recipes_compared FILMS_DIR WORK OTHER [OTHER ...]

Each folder is one that training/starter/tune.py filled, wholly or in part: a fold costs ten
minutes, and one is often enough to see that a recipe is no better. Prints the table of
training/starter/ablation.py, of the films that the shared folds leave out; the first line is
WORK's with refitted heads, and `gain` is told against it, by the same patients.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data import nih
from training.fit.heads import CHOSEN
from training.fit.linear import Array
from training.starter.ablation import table
from training.starter.out_of_fold import by_own_heads, logits_of
from training.starter.tuned_folds import RECIPE_FILE, folds_done, read_folds


def shared_folds(works: Sequence[Path]) -> tuple[int, ...]:
    """Return the folds that each folder has. Raises ValueError when there is none."""
    done = [folds_done(work) for work in works]
    shared = set(done[0]).intersection(*done[1:])
    if not shared:
        told = ", ".join(f"{work}: {[*folds]}" for work, folds in zip(works, done, strict=True))
        raise ValueError(f"wanted folders with a fold in common, came {told}")
    return tuple(sorted(shared))


def scores_of(
    works: Sequence[Path], shared: Sequence[int], truth: NDArray[np.floating]
) -> tuple[NDArray[np.intp], dict[str, Array]]:
    """Return the places (m,) of the films that these folds leave out, and the scores (m, 11).

    truth: (n, 11), of all films that may be fitted on. Scores are by recipe and kind of heads.
    Raises ValueError when the folders' folds do not leave out the same films.
    """
    folds = {work: read_folds(work, shared) for work in works}
    left_out = [np.sort(np.concatenate([fold.left_out for fold in folds[work]])) for work in works]
    places = left_out[0]
    recipes = [json.loads((work / RECIPE_FILE).read_text()) for work in works]
    found = {}
    for work, recipe, out in zip(works, recipes, left_out, strict=True):
        if not np.array_equal(out, places):
            raise ValueError(f"wanted folds that leave out the same films, came others: {work}")
        name = difference(recipes[0], recipe)
        found[f"{name}, heads refitted"] = logits_of(folds[work], truth, CHOSEN)[places]
        found[f"{name}, heads tuned along"] = by_own_heads(folds[work])[places]
    return places, found


def difference(first: Mapping[str, object], other: Mapping[str, object]) -> str:
    """Return the fields in which a recipe differs from the first, in words."""
    changed = [f"{name} {other[name]}" for name in other if other[name] != first.get(name)]
    return ", ".join(changed) or "the recipe"


def lines(rows: Sequence[nih.Row], works: Sequence[Path]) -> Iterator[str]:
    """Give the table's lines, below one that says which folds and how many films it is of."""
    mine = nih.to_fit(rows)
    shared = shared_folds(works)
    places, found = scores_of(works, shared, nih.truth_table(mine))
    yield f"Folds {', '.join(map(str, shared))}: {len(places)} films left out."
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
