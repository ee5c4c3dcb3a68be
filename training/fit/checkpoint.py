"""Where a fine-tuning is: all that it needs to go on as if it had never been stopped.

One .npz a state, put in place by a rename: whoever is killed leaves the last whole one. Orders of
films and all that is drawn follow from the seed, the epoch and the step (film_stream.py), so the
place in them is two numbers.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.errors import WrongInput

STATE: Final = "state.npz"
_PLACE: Final = "place"


@dataclass(frozen=True)
class Place:
    """epoch and step come next. best: the highest validation AUROC so far, of epoch `best_epoch`.

    waited: epochs since. done: nothing is left to do but take the best weights. of: what the run
    is (settings, films, labels), by hash. precision: what it computes in.
    """

    of: str
    precision: str
    epoch: int = 0
    step: int = 0
    best: float | None = None
    best_epoch: int | None = None
    waited: int = 0
    done: bool = False

    def after_epoch(self, score: float, patience: int, epochs: int) -> "Place":
        """Return the place when this epoch is over; score: validation AUROC, NaN unknown."""
        better = score > (-np.inf if self.best is None else self.best)
        waited = 0 if better or np.isnan(score) else self.waited + 1
        following = self.epoch + 1
        place = replace(
            self,
            epoch=following,
            step=0,
            waited=waited,
            done=following >= epochs or waited >= patience,
        )
        return replace(place, best=score, best_epoch=self.epoch) if better else place


def save(folder: Path, place: Place, arrays: list[NDArray[Any]]) -> None:
    """Keep the state. Afterwards it is on the disk, whole, in place of the one before."""
    said = np.frombuffer(json.dumps(asdict(place)).encode(), np.uint8)
    _put(folder / STATE, {_PLACE: said, **_numbered(arrays)})


def load(folder: Path, of: str) -> tuple[Place, list[NDArray[Any]]] | None:
    """Return the state kept, None where there is none. Raises WrongInput for another run's."""
    file = folder / STATE
    if not file.exists():
        return None
    with np.load(file, allow_pickle=False) as kept:
        place = Place(**json.loads(kept[_PLACE].tobytes()))
        arrays = [kept[str(number)] for number in range(len(kept.files) - 1)]
    if place.of != of:
        raise WrongInput(
            f"{file} is another run's: its settings, films or labels differ from this one's"
        )
    return place, arrays


def save_best(folder: Path, epoch: int, weights: list[NDArray[Any]]) -> None:
    """Keep an epoch's weights, beside those of the best epoch before."""
    _put(_best(folder, epoch), _numbered(weights))


def load_best(folder: Path, epoch: int) -> list[NDArray[Any]]:
    """Return what `save_best` kept. Raises FileNotFoundError where it did not."""
    with np.load(_best(folder, epoch), allow_pickle=False) as kept:
        return [kept[str(number)] for number in range(len(kept.files))]


def forget_worse(folder: Path, best: int | None) -> None:
    """Remove the weights of all other epochs, once a saved place says which is best."""
    for file in folder.glob("best-*.npz"):
        if best is None or file != _best(folder, best):
            file.unlink()


def _best(folder: Path, epoch: int) -> Path:
    return folder / f"best-{epoch}.npz"


def _numbered(arrays: list[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {str(number): array for number, array in enumerate(arrays)}


def _put(file: Path, arrays: dict[str, NDArray[Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    growing = file.with_suffix(".growing")
    with growing.open("wb") as out:
        np.savez(out, **arrays)  # type: ignore[arg-type]
        out.flush()
        os.fsync(out.fileno())
    growing.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
