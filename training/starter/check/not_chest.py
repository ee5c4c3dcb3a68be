"""Real pictures that are no frontal chest film: to fit the head `not_chest` on, and to judge it.

A folder holds `files.csv` (file, what, source, licence) and the pictures it names. `source` is a
collection, then a colon, then the place in it; a `what` that says "historical" is a print of the
first years, bones dark: reported apart.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.film_tensor import to_tensor
from training.starter.check.film_changes import Film, varied

#: What else such a picture may look like. A hand is a hand whichever way it lies.
ALTERED: Final[dict[str, Callable[[Film, int], Film]]] = {
    "mirrored": lambda film, _: film[:, ::-1],
    "negative": lambda film, _: 255 - film,
    "turned-90": lambda film, _: np.rot90(film, 1),
    "turned-180": lambda film, _: np.rot90(film, 2),
    "varied": varied,
}

_COLUMNS: Final = ("file", "what", "source", "licence")


@dataclass(frozen=True)
class Picture:
    """One line of files.csv."""

    path: Path
    what: str
    collection: str

    @property
    def historical(self) -> bool:
        """Return whether it is a print of the first years of radiography."""
        return "historical" in self.what

    def tensors(self, side: int, seed: int) -> list[NDArray[np.uint8]]:
        """Return it as the model would see it, uint8 (side, side), then each change of it."""
        with Image.open(self.path) as image:
            grey = np.asarray(image.convert("L"))
        changed = (change(grey, seed) for change in ALTERED.values())
        return [to_tensor(np.ascontiguousarray(film), side) for film in (grey, *changed)]


def read_pictures(folder: Path) -> list[Picture]:
    """Return the folder's pictures in the file's order.

    Raises ValueError for a missing column or no picture, FileNotFoundError without files.csv.
    """
    with (folder / "files.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"files.csv: wanted columns {_COLUMNS}, {missing} are missing")
        found = [
            Picture(folder / line["file"], line["what"], line["source"].partition(":")[0])
            for line in reader
        ]
    if not found:
        raise ValueError(f"{folder}: wanted pictures, files.csv names none")
    return found
