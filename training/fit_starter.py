"""Fits the starter model's heads on a folder of NIH films and writes what the repository keeps.

    python -m training.fit_starter FILMS_DIR [--out DIR] [--card FILE]

Writes heads.npz (what was learned), model.json (the manifest) and the model card. One patient in
five is never fitted on and only judged (training/nih.py, `held_out`).
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from schemas.models import ModelManifest, OperatingPoints
from training import heads as fitting
from training import nih
from training.build_starter import HEADS
from training.export import write_manifest
from training.features import Features, extract
from training.fitted import Fitted
from training.metrics import (
    auroc,
    calibration_error,
    macro_auroc,
    operating_points,
    patient_bootstrap,
    sigmoid,
)
from training.model_card import Card, write_card
from training.starter_model import SIDE, embedding_version, push_of_places

CARD: Final = Path(__file__).resolve().parent.parent / "docs" / "model-card-starter.md"
#: The push shown as 1: only one place in two hundred of the films fitted on is stronger.
_MAP_PERCENTILE: Final = 99.5


@dataclass(frozen=True)
class Set:
    """Some of the films: pooled (n, d), truth (n, k), and whose and whence they are."""

    pooled: NDArray[np.float32]
    truth: NDArray[np.float32]
    patients: tuple[str, ...]
    sources: tuple[str, ...]


def fit(films_dir: Path, out: Path, card: Path) -> ModelManifest:
    """Fit, judge, write; return the manifest."""
    rows = nih.read_rows(films_dir)
    print(f"{len(rows)} films of {len({row.patient for row in rows})} patients")
    features = extract(rows)
    apart = np.array([nih.held_out(row.patient) for row in rows])
    fitted_on, held_out = (_take(rows, features, mask) for mask in (~apart, apart))
    print(f"  fitting on {len(fitted_on.patients)}, judging on {len(held_out.patients)}")

    strength, tried = fitting.choose_strength(
        fitted_on.pooled, fitted_on.truth, fitted_on.patients
    )
    for each, figure in tried.items():
        print(f"  C {each:g}: macro AUROC {figure:.4f} out of fold")
    strengths = [strength] * len(nih.ASSESSED)
    apart_logits = fitting.out_of_fold(
        fitted_on.pooled, fitted_on.truth, fitted_on.patients, strengths
    )
    slopes, shifts = fitting.platt(fitted_on.truth, apart_logits)
    linear = fitting.fit(fitted_on.pooled, fitted_on.truth, strengths)
    kept = _with_map_scale(
        fitting.Heads(
            names=nih.ASSESSED,
            mean=linear.mean.astype(np.float32),
            scale=linear.scale.astype(np.float32),
            weights=(linear.weights * slopes).astype(np.float32),
            bias=(linear.bias * slopes + shifts).astype(np.float32),
            map_scale=np.ones(len(nih.ASSESSED), np.float32),
        ),
        features,
        apart,
    )

    out_of_fold = sigmoid(apart_logits * slopes + shifts)
    held_out_scores = sigmoid(linear.logits(held_out.pooled) * slopes + shifts)
    points = {
        name: operating_points(fitted_on.truth[:, column], out_of_fold[:, column])
        for column, name in enumerate(nih.ASSESSED)
    }
    manifest = ModelManifest(
        name="starter",
        version=1,
        side=SIDE,
        features=features.pooled.shape[1],
        map_height=features.maps.shape[1],
        map_width=features.maps.shape[2],
        embedding_version=embedding_version(Fitted(kept)),
        assessed=nih.ASSESSED,
        operating_points=points,
        trained_on=(
            f"NIH ChestX-ray14, {len(fitted_on.patients)} frontal films of"
            f" {len(set(fitted_on.patients))} patients; labels mined from reports"
        ),
        figures=_figures("cross_validation", fitted_on, out_of_fold)
        | _figures("held_out", held_out, held_out_scores)
        | {"strength": strength},
    )
    out.mkdir(parents=True, exist_ok=True)
    Fitted(kept).save(out)
    write_manifest(manifest, out / "model.json")
    write_card(
        card,
        Card(
            manifest=manifest,
            held_out_films=len(held_out.patients),
            held_out_patients=len(set(held_out.patients)),
            positives=_counts(fitted_on),
            held_out_positives=_counts(held_out),
            held_out_worth=_worth(points, held_out, held_out_scores),
        ),
    )
    return manifest


def _take(rows: Sequence[nih.Row], features: Features, mask: NDArray[np.bool_]) -> Set:
    picked = [row for row, wanted in zip(rows, mask, strict=True) if wanted]
    columns = [INDEX[name] for name in nih.ASSESSED]
    return Set(
        features.pooled[mask],
        nih.label_table(picked)[:, columns],
        tuple(row.patient for row in picked),
        tuple(row.source for row in picked),
    )


def _with_map_scale(
    heads: fitting.Heads, features: Features, apart: NDArray[np.bool_]
) -> fitting.Heads:
    """Return the heads with the map's scale, from the films fitted on only."""
    mine = [place for place, row in enumerate(features.map_rows) if not apart[row]]
    push = push_of_places(features.maps[mine], heads).reshape(-1, len(heads.names))
    scale = np.percentile(push, _MAP_PERCENTILE, axis=0)
    if (scale <= 0).any():
        raise ValueError(f"wanted a map that pushes somewhere, came scales {scale}")
    return fitting.Heads(
        heads.names,
        heads.mean,
        heads.scale,
        heads.weights,
        heads.bias,
        scale.astype(np.float32),
    )


def _figures(prefix: str, films: Set, scores: NDArray[np.float64]) -> dict[str, float]:
    """Return what the manifest keeps: macro AUROC with interval, by source, by finding."""
    low, high = patient_bootstrap(films.truth, scores, films.patients)
    figures = {
        "macro_auroc": macro_auroc(films.truth, scores),
        "macro_auroc_low": low,
        "macro_auroc_high": high,
        "calibration_error": float(
            np.mean(
                [
                    calibration_error(films.truth[:, column], scores[:, column])
                    for column in range(scores.shape[1])
                ]
            )
        ),
    }
    for source in sorted(set(films.sources)):
        mine = np.array([each == source for each in films.sources])
        figures[f"films:{source}"] = float(mine.sum())
        figures[f"macro_auroc:{source}"] = macro_auroc(films.truth[mine], scores[mine])
    for column, name in enumerate(nih.ASSESSED):
        figures[f"auroc:{name}"] = auroc(films.truth[:, column], scores[:, column])
    return {
        f"{prefix}.{name}": round(figure, 4)
        for name, figure in figures.items()
        if np.isfinite(figure)
    }


def _worth(
    points: dict[str, OperatingPoints], films: Set, scores: NDArray[np.float64]
) -> dict[str, tuple[float, float]]:
    """Return sensitivity and specificity of each `alert` threshold on these films."""
    worth = {}
    for column, name in enumerate(nih.ASSESSED):
        raised = scores[:, column] >= points[name].alert.threshold
        positive = films.truth[:, column] == 1
        worth[name] = (float(raised[positive].mean()), float((~raised[~positive]).mean()))
    return worth


def _counts(films: Set) -> dict[str, int]:
    return {name: int(films.truth[:, column].sum()) for column, name in enumerate(nih.ASSESSED)}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("--out", type=Path, default=HEADS, metavar="DIR")
    parser.add_argument("--card", type=Path, default=CARD, metavar="FILE")
    chosen = parser.parse_args()
    began = time.monotonic()
    manifest = fit(chosen.films, chosen.out, chosen.card)
    for where in ("cross_validation", "held_out"):
        figure, low, high = (
            manifest.figures[f"{where}.macro_auroc{end}"] for end in ("", "_low", "_high")
        )
        print(f"{where}: macro AUROC {figure:.3f} ({low:.3f} to {high:.3f})")
    size_kb = (chosen.out / "heads.npz").stat().st_size / 1000
    print(f"{chosen.out / 'heads.npz'}: {size_kb:.0f} kB, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
