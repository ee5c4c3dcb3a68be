"""Heads on targets that are left out, soft, balanced or of three classes, against scikit-learn."""

import json
from typing import Any

import pytest

from tests.training.environment import run_training

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def found() -> Any:
    done = run_training("tests.training.heads_fitted")
    assert done.returncode == 0
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["masked", "soft", "three classes", "balanced"])
def test_heads_are_those_of_scikit_learn_fitted_one_by_one(found: Any, kind: str) -> None:
    assert found[kind] < 1e-4


def test_a_label_that_is_left_out_moves_nothing(found: Any) -> None:
    assert found["moved by a masked label"] == 0


def test_the_same_films_give_the_same_heads(found: Any) -> None:
    assert found["again"] == 0


def test_a_channel_that_never_changes_is_no_trouble(found: Any) -> None:
    assert 0 < found["a flat channel"] < 100


def test_features_of_a_network_without_weights_say_as_much_as_large_ones(found: Any) -> None:
    assert found["tiny features"] < 1e-6


def test_self_trained_heads_learn_the_uncertain_films_too(found: Any) -> None:
    assert found["self-trained against ignore"] > 1e-3
    assert found["macro"] > 0.8


def test_the_penalty_is_the_one_that_ranks_the_validation_part_best(found: Any) -> None:
    assert found["penalty"] == found["best"]
    assert len(found["tried"]) > 3


def test_balanced_heads_say_as_often_present_as_was_seen_once_calibrated(found: Any) -> None:
    for said, seen in zip(found["said"], found["seen"], strict=True):
        assert abs(said - seen) < 0.08
