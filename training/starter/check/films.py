"""Features of all that the input check is fitted on and judged by, by the built model."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.film_tensor import to_tensor
from training.data import nih
from training.starter.check.chest_ct import View, project, read_body
from training.starter.check.film_changes import CHANGES
from training.starter.check.kind_heads import Others
from training.starter.check.not_chest import read_pictures
from training.starter.check.served_features import ServedFeatures

#: Films drawn through the CT from each side.
DRAWN: Final = 250

Features = Mapping[str, NDArray[np.float16]]


@dataclass(frozen=True)
class Films:
    """Features of each change of the same films, with whose they are and who is held out."""

    changed: Features
    patients: NDArray[np.str_]
    apart: NDArray[np.bool_]


def read_films(folder: Path, model: ServedFeatures) -> Films:
    """Return the features of the folder's films and of every change of them."""
    rows = nih.read_rows(folder)
    changed: dict[str, NDArray[np.float16]] = {}
    for name, change in CHANGES.items():
        began = time.monotonic()
        tensors = []
        for number, row in enumerate(rows):
            with Image.open(row.path) as image:
                film = np.asarray(image.convert("L"))
            tensors.append(to_tensor(np.ascontiguousarray(change(film, number)), model.side))
        changed[name] = model.of(tensors)
        print(f"  {len(rows)} films {name}: {time.monotonic() - began:.0f} s")
    patients = np.array([row.patient for row in rows])
    return Films(changed, patients, nih.apart(rows))


def read_drawn(folder: Path, model: ServedFeatures) -> Features:
    """Return the features of each kind's drawn films, by the name of its folder."""
    found = {
        place.name: read_folder(place, model)
        for place in sorted(path for path in folder.iterdir() if path.is_dir())
    }
    if not found:
        raise ValueError(f"wanted folders of drawn films, came none: {folder}")
    return found


def read_folder(folder: Path, model: ServedFeatures) -> NDArray[np.float16]:
    """Return the features of a folder's pictures (PNG, JPEG), in the order of their names."""
    tensors = []
    for path in sorted(path for path in folder.iterdir() if path.suffix in {".png", ".jpg"}):
        with Image.open(path) as image:
            deep = image.mode.startswith("I")
            film = np.asarray(image).astype(np.uint16) if deep else np.asarray(image.convert("L"))
        tensors.append(to_tensor(film, model.side))
    if not tensors:
        raise ValueError(f"{folder}: wanted pictures, came none")
    return model.of(tensors)


def read_others(pictures: Path, ct: Path, model: ServedFeatures, count: int = DRAWN) -> Others:
    """Return the features of real pictures of other things, and of films drawn through a CT."""
    body = read_body(ct)

    def drawn(view: View) -> NDArray[np.float16]:
        began = time.monotonic()
        found = model.of(
            [to_tensor(project(body, view, seed), model.side) for seed in range(count)]
        )
        print(f"  {count} {view} films through the CT: {time.monotonic() - began:.0f} s")
        return found

    rows = read_pictures(pictures)
    looks = [row.tensors(model.side, seed) for seed, row in enumerate(rows)]
    found = model.of([tensor for each in looks for tensor in each])
    found = found.reshape(len(rows), len(looks[0]), -1)
    return Others(
        lateral=drawn("lateral"),
        frontal=drawn("frontal"),
        pictures=found[:, 0],
        altered=found[:, 1:],
        collections=np.array([row.collection for row in rows]),
        historical=np.array([row.historical for row in rows], bool),
    )


def remembered(
    path: Path | None, read: Callable[[], tuple[Films, Others]]
) -> tuple[Films, Others]:
    """Return all features, out of the file where it has them: they take twenty minutes."""
    if path is not None and path.exists():
        with np.load(path, allow_pickle=False) as kept:
            changed = {name: kept[name] for name in CHANGES}
            others = Others(**{name: kept[f"other.{name}"] for name in Others.__annotations__})
            return Films(changed, kept["patients"], kept["apart"]), others
    films, others = read()
    if path is not None:
        named = {f"other.{name}": found for name, found in vars(others).items()}
        np.savez(path, patients=films.patients, apart=films.apart, **films.changed, **named)  # type: ignore[arg-type]
    return films, others
