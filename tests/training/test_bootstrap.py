"""Figures and intervals of a patient bootstrap, against slow and hand-made ones."""

import numpy as np
import pytest

from training.evaluate import bootstrap, metrics

RNG = np.random.default_rng(3)
TRUTH = RNG.integers(0, 2, 90).astype(float)
SCORES = np.clip(np.round(0.35 + 0.25 * TRUTH + RNG.normal(0, 0.2, 90), 1), 0.02, 0.98)
ONCE = np.ones((1, 90))


def repeated(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return each value as often as its weight says: what a round means."""
    return np.repeat(values, weights.astype(int))


def test_every_round_is_the_figure_of_the_films_it_drew_as_often_as_it_drew_them() -> None:
    assert len(np.unique(SCORES)) < 90  # ties are in it
    weights = bootstrap.draws([str(n // 3) for n in range(90)], 20)
    fast = bootstrap.auroc(TRUTH, SCORES, weights)
    slow = [metrics.auroc(repeated(TRUTH, w), repeated(SCORES, w)) for w in weights]
    np.testing.assert_allclose(fast, slow)
    assert fast[0] == pytest.approx(metrics.auroc(TRUTH, SCORES))
    briers = [((repeated(SCORES, w) - repeated(TRUTH, w)) ** 2).mean() for w in weights]
    np.testing.assert_allclose(bootstrap.brier(TRUTH, SCORES, weights), briers)


def test_patients_are_drawn_whole_and_the_first_row_is_every_film_once() -> None:
    weights = bootstrap.draws(["a", "a", "b", "c", "c"], 50)
    assert weights.shape == (51, 5)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 4]).all()
    assert (weights[1:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert len(np.unique(weights[1:], axis=0)) > 5


def test_average_precision_by_hand() -> None:
    # Ranked: yes, no, yes: precision 1 at recall 1/2, 2/3 at recall 1.
    truth, scores = np.array([1.0, 0, 1]), np.array([0.9, 0.8, 0.7])
    assert bootstrap.auprc(truth, scores, np.ones((1, 3)))[0] == pytest.approx((1 + 2 / 3) / 2)
    # All tied: the precision of everything.
    assert bootstrap.auprc(truth, np.full(3, 0.5), np.ones((1, 3)))[0] == pytest.approx(2 / 3)
    # The last film drawn three times.
    weights = np.array([[1.0, 1, 3]])
    wanted = (1 * 1 + 3 * 4 / 5) / 4
    assert bootstrap.auprc(truth, scores, weights)[0] == pytest.approx(wanted)


def test_a_round_without_one_of_the_classes_has_no_figure_and_others_make_the_interval() -> None:
    truth, scores = np.array([1.0, 0, 0]), np.array([0.9, 0.2, 0.4])
    weights = np.array([[1.0, 1, 1], [0, 1, 2], [2, 1, 0]])
    values = bootstrap.auroc(truth, scores, weights)
    assert values[0] == values[2] == 1
    assert np.isnan(values[1])
    assert bootstrap.figure(values).model_dump(exclude={"why"}) == {
        "value": 1.0, "low": 1.0, "high": 1.0,
    }  # fmt: skip


def test_the_slope_is_one_for_true_scores_and_half_for_scores_twice_as_extreme() -> None:
    rng = np.random.default_rng(1)
    odds = rng.normal(0, 1.5, 40_000)
    truth = (rng.random(40_000) < 1 / (1 + np.exp(-odds))).astype(float)
    once = np.ones((1, 40_000))
    for stretch, slope in ((1.0, 1.0), (2.0, 0.5), (0.5, 2.0)):
        scores = 1 / (1 + np.exp(-stretch * odds))
        found = bootstrap.calibration_slope(truth, scores, once)[0]
        assert found == pytest.approx(slope, rel=0.05)


def test_scores_that_part_the_classes_wholly_have_no_slope() -> None:
    truth = np.array([0.0, 0, 0, 1, 1, 1])
    scores = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])
    assert np.isnan(bootstrap.calibration_slope(truth, scores, np.ones((1, 6)))[0])


def test_the_interval_is_as_wide_as_one_film_a_patient_makes_it() -> None:
    truth, scores = RNG.integers(0, 2, 60).astype(float), RNG.random(60)
    alone = bootstrap.figure(
        bootstrap.auroc(truth, scores, bootstrap.draws([str(n) for n in range(60)], 500))
    )
    four = [np.repeat(each, 4) for each in (truth, scores)]
    copies = bootstrap.figure(
        bootstrap.auroc(four[0], four[1], bootstrap.draws([str(n // 4) for n in range(240)], 500))
    )
    assert alone.high is not None and alone.low is not None  # noqa: PT018 - one thing: known
    assert copies.high is not None and copies.low is not None  # noqa: PT018
    assert copies.high - copies.low == pytest.approx(alone.high - alone.low, rel=0.2)
