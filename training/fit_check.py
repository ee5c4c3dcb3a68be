"""Fits the input check: whether a film is a frontal chest, is inverted, turned or cropped.

    python -m training.fit_check FILMS_DIR --drawn DIR --model DIR [--out DIR] [--card FILE]

FILMS_DIR holds films as training/nih.py reads them, DIR of --drawn is made by
`python -m stack.draw_films`, DIR of --model is the built model (training/build_starter.py).
Writes check.npz, the manifest's `check` and the model card's section. Run it after every
training.fit_starter, whose manifest has no check. One patient in five is never fitted
on, chosen by or set a threshold by (training/nih.py, `held_out`); drawn films never are.
"""

import argparse
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from schemas.film_check import FLAGGED, FROM_PIXELS, CheckNumbers
from schemas.film_tensor import to_tensor
from schemas.models import FilmCheck
from training import nih
from training.card_page import PAGE
from training.check_card import add_section
from training.export import read_manifest, write_manifest
from training.film_changes import CHANGES, MEANS
from training.fitted import KEPT
from training.served_features import ServedFeatures

#: Directions kept whole; chosen in docs/adr/0085. More gain nothing and cost 3.6 kB each.
AXES: Final = 48
#: The share of good films that must pass, out of fold.
PASS: Final = 0.995
#: Inverse strength of the heads' L2 penalty on standard features.
_STRENGTH: Final = 1e-3
_FOLDS: Final = 5
#: Room beyond that for films of other hospitals and detectors, which lie a little farther.
_ROOM: Final = 1.1
#: A film must lie this much beyond the farthest film we know of before it is surely none.
_MARGIN: Final = 1.05
#: A feature that hardly ever differs is measured in this share of the usual spread: else one film
#: that shows it lies 25 times as far away as any other, and nothing could ever be sure.
_LEAST_SPREAD: Final = 0.01
#: What a steward should see rather than nobody: turned and inverted films are chest films.
_STILL_CHESTS: Final = ("upright", "trimmed", "inverted", "turned-90", "turned-180", "turned-270")

#: A film that is framed tightly is not cropped: that flag is raised where this share of the films
#: cut to less than the lungs still raise it, out of fold. An inverted or turned film misleads,
#: so those flags stay where they are raised soonest.
_CROPPED_FOUND: Final = 0.9

Features = Mapping[str, NDArray[np.float16]]


@dataclass(frozen=True)
class Films:
    """Features of each change of the same films, with whose they are and who is held out."""

    changed: Features
    patients: NDArray[np.str_]
    apart: NDArray[np.bool_]


def fit(films: Films, drawn: Features) -> tuple[CheckNumbers, FilmCheck]:
    """Return what was fitted, and its thresholds with every figure."""
    mine = {name: found[~films.apart] for name, found in films.changed.items()}
    groups = films.patients[~films.apart]
    upright = mine["upright"]
    far = {name: np.zeros(len(groups)) for name in mine}
    sure = {name: np.zeros((len(groups), len(FROM_PIXELS))) for name in mine}
    for fitted_on, left_out in GroupKFold(_FOLDS).split(upright, groups=groups):
        part = numbers({name: found[fitted_on] for name, found in mine.items()})
        for name, found in mine.items():
            far[name][left_out] = part.distances(found[left_out])
            sure[name][left_out] = part.sureness(found[left_out])
    in_doubt = _ROOM * _ceiling(far["upright"], PASS)
    beyond = _MARGIN * max(float(far[name].max()) for name in _STILL_CHESTS)
    kept = _with_threshold(numbers(mine), sure)
    check = FilmCheck(
        sha256=hashlib.sha256(kept.to_bytes()).hexdigest(),
        in_doubt=_rounded_up(in_doubt),
        sure=_rounded_up(max(beyond, in_doubt)),
    )
    figures = _figures(films, kept, check, far) | _drawn_figures(drawn, kept, check)
    return kept, check.model_copy(update={"figures": figures})


def numbers(changed: Features) -> CheckNumbers:
    """Return distance and heads fitted on these films."""
    table = changed["upright"].astype(np.float64)
    mean, scale = table.mean(axis=0), table.std(axis=0)
    scale = np.maximum(scale, _LEAST_SPREAD * np.median(scale))
    standard = (table - mean) / scale
    _, lengths, directions = np.linalg.svd(standard, full_matrices=False)
    count = min(AXES, len(table) // 2)
    axes = directions[:count]
    # The sign of a direction is the library's whim; ours is: the largest share is positive.
    axes *= np.sign(axes[np.arange(count), np.abs(axes).argmax(axis=1)])[:, None]
    spread = lengths[:count] ** 2 / len(table)
    rest = ((standard**2).sum(axis=1).mean() - spread.sum()) / (table.shape[1] - count)
    weights, bias = _heads(changed, mean, scale)
    return CheckNumbers(
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        axes=axes.astype(np.float16),
        spread=spread.astype(np.float32),
        rest=np.asarray(rest, np.float32),
        weights=weights.astype(np.float32),
        bias=bias.astype(np.float32),
    )


def _heads(
    changed: Features, mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    names = list(changed)
    table = np.concatenate([(changed[name].astype(np.float64) - mean) / scale for name in names])
    kind = np.repeat(names, [len(changed[name]) for name in names])
    weights, bias = [], []
    with threadpool_limits(1):
        for check in FROM_PIXELS:
            head = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=3000)
            head.fit(table, np.isin(kind, MEANS[check]))
            weights.append(head.coef_[0])
            bias.append(head.intercept_[0])
    return np.stack(weights, axis=1), np.array(bias)


def _with_threshold(kept: CheckNumbers, sure: Mapping[str, NDArray[np.float64]]) -> CheckNumbers:
    """Return the numbers with each head shifted so that at most 0.5 % of good films are flagged.

    A head that flags fewer already stays as it is, but for `cropped` (_CROPPED_FOUND).
    """
    bias = kept.bias.astype(np.float64)
    for column, name in enumerate(FROM_PIXELS):
        worst = _ceiling(sure["upright"][:, column], PASS)
        if name == "cropped":
            worst = max(worst, _ceiling(sure["cropped"][:, column], 1 - _CROPPED_FOUND))
        worst = min(worst, 1 - 1e-9)
        if worst >= FLAGGED:
            bias[column] -= np.log(worst / (1 - worst)) + 1e-3
    return CheckNumbers(**(vars(kept) | {"bias": bias.astype(np.float32)}))


def _ceiling(values: NDArray[np.float64], share: float) -> float:
    """Return the smallest of the values that at least this share of them does not exceed."""
    return float(np.sort(values)[int(np.ceil(share * len(values))) - 1])


def _rounded_up(limit: float) -> float:
    """Return the limit with five decimals; rounded down it would shut out the film that set it."""
    return float(np.ceil(limit * 1e5)) / 1e5


def _figures(
    films: Films, kept: CheckNumbers, check: FilmCheck, far: Mapping[str, NDArray[np.float64]]
) -> dict[str, float]:
    apart = {name: found[films.apart] for name, found in films.changed.items()}
    figures = {
        "cross_validation.films": float((~films.apart).sum()),
        "cross_validation.passed": float((far["upright"] <= check.in_doubt).mean()),
        "held_out.films": float(films.apart.sum()),
        "held_out.patients": float(len(set(films.patients[films.apart]))),
    }
    for name, found in apart.items():
        away = kept.distances(found)
        figures[f"held_out.passed:{name}"] = float((away <= check.in_doubt).mean())
        figures[f"held_out.rejected:{name}"] = float((away > check.sure).mean())
    said = {name: kept.sureness(found) for name, found in apart.items()}
    for column, name in enumerate(FROM_PIXELS):
        yes = np.concatenate([said[kind][:, column] for kind in MEANS[name]])
        no = np.concatenate([said[kind][:, column] for kind in said if kind not in MEANS[name]])
        truth = np.repeat([1, 0], [len(yes), len(no)])
        figures[f"held_out.auroc:{name}"] = float(roc_auc_score(truth, np.append(yes, no)))
        figures[f"held_out.sensitivity:{name}"] = float((yes >= FLAGGED).mean())
        flagged = said["upright"][:, column] >= FLAGGED
        figures[f"held_out.false_flags:{name}"] = float(flagged.mean())
    return {name: round(figure, 4) for name, figure in figures.items()}


def _drawn_figures(drawn: Features, kept: CheckNumbers, check: FilmCheck) -> dict[str, float]:
    figures = {}
    for kind, found in drawn.items():
        away = kept.distances(found)
        figures[f"drawn.films:{kind}"] = float(len(away))
        figures[f"drawn.rejected:{kind}"] = float((away > check.sure).mean())
        doubtful = (away > check.in_doubt) & (away <= check.sure)
        figures[f"drawn.quarantined:{kind}"] = float(doubtful.mean())
        figures[f"drawn.nearest:{kind}"] = float(away.min() / check.in_doubt)
    return {name: round(figure, 4) for name, figure in figures.items()}


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


def read_drawn(folder: Path, model: ServedFeatures) -> dict[str, NDArray[np.float16]]:
    """Return the features of each kind's drawn films, by the name of its folder."""
    found = {}
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        tensors = []
        for path in sorted(place.glob("*.png")):
            with Image.open(path) as image:
                kind = np.uint8 if image.mode == "L" else np.uint16
                tensors.append(to_tensor(np.asarray(image).astype(kind), model.side))
        found[place.name] = model.of(tensors)
    if not found:
        raise ValueError(f"wanted folders of drawn films, came none: {folder}")
    return found


def _remembered(path: Path | None, films_dir: Path, model: ServedFeatures) -> Films:
    """Return the films' features, out of the file where it has them: they take ten minutes."""
    if path is not None and path.exists():
        with np.load(path, allow_pickle=False) as kept:
            changed = {name: kept[name] for name in CHANGES}
            return Films(changed, kept["patients"], kept["apart"])
    films = read_films(films_dir, model)
    if path is not None:
        np.savez(path, patients=films.patients, apart=films.apart, **films.changed)  # type: ignore[arg-type]
    return films


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("--drawn", type=Path, required=True, metavar="DIR")
    parser.add_argument("--model", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=KEPT, metavar="DIR")
    parser.add_argument("--card", type=Path, default=PAGE, metavar="FILE")
    parser.add_argument("--features", type=Path, help="keep the films' features in this file")
    chosen = parser.parse_args()
    model = ServedFeatures(chosen.model)
    films = _remembered(chosen.features, chosen.films, model)
    kept, check = fit(films, read_drawn(chosen.drawn, model))
    (chosen.out / "check.npz").write_bytes(kept.to_bytes())
    manifest = read_manifest(chosen.out / "model.json")
    write_manifest(manifest.model_copy(update={"check": check}), chosen.out / "model.json")
    add_section(chosen.card, check)
    for name, figure in check.figures.items():
        print(f"{name}: {figure:.3f}")
    print(f"in doubt {check.in_doubt:.3f}, sure {check.sure:.3f}")


if __name__ == "__main__":
    main()
