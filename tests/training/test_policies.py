"""What a fit learns of labels: policies, not mentioned, No Finding, balance."""

from typing import Any

import numpy as np
import pytest

from schemas.findings import FINDINGS, INDEX
from training.data.table import NOT_MENTIONED
from training.fit.policies import assessed, consistent, targets, truth
from training.fit.run_settings import RunSettings

NAMES = ("Cardiomegaly", "Edema", "Atelectasis")


def settings(**changed: Any) -> RunSettings:
    return RunSettings(backbone="MobileNetV2", **({"balance": "none"} | changed))


def labels(*rows: dict[str, int]) -> "np.ndarray[Any, np.dtype[np.int8]]":
    table = np.full((len(rows), 14), NOT_MENTIONED, np.int8)
    for number, row in enumerate(rows):
        for name, label in row.items():
            table[number, INDEX[name]] = label
    return table


def of(table: Any, name: str, predicted: Any = None, **changed: Any) -> tuple[Any, Any, Any]:
    """Return values, weights and third class of one finding."""
    everyone = np.ones(len(table), np.bool_)
    found = targets(table, settings(**changed), NAMES, everyone, predicted)
    column = NAMES.index(name)
    return found.values[:, column], found.weights[:, column], found.uncertain[:, column]


FOUR = labels({"Edema": 1}, {"Edema": 0}, {"Edema": -1}, {})


@pytest.mark.parametrize(
    ("policy", "value", "weight", "third"),
    [
        ("ignore", 0, 0, 0),
        ("zeros", 0, 1, 0),
        ("ones", 1, 1, 0),
        ("self-trained", 0, 0, 0),
        ("multi-class", 0, 1, 1),
    ],
)
def test_each_policy_deals_with_the_uncertain_film_and_no_other(
    policy: str, value: float, weight: float, third: int
) -> None:
    values, weights, uncertain = of(FOUR, "Edema", policy=policy)
    assert values.tolist() == [1, 0, value, 0]
    assert weights.tolist() == [1, 1, weight, 1]
    assert uncertain.tolist() == [0, 0, third, 0]


def test_a_finding_may_have_a_policy_of_its_own() -> None:
    both = labels({"Edema": -1, "Atelectasis": -1})
    own = {"Atelectasis": "zeros"}
    assert of(both, "Edema", policy="ones", policies=own)[0].tolist() == [1]
    assert of(both, "Atelectasis", policy="ones", policies=own)[0].tolist() == [0]


def test_self_trained_learns_what_the_first_fit_says_of_uncertain_films_alone() -> None:
    predicted = np.full((4, 3), 0.25)
    values, weights, _ = of(FOUR, "Edema", predicted, policy="self-trained")
    assert values.tolist() == [1, 0, 0.25, 0]
    assert weights.tolist() == [1, 1, 1, 1]


def test_not_mentioned_is_absent_or_left_out_as_the_flag_says() -> None:
    assert of(FOUR, "Edema", not_mentioned="zeros")[1].tolist() == [1, 1, 1, 1]
    assert of(FOUR, "Edema", not_mentioned="ignore")[1].tolist() == [1, 1, 1, 0]


def test_no_finding_is_absent_where_a_pathology_is_present_or_uncertain() -> None:
    table = labels(
        {"No Finding": 1, "Edema": 1},
        {"No Finding": 1, "Edema": -1},
        {"No Finding": 1, "Edema": 0},
        {"No Finding": 1, "Support Devices": 1},
        {"Edema": 1},
        {"No Finding": -1},
        {"No Finding": 0},
    )
    found = consistent(table)
    assert found[:, 0].tolist() == [0, 0, 1, 1, 0, -1, 0]
    np.testing.assert_array_equal(found[:, 1:], table[:, 1:])


def test_no_finding_that_is_not_mentioned_is_never_taken_for_absent() -> None:
    known = truth(labels({}), "zeros")
    assert np.isnan(known[0, INDEX["No Finding"]])
    assert known[0, INDEX["Edema"]] == 0


def test_a_finding_with_too_few_films_of_either_answer_is_not_assessed_and_named() -> None:
    rows = [{"Edema": int(n % 2 == 0), "Fracture": int(n < 4)} for n in range(12)]
    parts = np.array(["train"] * 10 + ["valid"] * 2)
    names, problems = assessed(truth(labels(*rows), "ignore"), parts)
    assert names == ("Edema",)
    said = {problem.path: problem.reason for problem in problems}
    assert set(said) == set(FINDINGS) - {"Edema"}
    assert said["Fracture"] == (
        "not assessed: 4 films with it and 6 without in train, wanted 5 of each"
    )


def test_a_finding_that_validation_has_one_answer_of_is_not_assessed() -> None:
    rows = [{"Edema": int(n % 2 == 0)} for n in range(10)] + [{"Edema": 1}] * 3
    names, problems = assessed(
        truth(labels(*rows), "ignore"), np.array(["train"] * 10 + ["valid"] * 3)
    )
    assert names == ()
    assert (
        "3 films with it and 0 without in valid" in {p.path: p.reason for p in problems}["Edema"]
    )


@pytest.mark.parametrize("policy", ["ignore", "multi-class", "ones"])
def test_balanced_answers_weigh_alike_and_films_as_many_as_there_are(policy: str) -> None:
    table = labels(*[{"Edema": label} for label in [1] + [0] * 7 + [-1] * 2])
    values, weights, third = of(table, "Edema", balance="weights", policy=policy)
    kinds = [weights[third].sum(), weights[~third & (values == 1)].sum()]
    kinds.append(weights[~third & (values == 0)].sum())
    used = [kind for kind in kinds if kind > 0]
    assert len(used) == (3 if policy == "multi-class" else 2)
    np.testing.assert_allclose(used, used[0], rtol=1e-6)
    counted = 8 if policy == "ignore" else 10
    np.testing.assert_allclose(weights.sum(), counted, rtol=1e-6)


def test_a_soft_label_is_balanced_as_its_two_shares() -> None:
    table = labels(*[{"Edema": label} for label in [1, 0, 0, 0, -1]])
    predicted = np.full((5, 3), 0.5)
    values, weights, _ = of(table, "Edema", predicted, balance="weights", policy="self-trained")
    # 1.5 films present, 3.5 absent, 5 in all.
    present, absent = 5 / 2 / 1.5, 5 / 2 / 3.5
    np.testing.assert_allclose(weights[4], (present + absent) / 2, rtol=1e-6)
    np.testing.assert_allclose(values[4], present / (present + absent), rtol=1e-6)


def test_balance_is_counted_on_the_training_part_alone() -> None:
    table = labels(*[{"Edema": label} for label in [1, 0, 1, 1, 1, 1]])
    train = np.array([True, True, False, False, False, False])
    found = targets(table, settings(balance="weights"), NAMES, train)
    np.testing.assert_allclose(found.weights[:, 1], 1)
