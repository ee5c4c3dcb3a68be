"""Judges embeddings by what lies near: the same patient, and films with the same findings.

    python -m training.retrieval FILMS_DIR FEATURES.npz [--raw RAW.npz] [--levels 80,112,320,1280]
                                 [--json OUT]

FEATURES holds `pooled` (n, d), the pooled features of all films in labels.csv's order; RAW the
same of the backbone with ImageNet's weights, to compare with (without it FEATURES are those).

`same_patient`: of films whose patient has another film, how many have one of them among their ten
nearest; all other films are in the gallery. `agreement`: mean Jaccard index of the findings
(those both have over those either has, 1 where neither has any) of a film and its ten nearest
films of other patients; `lift`: the same over the mean of all films of other patients; `within`:
the lift when only films of the query's own collection are in the gallery, since collections differ
both in looks and in findings. Nearness is the cosine.

Choose by the fitted patients' figures: five folds by patient, everything learned on the other
four. The held-out patients' are for telling what the choice is worth.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from schemas.model_card import Figure
from training import bootstrap, nih
from training.bootstrap import Array
from training.projection import projection

NEAREST: Final = 10
FOLDS: Final = 5
ROUNDS: Final = 1000
#: Channels of the starter's pooled levels, from shallow to deep (training/starter_model.py).
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
        columns = [INDEX[name] for name in nih.ASSESSED]
        present = nih.label_table(rows)[:, columns] == 1
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


def whitened(width: int, shrinkage: float, *, scaled: bool = True) -> Embed:
    """Return an embedding by principal axes, each divided by its spread.

    shrinkage, 0..1: each axis' variance is drawn so far to the mean of all, which keeps axes that
    the films hardly fill from being blown up (Ledoit and Wolf 2004); at 1 nothing is whitened.
    """

    def embed(fitted_on: Array, features: Array) -> Array:
        if scaled:
            fitted_on, features = (
                standardised(fitted_on, fitted_on),
                standardised(fitted_on, features),
            )
        centre = fitted_on.mean(axis=0)
        # Of films by films, not features by features: they are half as many.
        values, turned = np.linalg.eigh((fitted_on - centre) @ (fitted_on - centre).T)
        kept = values > values[-1] * 1e-10
        spread = np.sqrt(values[kept][::-1])
        axes = (turned[:, kept].T @ (fitted_on - centre))[::-1] / spread[:, None]
        if len(spread) < width:
            raise ValueError(f"wanted {width} axes, came {len(spread)} films to find them in")
        variance = spread**2 / max(1, len(fitted_on) - 1)
        shrunk = (1 - shrinkage) * variance + shrinkage * variance.sum() / fitted_on.shape[1]
        return np.asarray((features - centre) @ axes[:width].T / np.sqrt(shrunk[:width]))

    return embed


def as_they_are(_: Array, features: Array) -> Array:
    """Return the features."""
    return features


def todays(fitted_on: Array, features: Array) -> Array:
    """Return the starter's embedding: centred, scaled, seeded orthogonal projection to 512."""
    return np.asarray(standardised(fitted_on, features) @ projection(features.shape[1]))


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


def compare(
    rows: Sequence[nih.Row], options: Iterable[tuple[str, Array, Embed]]
) -> Iterator[dict[str, Any]]:
    """Give a line for each option (name, features (n, d), embedding): both sides' figures."""
    library = Library.of(rows)
    apart = np.array([nih.held_out(row.patient) for row in rows])
    names = np.unique(library.patients[~apart])
    order = np.random.default_rng(1).permutation(len(names))
    fold_of = dict(zip(names[order], np.arange(len(names)) % FOLDS, strict=True))
    fold = np.array([fold_of.get(patient, -1) for patient in library.patients])
    for name, features, embed in options:
        table = features.astype(np.float64)
        parts = []
        for left_out in range(FOLDS):
            embedded = embed(table[~apart & (fold != left_out)], table)
            parts.append((fold == left_out, per_query(library, embedded, fold == left_out)))
        said = np.full((5, len(rows)), np.nan)
        for mask, figures in parts:
            said[:, mask] = figures
        weights = bootstrap.draws(list(library.patients[~apart]), ROUNDS)
        width = embedded.shape[1]
        crossed = _summed(width, said[:, ~apart], weights)
        held = judge(library, embed(table[~apart], table), apart)
        yield {"option": name, "width": width, "fitted": crossed, "held_out": held}


def options(features: Array, raw: Array, levels: Sequence[int]) -> list[tuple[str, Array, Embed]]:
    """Return what is compared: raw, today's, whitened to several widths, some of the levels."""
    if sum(levels) != features.shape[1]:
        raise ValueError(f"wanted levels that make {features.shape[1]} features, came {levels}")
    ends = np.cumsum((0, *levels))
    found: list[tuple[str, Array, Embed]] = [
        ("raw ImageNet, all levels", raw, as_they_are),
        ("raw ImageNet, last level", raw[:, -levels[-1] :], as_they_are),
        ("centred, scaled, orthogonal 512", features, todays),
        ("centred and scaled, not projected", features, standardised),
    ]
    for width in (128, 256, 512):
        found += [
            (f"whitened {width}, shrinkage {s:g}", features, whitened(width, s))
            for s in (0.1, 0.3, 0.6)
        ]
    found.append(("principal axes 512, not whitened", features, whitened(512, 1.0)))
    for first in range(1, len(levels)):
        part = features[:, ends[first] :]
        found.append((f"without the first {first} levels, whitened 256, shrinkage 0.1",
                      part, whitened(256, 0.1)))  # fmt: skip
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
    parser.add_argument("features", type=Path, metavar="FEATURES.npz")
    parser.add_argument("--raw", type=Path, metavar="RAW.npz")
    parser.add_argument("--levels", default=",".join(map(str, LEVELS)), metavar="COUNTS")
    parser.add_argument("--json", type=Path, metavar="OUT")
    chosen = parser.parse_args()
    rows = nih.read_rows(chosen.films)
    pooled, raw = (
        np.load(path, allow_pickle=False)["pooled"].astype(np.float64)
        for path in (chosen.features, chosen.raw or chosen.features)
    )
    if len(pooled) != len(rows) or len(raw) != len(rows):
        raise ValueError(f"wanted features of {len(rows)} films, came {len(pooled)}, {len(raw)}")
    levels = tuple(int(count) for count in chosen.levels.split(","))
    print("| embedding | width | same patient, fitted | held out | agreement, fitted | held out |"
          " lift, fitted | held out | lift within the collection, fitted | held out |\n"
          "|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    lines = []
    for line in compare(rows, options(pooled, raw, levels)):
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
