"""Embeddings judged by what lies near, on films made by hand."""

from pathlib import Path

import numpy as np
import pytest

from training.data import nih
from training.evaluate.retrieval import (
    LEVELS,
    Library,
    Option,
    as_they_are,
    compare,
    jaccard,
    judge,
    options,
    per_query,
)
from training.fit.linear import Linear
from training.starter.tuned_folds import Fold


def library(patients: list[str], present: list[list[int]]) -> Library:
    one = np.array(["s"] * len(patients))
    return Library(np.array(patients), np.array(present, bool), one)


def test_jaccard_is_both_over_either_and_one_where_neither_has_any() -> None:
    first = np.array([[1, 1, 0], [0, 0, 0]], bool)
    second = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0]], bool)
    wanted = np.array([[1 / 3, 0, 1], [0, 1, 0]])
    np.testing.assert_allclose(jaccard(first, second), wanted)


def test_a_patient_s_other_film_counts_among_the_ten_nearest_and_a_film_is_never_its_own() -> None:
    # Twenty films on a line of angles; the patient "a" has the first and the third, "b" the ends.
    angle = np.linspace(0, 1.5, 20)
    embeddings = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    patients = ["b", "x", "a", "y", "a", *(f"p{n}" for n in range(14)), "b"]
    known = library(patients, [[1]] * 20)
    hit = per_query(known, embeddings, np.ones(20, bool))[0]
    assert list(hit[[2, 4]]) == [1, 1]
    assert list(hit[[0, 19]]) == [0, 0]  # ten others are nearer than the far end
    assert np.isnan(hit[1])  # no other film of this patient


def test_agreement_is_of_the_ten_nearest_of_other_patients_beside_that_of_all() -> None:
    rng = np.random.default_rng(2)
    kind = np.repeat([0, 1], 30)
    embeddings = rng.normal(0, 0.05, (60, 4)) + np.eye(4)[kind]
    patients = [f"{n // 2}" for n in range(60)]
    known = library(patients, [[1, 0] if k == 0 else [0, 1] for k in kind])
    said = judge(known, embeddings, np.ones(60, bool))
    assert said.agreement.value == 1
    # Of the 58 films of other patients 28 are of the same kind.
    assert said.lift.value == pytest.approx(58 / 28, abs=1e-3)
    _, agreement, chance, inside, inside_chance = per_query(
        known, rng.normal(size=(60, 4)), np.ones(60, bool)
    )
    assert agreement.mean() == pytest.approx(chance.mean(), abs=0.06)
    np.testing.assert_allclose([inside, inside_chance], [agreement, chance])


def test_what_only_knows_the_collection_lifts_nothing_within_it() -> None:
    rng = np.random.default_rng(3)
    source = np.repeat([0, 1], 60)
    # Findings are frequent in one collection and rare in the other; the embedding sees only that.
    present = rng.random((120, 3)) < np.where(source[:, None] == 0, 0.8, 0.1)
    embeddings = rng.normal(0, 0.05, (120, 4)) + np.eye(4)[source]
    known = Library(np.array([f"{n}" for n in range(120)]), present, source.astype(str))
    said = judge(known, embeddings, np.ones(120, bool))
    assert said.lift.value is not None
    assert said.within.value is not None
    assert said.lift.value > 1.4
    assert said.within.value == pytest.approx(1, abs=0.06)
    alone = Library(known.patients, present, np.array([f"{n // 9}" for n in range(120)]))
    assert judge(alone, embeddings, np.ones(120, bool)).within.value is None


def test_what_is_learned_comes_from_the_films_fitted_on_only() -> None:
    rng = np.random.default_rng(6)
    rows = [
        nih.Row(
            Path(f"{n}.png"), frozenset({"Edema"} if n % 3 else {"Mass"}), f"{n // 2:08d}", "s"
        )
        for n in range(120)
    ]
    apart = np.array([nih.held_out(row.patient) for row in rows])
    count = int((~apart).sum())
    half = np.arange(count) // 2 < count // 4
    splits = [(np.flatnonzero(part), np.flatnonzero(~part)) for part in (half, ~half)]
    networks = tuple(rng.normal(size=(count, 5)) for _ in splits)
    served = rng.normal(size=(120, 5))
    seen: list[np.ndarray] = []

    def remember(fitted_on: np.ndarray, every: np.ndarray) -> np.ndarray:
        seen.append(fitted_on)
        return every

    (line,) = compare(rows, splits, [Option("told", networks, served, remember)])
    # Each fold's own network and its own part; for the held-out films, all the others.
    for came, features, (fitted_on, _) in zip(seen, networks, splits, strict=False):
        np.testing.assert_array_equal(came, features[fitted_on])
    np.testing.assert_array_equal(seen[2], served[~apart])
    assert (line["fitted"].queries, line["held_out"].queries) == (count, apart.sum())


def test_every_option_is_of_features_that_its_levels_make() -> None:
    width = sum(LEVELS)
    rng = np.random.default_rng(1)
    plain, served = rng.normal(size=(2, 20, width))
    apart = np.arange(20) < 4
    head = Linear(*(np.zeros(1) for _ in range(4)))
    places = np.arange(16)
    fold = Fold(places[:8], places[8:], rng.normal(size=(16, width)).astype(np.float16),
                np.zeros((0, 8, width), np.float16), head)  # fmt: skip
    found = options(plain, [fold], served, apart)
    assert len({option.name for option in found}) == len(found)
    assert found[0].embed is as_they_are
    assert found[1].served.shape == (20, 1280)
    shapes = [option.served.shape[1] for option in found if "without" in option.name]
    assert shapes == [1712, 1600, 1280]
    assert all(len(option.by_fold[0]) == 16 for option in found)
    with pytest.raises(ValueError, match="wanted levels that make 5"):
        options(plain, [fold], served[:, :5], apart)
