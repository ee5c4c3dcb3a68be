"""The three operating points, and how many alerts films get by them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.findings import FINDINGS, INDEX
from training.data.table import NOT_MENTIONED
from training.evaluate.alerts import Alerts, count, ill, raised_at, without_finding
from training.evaluate.operating_points import BUDGET, Chosen, by_patient, choose

Table = NDArray[Any]
TEN = tuple(name for name in FINDINGS if name not in {"No Finding", "Support Devices"})[:10]
NAMES = ("No Finding", *TEN)


def a_library(films: int, seed: int, apart: float = 1.5) -> tuple[Table, Table, Table]:
    """Draw labels (n, 14), scores (n, 11) that know them a little, and patients (n,)."""
    rng = np.random.default_rng(seed)
    labels = np.full((films, 14), NOT_MENTIONED, np.int8)
    labels[:, [INDEX[name] for name in TEN]] = rng.random((films, len(TEN))) < 0.1
    labels[:, 0] = (labels[:, [INDEX[name] for name in TEN]] == 0).all(axis=1)
    own = labels[:, [INDEX[name] for name in NAMES]]
    scores = 1 / (1 + np.exp(2 - apart * own - rng.normal(size=own.shape)))
    return labels, scores, rng.integers(0, films // 2, films).astype(str)


def chosen_of(labels: Table, scores: Table, patients: Table) -> Chosen:
    return choose(labels, scores, NAMES, by_patient(list(patients)), NAMES)


def told_of(alerts: Alerts) -> float:
    assert alerts.false_per_film_without is not None
    return alerts.false_per_film_without


def test_sensitive_and_alert_are_what_they_say_on_the_films_they_were_chosen_on() -> None:
    labels, scores, patients = a_library(400, 8)
    found = chosen_of(labels, scores, patients)
    for column, name in enumerate(NAMES):
        truth, own, points = labels[:, INDEX[name]], scores[:, column], found.points[name]
        assert points.specific
        for point in (points.alert, points.sensitive, points.specific):
            raised = own >= point.threshold
            assert raised[truth == 1].mean() == pytest.approx(point.sensitivity, abs=1e-4)
            assert (~raised[truth == 0]).mean() == pytest.approx(point.specificity, abs=1e-4)
        every = [(own[truth == 1] >= cut).mean() + (own[truth == 0] < cut).mean() for cut in own]
        best = (points.alert.sensitivity or 0) + (points.alert.specificity or 0)
        assert best == pytest.approx(max(every), abs=2e-4)
        assert (points.sensitive.sensitivity or 0) >= 0.9
        higher = own[own > points.sensitive.threshold * 1.00001].min()
        assert (own[truth == 1] >= higher).mean() < 0.9


def test_suspected_starts_where_specificity_is_095_and_false_alerts_are_few_enough() -> None:
    # Ten findings at 0.95 each: half a false alert on every film without finding.
    labels, scores, patients = a_library(3000, 2)
    found = chosen_of(labels, scores, patients)
    assert 0.95 < found.level < 1
    specific = {
        name: each.specific.threshold for name, each in found.points.items() if each.specific
    }
    for name, points in found.points.items():
        assert points.specific
        assert (
            (points.specific.specificity or 0) >= found.wanted[name] - 1e-4 >= found.level - 2e-4
        )
        assert found.nested[name] >= 0.95
    told = count(labels, NAMES, raised_at(scores, NAMES, specific, NAMES))
    assert told == found.alerts
    gotten = [told_of(each) for each in (found.alerts, found.crossed)]
    assert max(gotten) <= BUDGET
    # One thousandth less would have been too many: the budget costs no more than it must.
    assert max(gotten) > BUDGET - 0.02


def test_thresholds_that_were_chosen_nested_hold_on_films_that_nobody_chose_by() -> None:
    held = []
    for seed in range(20):
        labels, scores, patients = a_library(1200, seed)
        half = by_patient(list(patients), 2) == 0
        found = chosen_of(labels[half], scores[half], patients[half])
        specific = {
            name: each.specific.threshold for name, each in found.points.items() if each.specific
        }
        fresh = raised_at(scores[~half], NAMES, specific, NAMES)
        held.append(told_of(count(labels[~half], NAMES, fresh)))
    # The mean of twenty has a standard error of 0.01.
    assert np.mean(held) <= BUDGET + 0.02


def test_no_finding_and_unreliable_findings_never_alert_and_cost_no_budget() -> None:
    labels, scores, patients = a_library(3000, 2)
    folds = by_patient(list(patients))
    two = choose(labels, scores, NAMES, folds, TEN[:2])
    assert two.level == 0.95
    assert set(two.points) == set(NAMES)
    raised = raised_at(scores, NAMES, dict.fromkeys(NAMES, 0.0), TEN[:2])
    assert raised.any(axis=0).tolist() == [name in TEN[:2] for name in NAMES]
    assert not raised_at(scores, NAMES, {"No Finding": 0.0}, NAMES).any()


def test_films_of_another_label_are_left_out_and_a_finding_of_one_kind_has_no_points() -> None:
    labels, scores, patients = a_library(600, 4)
    before = chosen_of(labels, scores, patients)
    column = NAMES.index(TEN[0])
    more = np.concatenate([labels, labels[:200]])
    more[600:, INDEX[TEN[0]]] = np.where(np.arange(200) % 2, -1, NOT_MENTIONED)
    high = np.concatenate([scores, np.where(np.arange(len(NAMES)) == column, 0.99, scores[:200])])
    found = chosen_of(more, high, np.concatenate([patients, patients[:200]]))
    assert found.points[TEN[0]].sensitive == before.points[TEN[0]].sensitive
    labels[:, INDEX[TEN[1]]] = 0
    assert TEN[1] not in chosen_of(labels, scores, patients).points


def test_without_a_film_without_finding_there_is_no_such_figure() -> None:
    labels, scores, patients = a_library(600, 4)
    labels[:, 0] = 0
    found = chosen_of(labels, scores, patients)
    assert found.alerts.false_per_film_without is None
    assert found.alerts.films_without == 0
    assert found.level == 0.95


def test_wants_arrays_of_the_same_films() -> None:
    labels, scores, patients = a_library(40, 4)
    with pytest.raises(ValueError, match="of the same films and 11 findings"):
        choose(labels[1:], scores, NAMES, by_patient(list(patients)), NAMES)


def test_a_perfect_score_a_constant_one_and_certainty_have_points() -> None:
    labels, _, patients = a_library(200, 6)
    own = labels[:, [INDEX[name] for name in NAMES]].astype(float)
    perfect = chosen_of(labels, own, patients).points[TEN[0]]
    assert perfect.specific
    assert (perfect.specific.sensitivity, perfect.specific.specificity) == (1, 1)
    flat = chosen_of(labels, np.full(own.shape, 0.25), patients).points[TEN[0]]
    assert flat.specific
    assert (flat.specific.sensitivity, flat.specific.specificity) == (0, 1)
    assert flat.sensitive.threshold == 0.25


def test_a_film_is_without_finding_when_it_is_said_and_nothing_contradicts() -> None:
    def film(**said: int) -> Table:
        labels = np.full(14, NOT_MENTIONED, np.int8)
        for name, label in said.items():
            labels[INDEX[name.replace("_", " ")]] = label
        return labels

    every = dict.fromkeys((name.replace(" ", "_") for name in FINDINGS[1:]), 0)
    films = {
        "said": film(No_Finding=1),
        "beside devices": film(No_Finding=1, Support_Devices=1),
        "all absent": film(**every),
        "contradicted": film(No_Finding=1, Edema=1),
        "doubtful": film(No_Finding=1, Edema=-1),
        "one absent": film(Edema=0),
        "ill": film(Edema=1),
        "ill by no other name": film(No_Finding=0),
        "nothing known": film(),
    }
    table = np.stack(list(films.values()))
    names = np.array(list(films))
    assert names[without_finding(table)].tolist() == ["said", "beside devices", "all absent"]
    assert names[ill(table)].tolist() == ["contradicted", "ill", "ill by no other name"]


def test_false_alerts_are_counted_on_films_without_finding_and_right_ones_on_all() -> None:
    names = ("Edema", "Support Devices", "Fracture")
    labels = np.full((4, 14), NOT_MENTIONED, np.int8)
    labels[:2, 0] = 1
    labels[0, INDEX["Support Devices"]] = 1
    labels[2:, INDEX["Edema"]] = (1, 0)
    labels[3, 0] = 0
    raised = np.array([[0, 1, 0], [1, 0, 1], [1, 0, 1], [1, 0, 0]], bool)
    told = count(labels, names, raised)
    # The device is there, so its alert is right; the fracture on the ill film is not known.
    assert told == Alerts(2, 1.0, 2, 1.5, 6, 2 / 3)
    none = count(labels[:0], names, raised[:0])
    assert none == Alerts(0, None, 0, None, 0, None)


def test_a_patients_films_are_in_one_fold_and_folds_are_even() -> None:
    patients = [str(n // 3) for n in range(300)]
    folds = by_patient(patients)
    assert all(len(set(folds[n : n + 3])) == 1 for n in range(0, 300, 3))
    assert set(np.bincount(folds)) == {60}
    assert by_patient(patients[::-1]).tolist() == folds[::-1].tolist()
