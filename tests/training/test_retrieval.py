"""Embeddings judged by what lies near, on films made by hand."""

from pathlib import Path

import numpy as np
import pytest

from training import nih
from training.retrieval import (
    Library,
    as_they_are,
    compare,
    jaccard,
    judge,
    options,
    per_query,
    whitened,
)


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


def test_whitening_makes_the_spread_equal_and_shrinkage_of_one_only_turns() -> None:
    rng = np.random.default_rng(5)
    table = (
        rng.normal(size=(400, 6)) * [9, 5, 3, 2, 1, 0.5] @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    )
    white = whitened(6, 0.0, scaled=False)(table, table)
    np.testing.assert_allclose(white.std(axis=0, ddof=1), 1, rtol=1e-6)
    turned = whitened(6, 1.0, scaled=False)(table, table)
    apart = np.linalg.norm(table[:50, None] - table[None, :50], axis=2)
    turned_apart = np.linalg.norm(turned[:50, None] - turned[None, :50], axis=2)
    ratio = turned_apart[apart > 0] / apart[apart > 0]
    assert ratio.std() / ratio.mean() < 1e-6
    with pytest.raises(ValueError, match="wanted 7 axes"):
        whitened(7, 0.1)(table, table)


def test_what_is_learned_comes_from_the_films_fitted_on_only() -> None:
    rng = np.random.default_rng(6)
    rows = [
        nih.Row(
            Path(f"{n}.png"), frozenset({"Edema"} if n % 3 else {"Mass"}), f"{n // 2:08d}", "s"
        )
        for n in range(120)
    ]
    features = rng.normal(size=(120, 5))
    seen: list[int] = []

    def remember(fitted_on: np.ndarray, every: np.ndarray) -> np.ndarray:
        seen.append(len(fitted_on))
        apart = np.array([nih.held_out(row.patient) for row in rows])
        held = {tuple(film) for film in every[apart]}
        assert not held & {tuple(film) for film in fitted_on}
        return every

    (line,) = compare(rows, [("told", features, remember)])
    apart = sum(nih.held_out(row.patient) for row in rows)
    assert len(seen) == 6
    assert seen[-1] == 120 - apart  # for the held-out films, all the others
    assert sum(seen[:5]) == 4 * (120 - apart)  # each fold, the other four
    assert (line["fitted"].queries, line["held_out"].queries) == (120 - apart, apart)


def test_every_option_is_of_features_that_its_levels_make() -> None:
    features = np.random.default_rng(1).normal(size=(20, 600))
    found = options(features, features, (40, 60, 500))
    names = [name for name, _, _ in found]
    assert len(set(names)) == len(names)
    assert found[0][2] is as_they_are
    assert found[1][1].shape == (20, 500)
    assert [table.shape[1] for name, table, _ in found if name.startswith("without")] == [560, 500]
    with pytest.raises(ValueError, match="wanted levels that make 600"):
        options(features, features, (40, 60))
