"""Drawn predictions for the tests of evaluation: scores that know a little."""

import numpy as np

from schemas.findings import FINDINGS
from schemas.models import OperatingPoint, OperatingPoints
from training.data.table import NO_AGE, NOT_MENTIONED, FilmTable
from training.evaluate.predictions import Predictions

#: Not assessed: NaN scores, as of a model that was taught by other labels.
NOT_ASSESSED = "Fracture"


def draw_predictions(films: int = 160, skill: float = 1.5, seed: int = 3) -> Predictions:
    """Return films of half as many patients, the first half `train`, the rest `test`.

    Pleural Other is in none of them. Three films in ten are No Finding; of the others' labels one
    in ten is uncertain, one in ten not mentioned.
    """
    rng = np.random.default_rng(7)
    truth = rng.random((films, 14)) < np.linspace(0.15, 0.5, 14)
    healthy = rng.random(films) < 0.3
    truth[healthy], truth[:, 0] = False, healthy
    labels = truth.astype(np.int8)
    labels[:, FINDINGS.index("Pleural Other")] = 0
    fate = np.where(healthy[:, None], 0.5, rng.random(labels.shape))
    fate[:, 0] = 0.5
    labels[fate < 0.1] = -1
    labels[fate > 0.9] = NOT_MENTIONED
    odds = np.random.default_rng(seed).normal(size=truth.shape) + skill * (truth - 0.5) - 0.5
    scores = np.round(1 / (1 + np.exp(-odds)), 2)  # ties are in it
    scores[:, FINDINGS.index(NOT_ASSESSED)] = np.nan
    number = np.arange(films)
    table = FilmTable(
        paths=np.array([f"patient{n // 2:05d}/film{n % 2}.jpg" for n in number]),
        files=np.full(films, "", dtype=np.str_),
        patients=np.array([f"patient{n // 2:05d}" for n in number]),
        labels=labels,
        views=np.where(number % 3 == 0, "AP", "PA"),
        sexes=np.where(number % 4 < 2, "F", "M"),
        ages=np.where(number % 7 == 0, NO_AGE, 20 + number % 60).astype(np.int16),
        sources=np.full(films, "drawn", dtype=np.str_),
        fixed=np.full(films, "", dtype=np.str_),
    )
    return Predictions(table, np.where(number < films // 2, "train", "test"), scores)


def draw_points() -> dict[str, OperatingPoints]:
    """Return two points for each finding that is assessed."""
    alert = OperatingPoint(threshold=0.5, sensitivity=0.7, specificity=0.7)
    sensitive = OperatingPoint(threshold=0.3, sensitivity=0.9, specificity=0.4)
    both = OperatingPoints(alert=alert, sensitive=sensitive)
    return {name: both for name in FINDINGS if name != NOT_ASSESSED}
