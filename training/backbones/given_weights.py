"""Weights for a network of Keras out of a file: whole or not at all."""

import zipfile
from pathlib import Path
from typing import Any, Final

import h5py
import keras
import numpy as np

from training.errors import WrongInput

ENDINGS: Final = (".keras", ".h5", ".hdf5")


def load(model: keras.Model, file: Path) -> None:
    """Give the model the weights of `file`: .keras, .weights.h5, or Keras 2's .h5.

    Keras reads what it finds places for and is silent about what is left in the file, so what it
    did is looked at after: every number came from the file, and every array of the file was
    wanted. Raises WrongInput otherwise; the model is then of no use.
    """
    if not file.is_file():
        raise WrongInput(f"--weights: wanted imagenet, none or a file, {file} is none")
    if file.suffix not in ENDINGS:
        raise WrongInput(f"--weights: wanted a file {', '.join(ENDINGS)}; came {file.name}")
    for weight in model.weights:
        weight.assign(np.full(weight.shape, np.nan, np.float32))
    try:
        arrays = _arrays(file)
        model.load_weights(file)
    except (ValueError, OSError, KeyError, TypeError, zipfile.BadZipFile) as error:
        why = " ".join(str(error).split())[:300]
        raise WrongInput(f"--weights: {file} does not fit {model.name}: {why}") from error
    unfilled = [weight.path for weight in model.weights if not _finite(weight)]
    if unfilled or arrays != len(model.weights):
        raise WrongInput(
            f"--weights: {file} does not fit {model.name}, which has {len(model.weights)} arrays:"
            f" the file has {arrays}, and {len(unfilled)} got no finite numbers from it"
            f" {unfilled[:3]}"
        )


def _finite(weight: Any) -> bool:
    return bool(np.isfinite(keras.ops.convert_to_numpy(weight)).all())


def _arrays(file: Path) -> int:
    """Return how many arrays of a network (not of its optimizer) the file holds."""
    if file.suffix != ".keras":
        with h5py.File(file, "r") as kept:
            return _counted(kept)
    with (
        zipfile.ZipFile(file) as archive,
        archive.open("model.weights.h5") as inner,
        h5py.File(inner, "r") as kept,
    ):
        return _counted(kept)


def _counted(group: Any) -> int:
    found = 0
    for name, item in group.items():
        if name in {"optimizer", "optimizer_weights"}:
            continue
        found += 1 if isinstance(item, h5py.Dataset) else _counted(item)
    return found
