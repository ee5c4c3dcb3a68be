"""What others said of the same films: radiologists' classes and boxes, another model's scores.

Three files, each of which may be missing: nih_bbox_1024px.csv (Wang et al. 2017: name, finding,
x, y, w, h), rsna_pneumonia_radiologist_class.csv (Shih et al. 2019: name, rsna_class,
boxes_xywh_1024) and reference_densenet121_predictions.csv (name, prob_<NIH name>). Boxes are in
pixels of the original film of 1024 x 1024; names are joined without folder and ending.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np

from schemas.model_card import Against, Figure, Reference
from training.data import nih
from training.evaluate import bootstrap
from training.evaluate.finding_metrics import FEWEST, Films

#: The side of the films that boxes were drawn on, in pixels.
BOX_SIDE: Final = 1024
#: NIH's file of boxes has a shorter word for one of its own findings.
_BOX_WORDS: Final = {"Infiltrate": "Infiltration"}
OPACITY: Final = "Lung Opacity"
ABNORMAL: Final = "No Lung Opacity / Not Normal"
NORMAL: Final = "Normal"


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the original film, of one of the assessed findings."""

    film: str
    finding: str
    drawn_by: Literal["NIH", "RSNA"]
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Outside:
    """classes: film to RSNA's class. predictions: film to NIH name to score."""

    boxes: tuple[Box, ...] = ()
    classes: Mapping[str, str] = field(default_factory=dict)
    predictions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def read_outside(folder: Path) -> Outside:
    """Return what is there. Raises ValueError for a finding or class that is not known."""
    boxes, classes, predictions = [], {}, {}
    for line in _lines(folder / "nih_bbox_1024px.csv"):
        word = _BOX_WORDS.get(line["finding"], line["finding"])
        if word not in nih.NIH_NAMES:
            raise ValueError(f"box of {line['name']}: wanted NIH's names, came {word!r}")
        sides = [float(line[name]) for name in "xywh"]
        boxes += [
            Box(_stem(line["name"]), finding, "NIH", *sides)
            for finding, names in nih.MAPPING.items()
            if word in names
        ]
    for line in _lines(folder / "rsna_pneumonia_radiologist_class.csv"):
        said = line["rsna_class"]
        if said not in {OPACITY, ABNORMAL, NORMAL}:
            raise ValueError(f"class of {line['name']}: wanted RSNA's three, came {said!r}")
        film = _stem(line["name"])
        classes[film] = said
        drawn = json.loads(line["boxes_xywh_1024"]) if line["boxes_xywh_1024"] else []
        boxes += [Box(film, OPACITY, "RSNA", *sides) for sides in drawn]
    for line in _lines(folder / "reference_densenet121_predictions.csv"):
        predictions[_stem(line["name"])] = {
            name.removeprefix("prob_"): float(value)
            for name, value in line.items()
            if name.startswith("prob_")
        }
    return Outside(tuple(boxes), classes, predictions)


def judge_versus_radiologists(films: Films, classes: Mapping[str, str]) -> tuple[Against, ...]:
    """Return how the films' scores rank RSNA's classes, by film.

    One or several radiologists looked at these films again (Shih et al. 2019): opacity suspicious
    of pneumonia, something else, or nothing. So a finding is judged by eyes, not by a report.
    """
    said = np.array([classes.get(row.path.stem, "") for row in films.rows])
    wanted = (
        (OPACITY, OPACITY, (ABNORMAL, NORMAL)),
        (OPACITY, OPACITY, (NORMAL,)),
        (OPACITY, OPACITY, (ABNORMAL,)),
        ("Pneumonia", OPACITY, (ABNORMAL, NORMAL)),
        ("Pneumonia", OPACITY, (NORMAL,)),
        ("Pneumonia", OPACITY, (ABNORMAL,)),
        ("No Finding", NORMAL, (OPACITY, ABNORMAL)),
    )
    found = []
    for finding, yes, others in wanted:
        mine = np.isin(said, [yes, *others])
        truth = (said[mine] == yes).astype(np.float64)
        column = nih.ASSESSED.index(finding)
        count, positives = len(truth), int(truth.sum())
        if not count:
            continue
        few = min(positives, count - positives) < FEWEST
        found.append(
            Against(
                finding=finding,
                versus=f"{yes} : {' + '.join(others)}",
                films=count,
                positives=positives,
                auroc=Figure(value=None, why=f"{positives} of {count} films: too few")
                if few
                else bootstrap.figure(
                    bootstrap.auroc(truth, films.scores[mine, column], films.weights[:, mine])
                ),
            )
        )
    return tuple(found)


def judge_reference(
    films: Films, predictions: Mapping[str, Mapping[str, float]]
) -> tuple[Reference, ...]:
    """Return both models' AUROC on the films that the reference scored.

    Where a finding joins several of NIH's names the reference's score is its highest of them;
    for No Finding it is 1 less its highest of all.
    """
    both = films.where(np.array([row.path.stem in predictions for row in films.rows]))
    said = [predictions[row.path.stem] for row in both.rows]
    if not said:
        return ()
    found = []
    for column, (finding, names) in enumerate(nih.MAPPING.items()):
        assert nih.ASSESSED.index(finding) == column
        if finding == "No Finding":
            theirs = np.array([1 - max(each.values()) for each in said])
        else:
            theirs = np.array([max(each[name] for name in names) for each in said])
        seen = both.truth[:, column]
        positives = int(seen.sum())
        if min(positives, len(seen) - positives) < FEWEST:
            ours = other = Figure(value=None, why=f"{positives} of {len(seen)} films: too few")
        else:
            ours = bootstrap.figure(bootstrap.auroc(seen, both.scores[:, column], both.weights))
            other = bootstrap.figure(bootstrap.auroc(seen, theirs, both.weights))
        found.append(
            Reference(
                finding=finding, films=len(seen), positives=positives, ours=ours, theirs=other
            )
        )
    return tuple(found)


def _lines(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _stem(name: str) -> str:
    return Path(name).stem
