"""How good scores are."""

import numpy as np
import pytest

from training.evaluate.metrics import (
    auroc,
    calibration_error,
    macro_auroc,
    patient_bootstrap,
)


def by_pairs(truth: np.ndarray, scores: np.ndarray) -> float:
    """Say the AUROC the slow way, straight from its meaning."""
    pairs = [
        1.0 if yes > no else 0.5 if yes == no else 0.0
        for yes in scores[truth == 1]
        for no in scores[truth == 0]
    ]
    return float(np.mean(pairs))


def test_auroc_is_the_share_of_pairs_in_the_right_order_with_ties_as_halves() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 60).astype(float)
    scores = np.round(rng.normal(size=60) + truth, 1)
    assert len(np.unique(scores)) < 60
    assert auroc(truth, scores) == pytest.approx(by_pairs(truth, scores))


def test_auroc_of_one_class_alone_is_unknown_and_left_out_of_the_mean() -> None:
    truth = np.array([[1.0, 1], [0, 1], [0, 1]])
    scores = np.array([[0.9, 0.1], [0.2, 0.3], [0.1, 0.2]])
    assert np.isnan(auroc(truth[:, 1], scores[:, 1]))
    assert macro_auroc(truth, scores) == 1.0
    assert np.isnan(macro_auroc(truth[1:], scores[1:]))


def test_the_interval_holds_the_figure_and_patients_not_films_are_drawn() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, (50, 1)).astype(float)
    scores = truth + rng.normal(size=(50, 1))
    apart = patient_bootstrap(truth, scores, [str(n) for n in range(50)], rounds=200)
    # Every film four times, under its own patient: no wider knowledge, so no narrower interval.
    copies = np.repeat(truth, 4, axis=0), np.repeat(scores, 4, axis=0)
    together = patient_bootstrap(*copies, [str(n // 4) for n in range(200)], rounds=200)
    assert apart[0] < macro_auroc(truth, scores) < apart[1]
    assert together[1] - together[0] == pytest.approx(apart[1] - apart[0], rel=0.3)


def test_calibration_error_is_the_gap_between_said_and_seen() -> None:
    truth = np.tile([1.0, 0, 0, 0], 100)
    assert calibration_error(truth, np.full(400, 0.25)) < 0.05
    assert calibration_error(truth, np.full(400, 0.75)) == pytest.approx(0.5, abs=0.05)
