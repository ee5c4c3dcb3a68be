"""Distances and heads of the input check, on numbers whose answers are known."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from schemas.film_check import CHECKS, KINDS, CheckNumbers, flags_of, known_checks, pixel_checks
from tests.fakes.check_numbers import plain_numbers


def test_the_distance_is_the_root_mean_square_in_units_of_the_films_fitted_on() -> None:
    numbers = replace(
        plain_numbers(4),
        mean=np.array([1, 0, 0, 0], np.float32),
        scale=np.array([2, 1, 1, 1], np.float32),
        spread=np.array([4, 1], np.float32),
        rest=np.asarray(0.25, np.float32),
    )

    came = numbers.distances(np.array([[1, 0, 0, 0], [9, 0, 0, 0], [1, 3, 0.5, 0]], np.float16))

    # Standard features: 0; 4 along an axis of variance 4; 3 along one of 1, 0.5 along the rest.
    np.testing.assert_allclose(came, [0, np.sqrt(16 / 4 / 4), np.sqrt((9 + 0.25 / 0.25) / 4)])


def test_heads_are_logistic_on_standard_features_and_never_overflow() -> None:
    numbers = replace(plain_numbers(3), weights=np.eye(3, dtype=np.float32) * 1000)

    came = numbers.sureness(np.array([[1, -1, 0]], np.float16))

    np.testing.assert_allclose(came, [[1, 0, 1 / (1 + np.e)]], atol=1e-12)
    assert pixel_checks(numbers, np.array([[1, -1, 0]], np.float16)) == {
        "inverted": 1.0,
        "rotated": 0.0,
        "cropped": 0.269,
    }


def test_numbers_come_back_from_their_bytes_and_the_same_ones_give_the_same_bytes() -> None:
    numbers = plain_numbers(5)

    data = numbers.to_bytes()
    came = CheckNumbers.from_bytes(data)

    assert came.to_bytes() == data
    assert came.axes.dtype == np.float16
    np.testing.assert_array_equal(came.bias, numbers.bias)
    with pytest.raises((ValueError, KeyError)):
        CheckNumbers.from_bytes(b"not numbers")


def test_numbers_of_before_know_no_kinds_and_say_nothing_of_them() -> None:
    old = plain_numbers(5)

    came = CheckNumbers.from_bytes(old.to_bytes())

    assert came.kind_weights is came.kind_bias is None
    np.testing.assert_array_equal(came.kinds(np.full((2, 5), 9.0)), np.zeros((2, len(KINDS))))


def test_the_kinds_heads_are_logistic_and_come_back_from_their_bytes() -> None:
    weights = np.zeros((3, len(KINDS)), np.float32)
    weights[0, 0] = weights[1, 1] = 2
    numbers = replace(
        plain_numbers(3), kind_weights=weights, kind_bias=np.array([0, -1], np.float32)
    )

    came = CheckNumbers.from_bytes(numbers.to_bytes())

    sure = came.kinds(np.array([[1, 1, 0], [0, 0, 5]], np.float16))
    wanted = 1 / (1 + np.exp(-np.array([[2.0, 1.0], [0.0, -1.0]])))
    np.testing.assert_allclose(sure, wanted)


@pytest.mark.parametrize("features", [np.zeros((1, 6)), np.zeros(5)])
def test_features_of_another_model_are_refused(features: np.ndarray) -> None:
    with pytest.raises(ValueError, match="belongs to another model"):
        plain_numbers(5).distances(features)


@pytest.mark.parametrize(
    ("view", "age", "said"),
    [
        (None, None, {}),
        ("PA", 18, {"lateral": 0.0, "child": 0.0}),
        ("LATERAL", 17, {"lateral": 1.0, "child": 1.0}),
        ("AP", 0, {"lateral": 0.0, "child": 1.0}),
    ],
)
def test_view_and_age_are_sure_and_what_is_not_known_is_not_said(
    view: Literal["PA", "AP", "LATERAL"] | None, age: int | None, said: dict[str, float]
) -> None:
    assert known_checks(view=view, age=age) == said


def test_a_flag_is_a_check_that_is_at_least_half_sure() -> None:
    said = {"child": 1.0, "cropped": 0.4999, "inverted": 0.5, "unheard of": 1.0}

    assert flags_of(said) == ("inverted", "child")
    assert set(flags_of(dict.fromkeys(CHECKS, 1.0))) == set(CHECKS)
