"""Writes the evidence of a model whose backbone is frozen; its heads are fitted anew in each fold.

    python -m training.frozen_evidence FILMS_DIR EVIDENCE.npz [--model DIR] [--features NPZ]

The features of all films are kept in the file of --features, which training/retrieval.py reads
too: they take minutes.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from schemas.models import ModelManifest
from training import heads as fitting
from training import nih
from training.build_starter import HEADS
from training.evidence import Array, Evidence
from training.features import extract
from training.metrics import sigmoid
from training.outside import read_outside
from training.starter_model import push_of_places


def of_frozen_backbone(
    rows: Sequence[nih.Row],
    pooled: Array,
    last: NDArray[np.floating],
    model: Path,
    films: set[str],
) -> Evidence:
    """Return the evidence of heads on a frozen backbone: pooled (n, d), last (n, h, w, c).

    The strength of the fit is the manifest's; each fold's heads are fitted anew, then shifted and
    stretched as the served ones were. Maps are those of the served heads, of `films` only.
    """
    manifest = ModelManifest.model_validate_json((model / "model.json").read_bytes())
    kept = fitting.Heads.load(model / "heads.npz")
    apart = np.array([nih.held_out(row.patient) for row in rows])
    columns = [INDEX[name] for name in nih.ASSESSED]
    truth = nih.label_table([row for row in rows if not nih.held_out(row.patient)])[:, columns]
    patients = [row.patient for row in rows if not nih.held_out(row.patient)]
    strengths = [manifest.figures["strength"]] * len(nih.ASSESSED)
    logits = fitting.out_of_fold(pooled[~apart], truth, patients, strengths)
    slopes, shifts = fitting.platt(truth, logits)
    standard = (pooled[apart] - kept.mean) / kept.scale
    mine = [number for number, row in enumerate(rows) if row.path.stem in films]
    push = push_of_places(last[mine], kept) / kept.map_scale
    maps = np.zeros((len(mine), len(INDEX), *last.shape[1:3]), np.float32)
    maps[:, columns] = np.moveaxis(push, -1, 1)
    return Evidence(
        out_of_fold=sigmoid(logits * slopes + shifts),
        held_out=sigmoid(standard @ kept.weights.astype(np.float64) + kept.bias),
        map_films=tuple(rows[number].path.stem for number in mine),
        maps=maps,
    )


def features(
    rows: Sequence[nih.Row], side: int, kept: Path | None
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Return pooled (n, d) and last level (n, h, w, c), out of the file where it has them."""
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as file:
            return file["pooled"], file["last"]
    found = extract(rows, side, maps_every=1)
    answer = found.pooled, found.maps
    if kept is not None:
        np.savez(kept, pooled=answer[0], last=answer[1])
    return answer


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("out", type=Path, metavar="EVIDENCE.npz")
    parser.add_argument("--model", type=Path, default=HEADS, metavar="DIR")
    parser.add_argument("--features", type=Path, metavar="NPZ")
    chosen = parser.parse_args()
    rows = nih.read_rows(chosen.films)
    manifest = ModelManifest.model_validate_json((chosen.model / "model.json").read_bytes())
    pooled, last = features(rows, manifest.side, chosen.features)
    drawn = {box.film for box in read_outside(chosen.films / "extra_labels").boxes}
    of_frozen_backbone(rows, pooled.astype(np.float64), last, chosen.model, drawn).save(chosen.out)


if __name__ == "__main__":
    main()
