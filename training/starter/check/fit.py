"""Fits the input check: whether a film is a frontal chest, lateral, inverted, turned or cropped.

    python -m training.starter.check.fit FILMS_DIR --not-chest DIR --ct FILE --drawn DIR
        --model DIR [--laterals DIR] [--out DIR] [--card FILE] [--features FILE]

FILMS_DIR holds films as training/data/nih.py reads them, DIR of --not-chest pictures as
training/starter/check/not_chest.py does; FILE of --ct is stack.installs.chest_ct(); DIR of --drawn
is made by `python -m stack.draw_films`, DIR of --model is the built model
(training/starter/build.py). Real lateral films in DIR of --laterals are measured, never fitted on.
Writes check.npz, the manifest's `check` and the model card's section. Run it after every
training.starter.fit, whose manifest has no check. One patient in five is never fitted on, chosen
by or set a threshold by (training/data/nih.py, `held_out`), nor is every second drawing of
something else.
"""

import argparse
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from schemas.film_check import FLAGGED, FROM_PIXELS, KINDS, CheckNumbers
from schemas.models import FilmCheck
from training.export.onnx_model import read_manifest, write_manifest
from training.report.card_page import PAGE
from training.starter.check.card import add_section
from training.starter.check.figures import (
    OutOfFold,
    all_figures,
    lateral_figures,
    picture_figures,
    verdicts,
)
from training.starter.check.film_changes import MEANS
from training.starter.check.films import (
    DRAWN,
    Features,
    Films,
    read_drawn,
    read_films,
    read_folder,
    read_others,
    remembered,
)
from training.starter.check.kind_heads import Drawings, Others, logits, shifted, shifts, with_kinds
from training.starter.check.served_features import ServedFeatures
from training.starter.fitted import KEPT

#: Directions kept whole; chosen in docs/adr/0085. More gain nothing and cost 3.6 kB each.
AXES: Final = 48
#: The share of good films that must pass, out of fold.
PASS: Final = 0.995
#: Inverse strength of the heads' L2 penalty on standard features.
_STRENGTH: Final = 1e-3
_FOLDS: Final = 5
#: Room beyond that for films of other hospitals and detectors, which lie a little farther.
_ROOM: Final = 1.3
#: A film must lie this much beyond the farthest film we know of before it is surely none.
_MARGIN: Final = 1.05
#: A feature that hardly ever differs is measured in this share of the usual spread: else one film
#: that shows it lies 25 times as far away as any other, and nothing could ever be sure.
_LEAST_SPREAD: Final = 0.01
#: What a steward should see rather than nobody: turned and inverted films are chest films.
_STILL_CHESTS: Final = (
    "upright",
    "trimmed",
    "varied",
    "inverted",
    "turned-90",
    "turned-180",
    "turned-270",
)
#: Drawn films that pass for frontal ones; of every other kind half is learned from, half judged.
_PHANTOMS: Final = frozenset({"phantom", "phantom-16"})

#: A film that is framed tightly is not cropped: that flag is raised where this share of the films
#: cut to less than the lungs still raise it, out of fold. An inverted or turned film misleads,
#: so those flags stay where they are raised soonest.
_CROPPED_FOUND: Final = 0.9


def fit(
    films: Films, drawn: Features, others: Others, laterals: NDArray[np.float16] | None = None
) -> tuple[CheckNumbers, FilmCheck]:
    """Return what was fitted, and its thresholds with every figure."""
    mine = {name: found[~films.apart] for name, found in films.changed.items()}
    learned = _learned(drawn)
    found = _out_of_fold(mine, films.patients[~films.apart], others, learned)
    in_doubt = _ROOM * _ceiling(found.far["upright"], PASS)
    beyond = _MARGIN * max(float(found.far[name].max()) for name in _STILL_CHESTS)
    by = shifts(found.kinds["varied"])
    bare = numbers(mine)
    flags = _with_threshold(bare, found.sure)

    def fitted(known: Others) -> CheckNumbers:
        return shifted(with_kinds(flags, mine, known, learned), by)

    kept = fitted(others)
    found = found.shifted(kept.bias - bare.bias, by)
    surest = max(
        float(logits(found.kinds[name])[:, KINDS.index("not_chest")].max())
        for name in (*_STILL_CHESTS, "cropped")
    )
    check = FilmCheck(
        sha256=hashlib.sha256(kept.to_bytes()).hexdigest(),
        in_doubt=_rounded_up(in_doubt),
        sure=_rounded_up(max(beyond, in_doubt)),
        sure_not_chest=_rounded_up(float(1 / (1 + np.exp(-_MARGIN * max(surest, 0))))),
    )
    judged = {kind: part if kind in _PHANTOMS else part[1::2] for kind, part in drawn.items()}
    figures = all_figures(films, found, kept, check, judged)
    figures |= _pictures_left_out(fitted, others, check)
    if laterals is not None:
        figures |= lateral_figures(kept, check, laterals)
    return kept, check.model_copy(update={"figures": figures})


def _learned(drawn: Features) -> Drawings:
    """Return every second drawing, of what it is meant to be."""
    halves = {kind: part[::2] for kind, part in drawn.items() if kind not in _PHANTOMS}
    none = np.empty((0, next(iter(drawn.values())).shape[1]), np.float16)
    lateral = halves.pop("lateral", none)
    return Drawings(np.concatenate([none, *(halves[kind] for kind in sorted(halves))]), lateral)


def _out_of_fold(
    mine: Features, groups: NDArray[np.str_], others: Others, drawn: Drawings
) -> OutOfFold:
    """Return what each change of each film is called by numbers fitted without its patient."""
    far = {name: np.zeros(len(groups)) for name in mine}
    sure = {name: np.zeros((len(groups), len(FROM_PIXELS))) for name in mine}
    kinds = {name: np.zeros((len(groups), len(KINDS))) for name in mine}
    for fitted_on, left_out in GroupKFold(_FOLDS).split(mine["upright"], groups=groups):
        films = {name: found[fitted_on] for name, found in mine.items()}
        part = with_kinds(numbers(films), films, others, drawn)
        for name, found in mine.items():
            far[name][left_out] = part.distances(found[left_out])
            sure[name][left_out] = part.sureness(found[left_out])
            kinds[name][left_out] = part.kinds(found[left_out])
    return OutOfFold(far, sure, kinds)


def _pictures_left_out(
    fitted: Callable[[Others], CheckNumbers], others: Others, check: FilmCheck
) -> dict[str, float]:
    """Return what becomes of pictures of other things, by a head without their collection."""
    rejected, held = np.zeros((2, len(others.pictures)), bool)
    for collection in sorted(set(others.collections)):
        there = others.collections == collection
        part = fitted(others.without(collection))
        rejected[there], held[there] = verdicts(part, check, others.pictures[there])
    return picture_figures(rejected, held, others.historical)


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
    return replace(kept, bias=bias.astype(np.float32))


def _ceiling(values: NDArray[np.float64], share: float) -> float:
    """Return the smallest of the values that at least this share of them does not exceed."""
    return float(np.sort(values)[int(np.ceil(share * len(values))) - 1])


def _rounded_up(limit: float) -> float:
    """Return the limit with five decimals; rounded down it would shut out the film that set it."""
    return float(np.ceil(limit * 1e5)) / 1e5


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("--not-chest", type=Path, required=True, metavar="DIR")
    parser.add_argument("--ct", type=Path, required=True, metavar="FILE")
    parser.add_argument("--drawn", type=Path, required=True, metavar="DIR")
    parser.add_argument("--model", type=Path, required=True, metavar="DIR")
    parser.add_argument("--laterals", type=Path, metavar="DIR", help="real ones, only measured")
    parser.add_argument("--out", type=Path, default=KEPT, metavar="DIR")
    parser.add_argument("--card", type=Path, default=PAGE, metavar="FILE")
    parser.add_argument("--through-ct", type=int, default=DRAWN, help="films of each view")
    parser.add_argument("--features", type=Path, help="keep all features in this file")
    chosen = parser.parse_args()
    model = ServedFeatures(chosen.model)
    films, others = remembered(
        chosen.features,
        lambda: (
            read_films(chosen.films, model),
            read_others(chosen.not_chest, chosen.ct, model, chosen.through_ct),
        ),
    )
    laterals = read_folder(chosen.laterals, model) if chosen.laterals else None
    kept, check = fit(films, read_drawn(chosen.drawn, model), others, laterals)
    (chosen.out / "check.npz").write_bytes(kept.to_bytes())
    manifest = read_manifest(chosen.out / "model.json")
    write_manifest(manifest.model_copy(update={"check": check}), chosen.out / "model.json")
    add_section(chosen.card, check)
    for name, figure in check.figures.items():
        print(f"{name}: {figure:.3f}")
    print(f"in doubt {check.in_doubt:.3f}, sure {check.sure:.3f}")


if __name__ == "__main__":
    main()
