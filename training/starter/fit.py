"""Fits the starter model on tuned networks and writes what the repository keeps of it.

    python -m training.starter.fit FILMS_DIR WORK [--out DIR]

WORK is the folder that training/starter/tune.py has filled from the same films. Writes into DIR
heads.npz, projection.npz, kernels.npz, features.npz and model.json, and into WORK evidence.npz,
which training/starter/judge.py writes the card from. One patient in five is never fitted on and
only judged (training/data/nih.py, `held_out`). `make starter FILMS=...` runs all of it.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from schemas.models import ModelManifest
from training.data import nih
from training.data.outside import read_outside
from training.evaluate.metrics import macro_auroc
from training.export.map_scale import push_of_places, strongest_push
from training.export.onnx_model import write_manifest
from training.fit.features import extract
from training.fit.linear import Heads
from training.fit.projection import half, projection
from training.starter.evidence import Evidence
from training.starter.fitted import KEPT, VERSION, Fitted
from training.starter.graph import embedding_version, feature_model, with_threads
from training.starter.kept_films import FEATURES_FILE, KeptFilms
from training.starter.out_of_fold import best_strength, by_strength
from training.starter.refit import Refitted, refit
from training.starter.tuned_folds import RECIPE_FILE, read_folds, read_kernels

EVIDENCE_FILE: Final = "evidence.npz"
THREADS: Final = 2


def fit(films_dir: Path, work: Path, out: Path) -> ModelManifest:
    """Fit, judge, write; return the manifest."""
    rows = nih.read_rows(films_dir)
    print(f"{len(rows)} films of {len({row.patient for row in rows})} patients")
    apart, mine = nih.apart(rows), nih.to_fit(rows)
    truth = nih.truth_table(mine)
    tried = by_strength(read_folds(work), truth)
    for each, logits in tried.items():
        print(f"  C {each:g}: macro AUROC {macro_auroc(truth, logits):.4f} out of fold")
    strength = best_strength(truth, tried)
    side = int(json.loads((work / RECIPE_FILE).read_text())["side"])
    kernels = read_kernels(work)
    with_threads(THREADS)
    films = np.stack([nih.film(row, side) for row in rows])
    found = extract(feature_model(side, kernels=kernels), films, np.arange(len(rows)))
    kept = KeptFilms.of(rows, half(found.pooled), tried[strength])
    fresh = refit(kept, strength)
    heads = _with_map_scale(fresh.heads, found.last[~apart])
    fitted = Fitted(heads, projection(heads, kept.features[~apart]), kernels)
    manifest = ModelManifest(
        name="starter",
        version=VERSION,
        side=side,
        features=found.pooled.shape[1],
        map_height=found.last.shape[1],
        map_width=found.last.shape[2],
        embedding_version=embedding_version(fitted, side),
        assessed=nih.ASSESSED,
        operating_points=fresh.points,
        trained_on=(
            f"NIH ChestX-ray14, {len(mine)} frontal films of"
            f" {len({row.patient for row in mine})} patients; labels mined from reports"
        ),
        figures=fresh.figures,
    )
    fitted.save(out)
    kept.save(out / FEATURES_FILE)
    write_manifest(manifest, out / "model.json")
    boxed = {box.film for box in read_outside(films_dir / "extra_labels").boxes}
    _evidence(kept, fresh, heads, found.last, boxed).save(work / EVIDENCE_FILE)
    return manifest


def _with_map_scale(heads: Heads, last: NDArray[np.float16]) -> Heads:
    """Return the heads with the map's scale, from the last level of the films fitted on."""
    scale = strongest_push([last], heads)
    if (scale <= 0).any():
        raise ValueError(f"wanted a map that pushes somewhere, came scales {scale}")
    return replace(heads, map_scale=scale.astype(np.float32))


def _evidence(
    kept: KeptFilms,
    fresh: Refitted,
    heads: Heads,
    last: NDArray[np.float16],
    boxed: set[str],
) -> Evidence:
    """Return what the model is judged by; maps of the films that somebody drew boxes on."""
    drawn = [number for number, name in enumerate(kept.names) if name in boxed]
    maps = np.zeros((len(drawn), len(INDEX), *last.shape[1:3]), np.float32)
    push = push_of_places(last[drawn], heads) / heads.map_scale
    maps[:, nih.COLUMNS] = np.moveaxis(push, -1, 1)
    return Evidence(
        out_of_fold=fresh.out_of_fold,
        held_out=fresh.held_out,
        map_films=tuple(str(kept.names[number]) for number in drawn),
        maps=maps,
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--out", type=Path, default=KEPT, metavar="DIR")
    chosen = parser.parse_args()
    began = time.monotonic()
    manifest = fit(chosen.films, chosen.work, chosen.out)
    for where in ("cross_validation", "held_out"):
        figure, low, high = (
            manifest.figures[f"{where}.macro_auroc{end}"] for end in ("", "_low", "_high")
        )
        print(f"{where}: macro AUROC {figure:.3f} ({low:.3f} to {high:.3f})")
    size_mb = sum(path.stat().st_size for path in chosen.out.glob("*.npz")) / 1e6
    print(f"{chosen.out}: {size_mb:.1f} MB, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
