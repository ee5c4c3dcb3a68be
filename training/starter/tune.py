"""Fine-tunes the starter's backbone: in five folds, to be judged by, then on all it may see.

    python -m training.starter.tune FILMS_DIR WORK [--set NAME=VALUE ...] [--only 0,1,final]

Held-out patients (training/data/nih.py) are in none of it but plain.npz, the features that
ImageNet's weights give of all films, and the last features. WORK gets a file for each fold,
`fold0.npz` to `fold4.npz`, and `final.npz`; what is there already is not done again, so a run of
hours can be stopped. NAME=VALUE sets a field of training.starter.fine_tune.Recipe.
"""

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.backbones.efficientnet_lite import weights_file
from training.backbones.torch_weights import read_state_dict
from training.data import nih
from training.evaluate.metrics import macro_auroc
from training.fit import heads as fitting
from training.starter.fine_tune import (
    Recipe,
    Tables,
    Tuned,
    early_outputs,
    fine_tune,
    pooled_features,
)
from training.starter.folded_lite import FoldedLite
from training.starter.tuned_folds import FINAL, PLAIN_FILE, RECIPE_FILE, named, path_of

#: Parts of a film that are looked at besides the whole: top, left, size, as shares of its side.
CROPS: Final = ((0.0, 0.0, 0.92), (0.0, 0.08, 0.92), (0.08, 0.0, 0.92), (0.08, 0.08, 0.92))

Kept = dict[str, NDArray[Any]]


def tune(rows: Sequence[nih.Row], recipe: Recipe, work: Path, only: Sequence[str] = ()) -> None:
    """Write the missing files of `work`, or those of `only`.

    Raises ValueError when `work` holds another recipe's.
    """
    _same_recipe(recipe, work)
    mine = nih.to_fit(rows)
    truth = nih.truth_table(mine)
    splits = fitting.folds(truth, [row.patient for row in mine])
    names = [*map(str, range(len(splits))), FINAL]
    wanted = [name for name in names if not only or name in only]
    missing = [name for name in wanted if not path_of(work, name).exists()]
    if not missing:
        return
    every = np.stack([nih.film(row, recipe.side) for row in rows])
    fit = ~nih.apart(rows)
    films = every[fit]
    early = early_outputs(films, recipe, work / "early")
    plain = _plain_features(every, recipe, work / PLAIN_FILE)[fit]
    tables = Tables(films, plain, truth, nih.beside_table(mine), early)
    for name in missing:
        began = time.monotonic()
        if name == FINAL:
            kept = _final(tables, every, recipe)
            told = "all films"
        else:
            kept = _fold(tables, splits[int(name)], recipe)
            out = kept["left_out"]
            told = f"macro AUROC {macro_auroc(truth[out], kept['logits'][out]):.4f}"
        np.savez(path_of(work, name), **kept)  # type: ignore[arg-type]
        print(f"{name}: {told}, {time.monotonic() - began:.0f} s", flush=True)


def _plain_features(films: NDArray[np.uint8], recipe: Recipe, path: Path) -> NDArray[np.float32]:
    """Return the features (n, d) that ImageNet's weights give; kept, for comparisons read them."""
    if not path.exists():
        net = FoldedLite(read_state_dict(weights_file()), recipe.first_block)
        np.savez(path, features=pooled_features(net, films))
    with np.load(path, allow_pickle=False) as kept:
        return np.asarray(kept["features"])


def _fold(
    tables: Tables, split: tuple[NDArray[np.intp], NDArray[np.intp]], recipe: Recipe
) -> Kept:
    """Return features and logits of all films by a network that saw only the split's first."""
    fitted_on, left_out = split
    tuned, net = _tuned(tables, fitted_on, recipe)
    features = pooled_features(net, tables.films)
    crops = [pooled_features(net, _cropped(tables.films[left_out], crop)) for crop in CROPS]
    return {
        "fitted_on": fitted_on,
        "left_out": left_out,
        "features": features.astype(np.float16),
        "cropped": np.stack(crops).astype(np.float16),
        "logits": tuned.head.logits(features),
        **_head(tuned),
    }


def _final(tables: Tables, every: NDArray[np.uint8], recipe: Recipe) -> Kept:
    """Return kernels, and features of `every` film, by a network that saw all it may see."""
    tuned, net = _tuned(tables, np.arange(len(tables.films)), recipe)
    return {
        "features": pooled_features(net, every).astype(np.float16),
        **_head(tuned),
        **named(tuned.kernels),
    }


def _tuned(
    tables: Tables, fitted_on: NDArray[np.intp], recipe: Recipe
) -> tuple[Tuned, FoldedLite]:
    tuned = fine_tune(tables, fitted_on, recipe)
    net = FoldedLite(read_state_dict(weights_file()), recipe.first_block)
    net.put(tuned.kernels)
    return tuned, net


def _head(tuned: Tuned) -> Kept:
    return {f"head_{name}": numbers for name, numbers in vars(tuned.head).items()}


def _cropped(films: NDArray[np.uint8], crop: tuple[float, float, float]) -> NDArray[np.uint8]:
    side = films.shape[1]
    top, left, size = (round(share * side) for share in crop)
    parts = [Image.fromarray(film[top : top + size, left : left + size]) for film in films]
    return np.stack([np.asarray(part.resize((side, side), Image.Resampling.BICUBIC))
                     for part in parts])  # fmt: skip


def _same_recipe(recipe: Recipe, work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    told = json.dumps(dataclasses.asdict(recipe), indent=2)
    kept = work / RECIPE_FILE
    if kept.exists() and kept.read_text() != told:
        raise ValueError(f"wanted a folder of this recipe, came another's: {kept}")
    kept.write_text(told)


def recipe_of(words: Sequence[str]) -> Recipe:
    """Return the recipe with fields set by NAME=VALUE. Raises ValueError for another name."""
    kinds: dict[str, type[float]] = {
        field.name: int if isinstance(field.default, int) else float
        for field in dataclasses.fields(Recipe)
    }
    chosen: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in kinds:
            raise ValueError(f"wanted NAME=VALUE with one of {sorted(kinds)}, came {word!r}")
        chosen[name] = kinds[name](value)
    return Recipe(**chosen)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--only", default="", help="which folds (0 to 4, final), with commas")
    chosen = parser.parse_args()
    only = [name for name in chosen.only.split(",") if name]
    tune(nih.read_rows(chosen.films), recipe_of(chosen.set), chosen.work, only)


if __name__ == "__main__":
    main()
