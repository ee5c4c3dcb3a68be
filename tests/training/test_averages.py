"""Precision, recall, F1 and their averages, and paired differences."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.findings import FINDINGS
from tests.training.drawn_scores import NOT_ASSESSED, draw_predictions
from tests.training.environment import run_training
from training.errors import WrongInput
from training.evaluate import averages, metrics
from training.evaluate.evaluation import evaluate
from training.evaluate.label_rule import LabelRule
from training.evaluate.paired import paired

RULE = LabelRule(uncertain="zeros")


@pytest.mark.training
def test_figures_are_scikit_learn_s(tmp_path: Path) -> None:
    done = run_training("tests.training.sklearn_figures", tmp_path / "figures.json")
    assert done.returncode == 0
    wanted: dict[str, dict[str, Any]] = json.loads((tmp_path / "figures.json").read_text())
    said = evaluate(draw_predictions(), "test", {}, rule=RULE, rounds=2)
    assert len(wanted["report"]) == 13 + 4
    for name, figures in wanted["report"].items():
        average = name.removesuffix(" avg")
        ours = said.findings[name] if name in FINDINGS else getattr(said, average)
        got = {
            "precision": ours.precision or 0.0,  # ours is null where theirs is 0 / 0
            "recall": ours.recall or 0.0,
            "f1-score": ours.f1 or 0.0,
        }
        assert got == pytest.approx({key: figures[key] for key in got}, abs=1e-6), name
        if name in FINDINGS:
            assert said.findings[name].support == figures["support"]
    for name, figures in wanted["areas"].items():
        ours = said.findings[name] if name in FINDINGS else getattr(said, name)
        got = {key: getattr(ours, key) for key in figures}
        assert got == pytest.approx(figures, abs=1e-6), name


def test_a_film_s_areas_are_those_of_its_known_findings() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, (40, 6)).astype(float)
    truth[rng.random(truth.shape) < 0.2] = np.nan
    truth[0], truth[1] = 0, 1
    scores = np.round(rng.random(truth.shape), 1)
    auroc, auprc = averages.areas_by_film(truth, scores)
    for film in range(40):
        known = np.isfinite(truth[film])
        np.testing.assert_allclose(
            auroc[film], metrics.auroc(truth[film, known], scores[film, known])
        )
    assert np.isnan(auprc[0])
    assert auprc[1] == 1
    assert np.isnan(auroc[:2]).all()


def test_an_average_counts_nothing_said_as_nothing_right_and_skips_what_has_no_area() -> None:
    values, weights = np.array([0.5, np.nan, 1.0]), np.array([1.0, 2, 1])
    assert averages.mean(values) == 0.5
    assert averages.mean(values, weights) == 0.375
    assert averages.mean_of_defined(values) == 0.75
    assert averages.mean_of_defined(values, weights) == 0.75
    assert np.isnan(averages.mean_of_defined(values[1:2]))


def test_a_difference_is_that_of_the_figures_and_more_than_chance_only_where_it_is() -> None:
    good, poor = draw_predictions(skill=3).of("test"), draw_predictions(skill=0.3).of("test")
    told = paired(good, poor, rounds=200)
    each = [evaluate(run, "test", {}, rounds=2) for run in (good, poor)]
    assert told.films == 80
    for name in ("macro", "competition_five"):
        first, second = (
            run.macro.auroc if name == "macro" else run.competition_five for run in each
        )
        found = getattr(told, name)
        assert found.difference == pytest.approx(first - second, abs=2e-6)  # type: ignore[operator]
        assert 0 < found.low < found.difference < found.high
        assert found.more_than_chance is True
    alike = paired(good, draw_predictions(skill=3, seed=5).of("test"), rounds=200)
    assert alike.macro.more_than_chance is False
    assert alike.findings[NOT_ASSESSED].difference is None
    assert alike.findings["Pleural Other"].more_than_chance is None


def test_a_run_differs_from_itself_by_nothing() -> None:
    run = draw_predictions().of("test")
    macro = paired(run, run, rounds=20).macro
    assert (macro.difference, macro.low, macro.high) == (0, 0, 0)
    assert macro.more_than_chance is False


def test_runs_on_the_same_films_are_told_apart_more_sharply_than_each_is_known() -> None:
    one = draw_predictions().of("test")
    rng = np.random.default_rng(1)
    odds = np.log(np.clip(one.scores, 0.01, 0.99) / (1 - np.clip(one.scores, 0.01, 0.99)))
    near = 1 / (1 + np.exp(-(odds + rng.normal(0, 0.1, odds.shape))))
    other = replace(one, scores=near)
    difference = paired(one, other, rounds=200).macro
    alone = evaluate(one, "test", {}, rounds=200).macro
    assert difference.high - difference.low < (alone.auroc_high - alone.auroc_low) / 3  # type: ignore[operator]


def test_runs_on_other_films_are_not_compared() -> None:
    drawn = draw_predictions()
    with pytest.raises(WrongInput, match="the same films, came other paths: 80 and 160 films"):
        paired(drawn.of("test"), drawn)
