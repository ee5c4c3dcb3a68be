"""How strong a push the activation map shows as 1 (training/export/map_scale.py)."""

from typing import Any

import numpy as np
import pytest

from training.export.map_scale import MAP_FILMS, map_sample, map_scale, push_of_places
from training.fit.linear import Heads


def heads(weights: Any, mean: float = 0.0, scale: float = 1.0) -> Heads:
    """Return heads on 5 pooled features, of which the last level gives 3."""
    found = np.asarray(weights, np.float32)
    count = found.shape[1]
    return Heads(
        names=("Edema", "Fracture")[:count],
        mean=np.full(5, mean, np.float32),
        scale=np.full(5, scale, np.float32),
        weights=found,
        bias=np.zeros(count, np.float32),
        map_scale=np.ones(count, np.float32),
    )


def test_one_place_in_two_hundred_of_the_films_pushes_more_than_is_shown_as_1() -> None:
    last = np.random.default_rng(1).normal(size=(40, 10, 10, 3))
    ours = heads(np.array([[9, 9], [9, 9], [1, 0], [0, 2], [0, 0]]), mean=0.5, scale=2.0)
    scale = map_scale([last], ours)
    above = (push_of_places(last, ours) > scale).mean(axis=(0, 1, 2))
    assert above == pytest.approx([0.005, 0.005], abs=0.0005)


def test_batches_of_films_give_the_scale_of_all_films_at_once() -> None:
    last = np.random.default_rng(2).normal(size=(7, 4, 4, 3)).astype(np.float16)
    ours = heads(np.ones((5, 2)))
    batches = (last[start : start + 2] for start in range(0, 7, 2))
    np.testing.assert_array_equal(map_scale(batches, ours), map_scale([last], ours))


def test_a_finding_that_hardly_any_place_pushes_to_has_one_unit_of_log_odds_as_its_scale() -> None:
    last = np.abs(np.random.default_rng(3).normal(size=(5, 4, 4, 3)))
    scale = map_scale([last], heads(np.array([[0, 1]] * 2 + [[-1, 1]] * 3)))
    assert scale[0] == 1
    assert scale[1] > 1


def test_no_film_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="came none"):
        map_scale([], heads(np.ones((5, 1))))


def test_films_for_the_map_are_spread_evenly_and_never_more_than_stated() -> None:
    np.testing.assert_array_equal(map_sample(3), [0, 1, 2])
    many = map_sample(200_000)
    assert len(many) == len(set(many)) == MAP_FILMS
    assert (many[0], many[-1]) == (0, 199_999)
    assert set(np.diff(many)) == {391, 392}
