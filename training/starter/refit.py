"""Refits the starter's heads from what is kept of its films, and holds them to those set aside.

    python -m training.starter.refit OUT [--kept DIR]

Needs no film: DIR, the repository's starter by default, holds features.npz
(training/starter/kept_films.py). Writes into OUT a folder that training/starter/build.py builds a
model from: the refitted heads beside the same network and projection, so that the library's
embeddings stay. Ends with 1 when the macro AUROC of the films set aside is under that of the heads
kept.
"""

import argparse
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.models import ModelManifest, OperatingPoints
from training.data import nih
from training.evaluate.metrics import (
    auroc,
    calibration_error,
    macro_auroc,
    patient_bootstrap,
    sigmoid,
)
from training.evaluate.point_metrics import nested_figures
from training.export.onnx_model import read_manifest, write_manifest
from training.fit import heads as fitting
from training.fit.linear import Heads
from training.starter.fitted import KEPT, Fitted
from training.starter.kept_films import FEATURES_FILE, KeptFilms
from training.starter.points import chosen_points


@dataclass(frozen=True)
class Refitted:
    """heads: calibrated, their map scale still 1. out_of_fold, held_out: (n, 11) scores, 0..1."""

    heads: Heads
    points: dict[str, OperatingPoints]
    out_of_fold: NDArray[np.float64]
    held_out: NDArray[np.float64]
    figures: dict[str, float]


def refit(kept: KeptFilms, strength: float) -> Refitted:
    """Return heads fitted on the films of `fit`, judged out of fold and on those held out.

    Calibration and operating points come from the out-of-fold logits: of the films fitted on, the
    served network's own scores are too good.
    """
    truth = kept.truth()
    mine, apart = ~kept.apart, kept.apart
    linear = fitting.fit(kept.features[mine], truth[mine], [strength] * truth.shape[1])
    slopes, shifts = fitting.platt(truth[mine], kept.out_of_fold.astype(np.float64))
    heads = Heads(
        names=nih.ASSESSED,
        mean=linear.mean.astype(np.float32),
        scale=linear.scale.astype(np.float32),
        weights=(linear.weights * slopes).astype(np.float32),
        bias=(linear.bias * slopes + shifts).astype(np.float32),
        map_scale=np.ones(len(nih.ASSESSED), np.float32),
    )
    crossed = sigmoid(kept.out_of_fold * slopes + shifts)
    held_out = heads.scores(kept.features[apart])
    chosen = chosen_points(kept, crossed, held_out)
    figures = (
        _figures("cross_validation", kept, mine, crossed)
        | _figures("held_out", kept, apart, held_out)
        | {"strength": strength, "specific.level": chosen.level}
        | nested_figures(chosen.crossed)
    )
    return Refitted(heads, chosen.points, crossed, held_out, figures)


def _figures(
    prefix: str, kept: KeptFilms, mask: NDArray[np.bool_], said: NDArray[np.float64]
) -> dict[str, float]:
    """Return what the manifest keeps: macro AUROC with interval, by source, by finding."""
    truth, sources = kept.truth()[mask], kept.sources[mask]
    low, high = patient_bootstrap(truth, said, [str(name) for name in kept.patients[mask]])
    errors = [calibration_error(truth[:, k], said[:, k]) for k in range(said.shape[1])]
    figures = {
        "macro_auroc": macro_auroc(truth, said),
        "macro_auroc_low": low,
        "macro_auroc_high": high,
        "calibration_error": float(np.mean(errors)),
    }
    for source in sorted(set(sources)):
        figures[f"films:{source}"] = float((sources == source).sum())
        figures[f"macro_auroc:{source}"] = macro_auroc(
            truth[sources == source], said[sources == source]
        )
    for column, name in enumerate(nih.ASSESSED):
        figures[f"auroc:{name}"] = auroc(truth[:, column], said[:, column])
    return {
        f"{prefix}.{name}": round(figure, 4)
        for name, figure in figures.items()
        if np.isfinite(figure)
    }


def with_map_scale(refitted: Heads, before: Heads) -> Heads:
    """Return the refitted heads with the map's scale grown as their weights have.

    The scale is read off films' places (training/starter/fit.py), which are not kept; a push is
    linear in the weights.
    """
    norms = [np.linalg.norm(each.weights, axis=0) for each in (refitted, before)]
    scale = before.map_scale * norms[0] / norms[1]
    return replace(refitted, map_scale=scale.astype(np.float32))


def main() -> int:
    """Run the command; return 1 when the refitted heads are worse on the films set aside."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--kept", type=Path, default=KEPT, metavar="DIR")
    chosen = parser.parse_args()
    manifest = read_manifest(chosen.kept / "model.json")
    kept = KeptFilms.load(chosen.kept / FEATURES_FILE)
    before = Fitted.load(chosen.kept)
    found = refit(kept, manifest.figures["strength"])
    Fitted(with_map_scale(found.heads, before.heads), before.projection, before.kernels).save(
        chosen.out
    )
    shutil.copyfile(chosen.kept / FEATURES_FILE, chosen.out / FEATURES_FILE)
    # Check and card were measured on the heads before.
    changed = {"operating_points": found.points, "figures": found.figures, "card": None}
    write_manifest(manifest.model_copy(update=changed), chosen.out / "model.json")
    return _gate(manifest, found)


def _gate(manifest: ModelManifest, found: Refitted) -> int:
    name = "held_out.macro_auroc"
    served, refitted = manifest.figures[name], found.figures[name]
    passes = refitted >= served
    print(f"macro AUROC of the films set aside: {refitted:.4f} refitted, {served:.4f} as kept")
    print("passes" if passes else "does not pass: wanted no less than that of the heads kept")
    return 0 if passes else 1


if __name__ == "__main__":
    sys.exit(main())
