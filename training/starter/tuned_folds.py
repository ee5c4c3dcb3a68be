"""Reads the folder that training/starter/tune.py fills: five networks' features, and the last one.

Each fold's network never saw the patients of the films it leaves out, so heads fitted on the rest
and asked about those give scores that say what tuning and heads together are worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.data.split import FOLDS
from training.fit.linear import Linear
from training.fit.projection import half
from training.starter.fitted import Kernels

FINAL: Final = "final"
RECIPE_FILE: Final = "recipe.json"
PLAIN_FILE: Final = "plain.npz"
_KERNEL: Final = "kernel:"


@dataclass(frozen=True)
class Fold:
    """One fold's network. n films may be fitted on, m of them it leaves out.

    fitted_on, left_out: places among the n. features: (n, d), of all n by this network.
    cropped: float16 (c, m, d), of c crops of those left out. head: the network's own, as it was
    tuned.
    """

    fitted_on: NDArray[np.intp]
    left_out: NDArray[np.intp]
    features: NDArray[np.floating]
    cropped: NDArray[np.float16]
    head: Linear


def path_of(work: Path, name: str) -> Path:
    """Return where a fold, "0" to "4", or the final fit is kept."""
    return work / (f"{FINAL}.npz" if name == FINAL else f"fold{name}.npz")


def folds_done(work: Path) -> tuple[int, ...]:
    """Return the numbers of the folds that are done."""
    return tuple(number for number in range(FOLDS) if path_of(work, str(number)).exists())


def read_folds(work: Path, numbers: Sequence[int] = range(FOLDS)) -> tuple[Fold, ...]:
    """Return these folds, all unless told. Raises FileNotFoundError for one that is not done."""
    found = []
    for number in numbers:
        with np.load(path_of(work, str(number)), allow_pickle=False) as kept:
            head = Linear(
                **{name: kept[f"head_{name}"] for name in ("mean", "scale", "weights", "bias")}
            )
            names = ("fitted_on", "left_out", "features", "cropped")
            found.append(Fold(**{name: kept[name] for name in names}, head=head))
    return tuple(found)


def read_kernels(work: Path) -> Kernels:
    """Return the final network's kernels."""
    with np.load(path_of(work, FINAL), allow_pickle=False) as kept:
        return {
            name.removeprefix(_KERNEL): kept[name].astype(np.float32)
            for name in kept.files
            if name.startswith(_KERNEL)
        }


def named(kernels: Kernels) -> dict[str, NDArray[Any]]:
    """Return the kernels as a file of the folder names them, in half precision."""
    return {f"{_KERNEL}{name}": half(kernel) for name, kernel in kernels.items()}
