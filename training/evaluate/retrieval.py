"""Judges embeddings by what lies near: the same patient, and films with the same findings.

    python -m training.evaluate.retrieval FILMS_DIR WORK [--kept DIR] [--json OUT]

WORK is the folder that training/starter/tune.py fills: features of the films fitted on by five
networks that each left a part out, and of all films by ImageNet's weights. DIR, the repository's
starter by default, holds the served network's features.

`same_patient`: of films whose patient has another film, how many have one of them among their ten
nearest; all other films are in the gallery. `agreement`: mean Jaccard index of the findings
(those both have over those either has, 1 where neither has any) of a film and its ten nearest
films of other patients; `lift`: the same over the mean of all films of other patients; `within`:
the lift when only films of the query's own collection are in the gallery, since collections differ
both in looks and in findings. Nearness is the cosine.

Choose by the fitted patients' figures: five folds by patient, everything learned on the other
four, network and embedding; the gallery is then the films fitted on. The held-out patients' are
for telling what the choice is worth; their gallery is all films.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.model_card import Figure
from training.data import nih
from training.evaluate import bootstrap
from training.evaluate.bootstrap import Array
from training.fit.projection import whitening
from training.starter.fitted import KEPT
from training.starter.kept_films import FEATURES_FILE, KeptFilms
from training.starter.tuned_folds import PLAIN_FILE, Fold, read_folds

NEAREST: Final = 10
ROUNDS: Final = 1000
#: Channels of the starter's pooled levels, from shallow to deep (training/starter/graph.py).
LEVELS: Final = (80, 112, 320, 1280)
#: Takes (features fitted on, features of all), returns the embeddings of all.
Embed = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Retrieval:
    """What one embedding reaches on some queries."""

    width: int
    queries: int
    same_patient: Figure
    agreement: Figure
    lift: Figure
    within: Figure


@dataclass(frozen=True)
class Library:
    """All films: whose, with which of the assessed findings, bool (n, 11), and whence."""

    patients: NDArray[np.str_]
    present: NDArray[np.bool_]
    sources: NDArray[np.str_]

    @classmethod
    def of(cls, rows: Sequence[nih.Row]) -> "Library":
        """Return the library of these rows."""
        present = nih.truth_table(rows) == 1
        patients, sources = (
            np.array([getattr(row, name) for row in rows]) for name in ("patient", "source")
        )
        return cls(patients, present, sources)


def standardised(fitted_on: Array, features: Array) -> Array:
    """Return the features centred and scaled by the films fitted on."""
    spread = np.asarray(fitted_on.std(axis=0))
    # A channel that never changes says nothing; dividing by its 0 would say NaN.
    scale = np.where(spread < 1e-6, 1.0, spread)
    return np.asarray((features - fitted_on.mean(axis=0)) / scale)


def centred(fitted_on: Array, features: Array) -> Array:
    """Return the features less the mean of the films fitted on."""
    return np.asarray(features - fitted_on.mean(axis=0))


def whitened(width: int, shrinkage: float, *, scaled: bool = False) -> Embed:
    """Return an embedding by training/fit/projection.py's whitening of centred features."""

    def embed(fitted_on: Array, features: Array) -> Array:
        ready = standardised if scaled else centred
        axes = whitening(ready(fitted_on, fitted_on), width, shrinkage)
        return np.asarray(ready(fitted_on, features) @ axes)

    return embed


def as_they_are(_: Array, features: Array) -> Array:
    """Return the features."""
    return features


def judge(library: Library, embeddings: Array, queries: NDArray[np.bool_]) -> Retrieval:
    """Return what embeddings (n, d) of all films reach on the films of `queries`, bool (n,)."""
    said = per_query(library, embeddings, queries)
    patients = library.patients[queries]
    weights = bootstrap.draws(list(patients), ROUNDS)
    return _summed(embeddings.shape[1], said, weights)


def per_query(library: Library, embeddings: Array, queries: NDArray[np.bool_]) -> Array:
    """Return (5, q): hit, agreement, chance, and the last two within the query's collection.

    NaN: a hit of a patient without another film; of a collection without ten other films.
    """
    length = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.maximum(length, 1e-12)
    asked = np.flatnonzero(queries)
    near = unit[asked] @ unit.T
    near[np.arange(len(asked)), asked] = -np.inf
    same = library.patients[asked][:, None] == library.patients[None, :]
    top = np.argsort(-near, axis=1, kind="stable")[:, :NEAREST]
    found = np.take_along_axis(same, top, axis=1).any(axis=1)
    hit = np.where(same.sum(axis=1) < 2, np.nan, found)

    alike = jaccard(library.present[asked], library.present)
    elsewhere = library.sources[asked][:, None] != library.sources[None, :]
    return np.stack(
        [hit, *_agreement(near, alike, ~same), *_agreement(near, alike, ~(same | elsewhere))]
    )


def _agreement(near: Array, alike: Array, gallery: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return the mean of `alike` over the ten nearest of each query's gallery, and over all."""
    top = np.argsort(-np.where(gallery, near, -np.inf), axis=1, kind="stable")[:, :NEAREST]
    count = gallery.sum(axis=1)
    nearest = np.take_along_axis(alike, top, axis=1).mean(axis=1)
    every = (alike * gallery).sum(axis=1) / np.maximum(count, 1)
    few = count < NEAREST
    return np.where(few, np.nan, nearest), np.where(few, np.nan, every)


def jaccard(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Array:
    """Return (a, b) for (a, k) and (b, k): those both have over those either has, 1 for none."""
    both = first.astype(np.float64) @ second.T.astype(np.float64)
    either = first.sum(axis=1)[:, None] + second.sum(axis=1)[None, :] - both
    return np.asarray(np.divide(both, either, out=np.ones_like(both), where=either > 0))


def _summed(width: int, said: Array, weights: Array) -> Retrieval:
    hit, agreement, chance, inside, inside_chance = said
    has, known = np.isfinite(hit), np.isfinite(inside)

    def lift(found: Array, by_chance: Array, mask: NDArray[np.bool_]) -> Figure:
        drawn = weights[:, mask]
        return bootstrap.figure(
            bootstrap.mean(found[mask], drawn) / bootstrap.mean(by_chance[mask], drawn)
        )

    return Retrieval(
        width=width,
        queries=len(hit),
        same_patient=bootstrap.figure(bootstrap.mean(hit[has], weights[:, has]))
        if has.any()
        else Figure(value=None, why="no patient has several films"),
        agreement=bootstrap.figure(bootstrap.mean(agreement, weights)),
        lift=lift(agreement, chance, np.ones(len(hit), bool)),
        within=lift(inside, inside_chance, known)
        if known.any()
        else Figure(value=None, why="no collection has ten films of others"),
    )


@dataclass(frozen=True)
class Option:
    """Something to embed films by.

    by_fold: (films fitted on, d) of each fold's network. served: (all films, d).
    """

    name: str
    by_fold: tuple[Array, ...]
    served: Array
    embed: Embed


def compare(
    rows: Sequence[nih.Row],
    splits: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    options: Iterable[Option],
) -> Iterator[dict[str, Any]]:
    """Give a line for each option: both sides' figures.

    splits: (fitted on, left out) of each fold, places among the films that are not held out.
    """
    every = Library.of(rows)
    apart = nih.apart(rows)
    mine = Library.of(nih.to_fit(rows))
    weights = bootstrap.draws(list(mine.patients), ROUNDS)
    for option in options:
        said = np.full((5, len(mine.patients)), np.nan)
        for (fitted_on, left_out), features in zip(splits, option.by_fold, strict=True):
            queries = np.isin(np.arange(len(features)), left_out)
            embedded = option.embed(features[fitted_on], features)
            said[:, queries] = per_query(mine, embedded, queries)
        served = option.embed(option.served[~apart], option.served)
        yield {
            "option": option.name,
            "width": served.shape[1],
            "fitted": _summed(served.shape[1], said, weights),
            "held_out": judge(every, served, apart),
        }


def options(
    plain: Array, folds: Sequence[Fold], served: Array, apart: NDArray[np.bool_]
) -> list[Option]:
    """Return what is compared: raw, whitened to several widths, some of the levels."""
    if sum(LEVELS) != served.shape[1]:
        raise ValueError(f"wanted levels that make {served.shape[1]} features, came {LEVELS}")
    ends = np.cumsum((0, *LEVELS))
    tuned = tuple(fold.features.astype(np.float64) for fold in folds)

    def raw(first: int) -> tuple[tuple[Array, ...], Array]:
        return tuple(plain[~apart][:, first:] for _ in folds), plain[:, first:]

    found = [
        Option("raw ImageNet, all levels", *raw(0), as_they_are),
        Option("raw ImageNet, last level", *raw(-LEVELS[-1]), as_they_are),
        Option("raw ImageNet, whitened 512, shrinkage 0.99", *raw(0), whitened(512, 0.99)),
        Option("tuned, as they are", tuned, served, as_they_are),
        Option("tuned, centred and scaled", tuned, served, standardised),
    ]
    found += [
        Option(f"tuned, scaled, whitened 512, shrinkage {s:g}", tuned, served,
               whitened(512, s, scaled=True))
        for s in (0.3, 0.9, 1.0)
    ]  # fmt: skip
    for width in (128, 256, 512):
        found += [
            Option(f"tuned, whitened {width}, shrinkage {s:g}", tuned, served, whitened(width, s))
            for s in (0.6, 0.9, 0.97, 0.99, 1.0)
        ]
    for first in range(1, len(LEVELS)):
        parts = tuple(features[:, ends[first] :] for features in tuned)
        name = f"tuned without the first {first} levels, whitened 512, shrinkage 0.99"
        found.append(Option(name, parts, served[:, ends[first] :], whitened(512, 0.99)))
    return found


def _json(line: dict[str, Any]) -> dict[str, Any]:
    def plain(said: Retrieval) -> dict[str, Any]:
        figures = ("same_patient", "agreement", "lift", "within")
        told = {name: getattr(said, name).model_dump() for name in figures}
        return {"queries": said.queries, **told}

    return {
        "option": line["option"],
        "width": line["width"],
        "fitted": plain(line["fitted"]),
        "held_out": plain(line["held_out"]),
    }


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--kept", type=Path, default=KEPT, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="OUT")
    chosen = parser.parse_args()
    rows = nih.read_rows(chosen.films)
    kept = KeptFilms.load(chosen.kept / FEATURES_FILE)
    folds = read_folds(chosen.work)
    with np.load(chosen.work / PLAIN_FILE, allow_pickle=False) as file:
        plain = file["features"].astype(np.float64)
    if not len(plain) == len(kept.names) == len(rows):
        wanted, came = len(rows), (len(plain), len(kept.names))
        raise ValueError(f"wanted features of {wanted} films, came {came}")
    splits = [(fold.fitted_on, fold.left_out) for fold in folds]
    print("| embedding | width | same patient, fitted | held out | agreement, fitted | held out |"
          " lift, fitted | held out | lift within the collection, fitted | held out |\n"
          "|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    lines = []
    compared = options(plain, folds, kept.features.astype(np.float64), kept.apart)
    for line in compare(rows, splits, compared):
        lines.append(line)
        crossed, held = line["fitted"], line["held_out"]
        print(f"| {line['option']} | {line['width']} | {_told(crossed.same_patient)}"
              f" | {_told(held.same_patient)} | {_told(crossed.agreement)}"
              f" | {_told(held.agreement)} | {_told(crossed.lift)} | {_told(held.lift)}"
              f" | {_told(crossed.within)} | {_told(held.within)} |", flush=True)  # fmt: skip
    if chosen.json:
        text = json.dumps([_json(line) for line in lines], indent=1)
        chosen.json.write_text(text + "\n")


def _told(figure: Figure) -> str:
    if figure.value is None:
        return figure.why
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


if __name__ == "__main__":
    main()
