"""Cross-validates recipes of fine-tuning, by patient, on the films that may be fitted on.

    python -m training.cross_validate FILMS_DIR --keep DIR [--folds 0,1,2] [--set NAME=VALUE ...]

Each fold's films are scored by a network that never saw their patients. Writes one file a fold to
DIR (its pooled features and scores, so that heads can be tried again without training) and prints
what each way of reading them is worth. NAME=VALUE sets a field of training.fine_tune.Recipe.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from training import heads as fitting
from training import nih
from training.efficientnet_lite import weights_file
from training.fine_tune import Recipe, early_outputs, fine_tune, pooled
from training.folded_lite import FoldedLite
from training.metrics import macro_auroc
from training.torch_weights import read_state_dict

#: Parts of a film, as shares of its side: top, left, size. Each is enlarged to the whole side.
CROPS: Final = ((0.0, 0.0, 0.92), (0.0, 0.08, 0.92), (0.08, 0.0, 0.92), (0.08, 0.08, 0.92))


def _early_name(recipe: Recipe) -> str:
    return f"early-{recipe.side}-{recipe.first_block}-{recipe.epochs}-{recipe.seed}.npy"


def films_of(rows: list[nih.Row], side: int) -> NDArray[np.uint8]:
    """Return uint8 (n, side, side)."""
    return np.stack([nih.film(row, side) for row in rows])


def run_fold(
    films: NDArray[np.uint8],
    plain: NDArray[np.float32],
    early: NDArray[np.float16],
    truth: NDArray[np.float32],
    beside: NDArray[np.float32],
    split: tuple[NDArray[np.intp], NDArray[np.intp]],
    recipe: Recipe,
) -> dict[str, NDArray[Any]]:
    """Return what is kept of a fold: features of all films, the network's own logits."""
    fitted_on, left_out = split
    tuned = fine_tune(plain, early, truth, beside, fitted_on, recipe)
    net = FoldedLite(read_state_dict(weights_file()), recipe.first_block)
    net.put(tuned.kernels)
    features = pooled(net, films)
    cropped = [pooled(net, _cropped(films[left_out], crop)) for crop in CROPS]
    return {
        "fitted_on": fitted_on,
        "left_out": left_out,
        "features": features.astype(np.float16),
        "cropped": np.stack(cropped).astype(np.float16),
        "logits": tuned.head.logits(features),
        "head_mean": tuned.head.mean,
        "head_scale": tuned.head.scale,
        "head_weights": tuned.head.weights,
        "head_bias": tuned.head.bias,
        **{f"kernel:{name}": kernel.astype(np.float16) for name, kernel in tuned.kernels.items()},
    }


def _cropped(films: NDArray[np.uint8], crop: tuple[float, float, float]) -> NDArray[np.uint8]:
    from PIL import Image

    side = films.shape[1]
    top, left, size = (round(part * side) for part in crop)
    return np.stack(
        [
            np.asarray(
                Image.fromarray(film[top : top + size, left : left + size]).resize(
                    (side, side), Image.Resampling.BICUBIC
                )
            )
            for film in films
        ]
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("--keep", type=Path, required=True, metavar="DIR")
    parser.add_argument("--folds", default="0,1,2,3,4")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    chosen = parser.parse_args()
    kinds = {field.name: type(field.default) for field in dataclasses.fields(Recipe)}
    words = dict(word.split("=", 1) for word in chosen.set)
    recipe = Recipe(**{name: kinds[name](value) for name, value in words.items()})
    rows = [row for row in nih.read_rows(chosen.films) if not nih.held_out(row.patient)]
    truth = nih.label_table(rows)[:, [INDEX[name] for name in nih.ASSESSED]]
    patients = [row.patient for row in rows]
    films = films_of(rows, recipe.side)
    splits = fitting.folds(truth, patients)
    chosen.keep.mkdir(parents=True, exist_ok=True)
    (chosen.keep / "recipe.json").write_text(json.dumps(dataclasses.asdict(recipe), indent=2))
    early = early_outputs(films, recipe, chosen.keep.parent / _early_name(recipe))
    plain = pooled(FoldedLite(read_state_dict(weights_file()), recipe.first_block), films)
    for number in map(int, chosen.folds.split(",")):
        path = chosen.keep / f"fold{number}.npz"
        if path.exists():
            continue
        began = time.monotonic()
        kept = run_fold(films, plain, early, truth, nih.beside_table(rows), splits[number], recipe)
        np.savez(path, **kept)
        left_out = kept["left_out"]
        mine = macro_auroc(truth[left_out], kept["logits"][left_out])
        print(f"fold {number}: {mine:.4f}, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
