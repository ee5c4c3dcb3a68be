"""Chooses the starter's operating points anew, weights as they are, and judges it with them.

    python -m training.starter.new_points FILMS_DIR [--model DIR] [--card FILE]

Needs no tuning and no TensorFlow: out-of-fold logits and features of all films are kept
(training/starter/kept_films.py), and of FILMS_DIR only labels.csv and what radiologists said are
read. Writes the manifest as version VERSION, its card and the card's page; heads.npz and all other
files stay byte for byte. What a card says of maps and of other arithmetic has nothing to do with
thresholds: it is taken from the card of before, when all scores rank the films exactly as they did
for that card. `make starter` does all of it from the films instead.
"""

import argparse
from pathlib import Path

import numpy as np

from schemas.model_card import ModelCard
from schemas.models import CARD_FILE, ModelManifest
from training.data import nih
from training.data.outside import read_outside
from training.evaluate.metrics import sigmoid
from training.evaluate.point_metrics import nested_figures
from training.export.onnx_model import read_manifest
from training.fit import heads as fitting
from training.report.card_page import PAGE, write_page
from training.starter.evidence import Evidence
from training.starter.fitted import KEPT, VERSION, Fitted
from training.starter.judge import judge, same_scores, write
from training.starter.kept_films import FEATURES_FILE, KeptFilms
from training.starter.points import chosen_points


def new_points(films: Path, model: Path) -> tuple[ModelManifest, ModelCard]:
    """Return the manifest and card of `model` with its points chosen anew.

    Raises ValueError when the folder's films are not those that were kept, or when the scores are
    not those of the card of before.
    """
    manifest = read_manifest(model / "model.json")
    kept = KeptFilms.load(model / FEATURES_FILE)
    before = ModelCard.model_validate_json((model / CARD_FILE).read_bytes())
    rows = nih.read_rows(films)
    if [row.path.stem for row in rows] != [str(name) for name in kept.names]:
        raise ValueError(f"{films}: wanted the {len(kept.names)} films that are kept, no others")
    logits = kept.out_of_fold.astype(np.float64)
    slopes, shifts = fitting.platt(kept.truth()[~kept.apart], logits)
    out_of_fold = sigmoid(logits * slopes + shifts)
    held_out = Fitted.load(model).heads.scores(kept.features[kept.apart])
    chosen = chosen_points(kept, out_of_fold, held_out)
    figures = {
        name: figure for name, figure in manifest.figures.items() if not name.startswith("nested.")
    }
    changed = manifest.model_copy(
        update={
            "version": VERSION,
            "operating_points": chosen.points,
            "figures": figures | {"specific.level": chosen.level} | nested_figures(chosen.crossed),
        }
    )
    card = judge(
        rows, Evidence(out_of_fold, held_out), changed, read_outside(films / "extra_labels")
    )
    same_scores(before, card)
    return changed, card.model_copy(
        update={"boxes": before.boxes, "precisions": before.precisions}
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("--model", type=Path, default=KEPT, metavar="DIR")
    parser.add_argument("--card", type=Path, default=PAGE, metavar="FILE")
    chosen = parser.parse_args()
    manifest, card = new_points(chosen.films, chosen.model)
    write_page(chosen.card, card, write(card, manifest, chosen.model))
    for name, points in manifest.operating_points.items():
        point = points.suspected
        print(
            f"{name}: suspected from {point.threshold:g}, sensitivity {point.sensitivity:.3f},"
            f" specificity {point.specificity:.3f}, {card.reliability()[name]}"
        )
    for each in card.alerts:
        print(f"{each.point}, {each.basis}: {each.model_dump(exclude={'point', 'basis'})}")


if __name__ == "__main__":
    main()
