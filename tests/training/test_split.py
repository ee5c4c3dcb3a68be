"""Who trains, who chooses, who judges: what is promised of the split, by many made collections."""

import csv
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.training.drawn_scores import draw_predictions
from tests.training.tables import films
from training.data import nih
from training.data.nih_table import with_hold_out
from training.data.split import joined, known_parts, read_split, split, test_count, write_split
from training.data.table import PARTS
from training.errors import WrongInput

test_count.__test__ = False  # type: ignore[attr-defined]
CODES = st.lists(st.integers(0, 30).map(lambda n: f"p{n}"), min_size=1, max_size=80)
SEEDS = st.integers(0, 2**31)


def many(patients: int, each: int = 2) -> list[str]:
    return [f"patient{n // each:05d}" for n in range(patients * each)]


def parts_of(patients: list[str], parts: NDArray[np.str_]) -> dict[str, str]:
    """Return each patient's part, and fail where there are two."""
    found: dict[str, str] = {}
    for patient, part in zip(patients, parts.tolist(), strict=True):
        assert found.setdefault(patient, part) == part
    return found


def some_groups(data: st.DataObject, count: int) -> NDArray[np.intp]:
    labels = data.draw(st.lists(st.integers(0, 40), min_size=count, max_size=count))
    return np.array(labels, np.intp)


@given(CODES, SEEDS, st.integers(0, 100), st.data())
def test_never_a_patient_or_its_near_duplicates_on_both_sides(
    patients: list[str], seed: int, wanted: int, data: st.DataObject
) -> None:
    groups = some_groups(data, len(patients))
    parts = split(films(patients), test_films=wanted, seed=seed, groups=groups)
    parts_of(patients, parts)
    for group in np.unique(groups):
        assert len(set(parts[groups == group].tolist())) == 1
    assert set(parts.tolist()) <= {"train", "valid", "test"}


@given(CODES, SEEDS, st.data())
def test_the_test_set_has_at_most_the_films_wanted_and_at_most_a_fifth(
    patients: list[str], seed: int, data: st.DataObject
) -> None:
    wanted = data.draw(st.integers(0, 30))
    parts = split(films(patients), test_films=wanted, seed=seed)
    count = int((parts == "test").sum())
    assert count <= test_count(len(patients), wanted) <= len(patients) / 5
    alone = [patients.count(patient) for patient in set(patients)].count(1)
    assert count >= min(alone, test_count(len(patients), wanted)) - max(
        map(patients.count, patients)
    )


@given(CODES, SEEDS, st.randoms(use_true_random=False), st.data())
def test_the_order_of_rows_changes_no_part(
    patients: list[str], seed: int, random: Random, data: st.DataObject
) -> None:
    groups = some_groups(data, len(patients))
    order = list(range(len(patients)))
    random.shuffle(order)
    parts = split(films(patients), test_films=9, seed=seed, groups=groups)
    again = split(
        films([patients[n] for n in order]), test_films=9, seed=seed, groups=groups[order]
    )
    assert again.tolist() == parts[order].tolist()


@given(CODES, CODES, SEEDS)
def test_without_a_test_set_no_patient_moves_when_others_come(
    some: list[str], more: list[str], seed: int
) -> None:
    some = some + many(40, 1)
    others = [f"other-{patient}" for patient in more]
    before = parts_of(some, split(films(some), test_films=0, seed=seed))
    after = parts_of(some + others, split(films(some + others), test_films=0, seed=seed))
    assume(list(before.values()).count("valid") > 1)
    assert {patient: after[patient] for patient in before} == before


@given(CODES, SEEDS, st.data())
def test_what_the_collection_fixes_holds_for_the_patient_and_who_is_joined(
    patients: list[str], seed: int, data: st.DataObject
) -> None:
    count = len(patients)
    fixed = data.draw(
        st.lists(st.sampled_from(["", "", "", "test", "valid"]), min_size=count, max_size=count)
    )
    groups = some_groups(data, count)
    parts = split(films(patients, fixed=fixed), test_films=5, seed=seed, groups=groups)
    units = joined(np.array(patients), groups)
    for unit in range(int(units.max()) + 1):
        said = {fixed[n] for n in np.flatnonzero(units == unit)}
        (part,) = set(parts[units == unit].tolist())
        if "test" in said:
            assert part == "test"
        elif "valid" in said:
            assert part == "valid"
        elif "test" in fixed:
            assert part != "test"


@given(CODES, st.data())
def test_joined_is_the_smallest_relation_that_holds_patients_and_groups_together(
    patients: list[str], data: st.DataObject
) -> None:
    count = len(patients)
    groups = some_groups(data, count)
    units = joined(np.array(patients), groups)
    near = np.equal.outer(groups, groups) | np.equal.outer(np.array(patients), np.array(patients))
    for _ in range(count):
        wider = (near.astype(np.int64) @ near.astype(np.int64)) > 0
        if (wider == near).all():
            break
        near = wider
    assert (np.equal.outer(units, units) == near).all()
    assert sorted(set(units.tolist())) == list(range(int(units.max()) + 1))


def test_ninety_of_a_hundred_train_ten_choose_and_two_hundred_films_judge() -> None:
    patients = many(2000)
    parts = split(films(patients), test_films=200, seed=1)
    assert (parts == "test").sum() == 200
    left = (parts != "test").sum()
    assert 0.08 < (parts == "valid").sum() / left < 0.12
    assert set(parts.tolist()) == {"train", "valid", "test"}


def test_the_same_patients_fall_alike_on_every_machine() -> None:
    found = parts_of(many(40, 1), split(films(many(40, 1)), test_films=4, seed=1))
    chosen = {part: [each for each, its in found.items() if its == part] for part in PARTS}
    assert chosen["test"] == [f"patient{n:05d}" for n in (5, 17, 22, 27)]
    assert chosen["valid"] == [f"patient{n:05d}" for n in (2, 37, 38)]


def test_another_seed_is_another_split() -> None:
    one, other = (split(films(many(500)), test_films=200, seed=seed) for seed in (1, 2))
    assert (one != other).mean() > 0.2


def test_few_patients_come_and_only_those_at_the_end_of_the_test_set_move() -> None:
    some = many(3000)
    before = parts_of(some, split(films(some), test_films=200, seed=3))
    more = [*some, "new-1", "new-2", "new-3"]
    after = parts_of(more, split(films(more), test_films=200, seed=3))
    moved = [patient for patient in before if before[patient] != after[patient]]
    assert len(moved) <= 3
    assert all("test" in (before[patient], after[patient]) for patient in moved)


def test_valid_csv_is_the_test_set_and_nothing_is_drawn_beside_it() -> None:
    patients = many(1000)
    fixed = ["test" if n < 30 else "" for n in range(len(patients))]
    parts = split(films(patients, fixed=fixed), test_films=200, seed=1)
    assert np.flatnonzero(parts == "test").tolist() == list(range(30))


@pytest.mark.parametrize("patients", [2, 3, 5])
@pytest.mark.parametrize("seed", range(8))
def test_somebody_trains_and_somebody_chooses_among_few(patients: int, seed: int) -> None:
    parts = split(films(many(patients)), test_films=0, seed=seed)
    assert set(parts.tolist()) == {"train", "valid"}


def test_a_patient_alone_trains() -> None:
    for seed in range(30):
        assert split(films(["a"] * 9), test_films=9, seed=seed).tolist() == ["train"] * 9


def test_no_films_have_no_parts() -> None:
    assert split(films([]), test_films=200, seed=1).shape == (0,)


def test_groups_of_another_count_are_refused() -> None:
    with pytest.raises(ValueError, match=r"groups: wanted \(2,\), came \(3,\)"):
        split(films(["a", "b"]), test_films=0, seed=1, groups=np.zeros(3, np.intp))


def test_a_line_for_each_film_says_its_patient_and_part(tmp_path: Path) -> None:
    table = films(["a", "b,c"])
    write_split(table, np.array(["train", "test"]), tmp_path / "split.csv")
    with (tmp_path / "split.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["Path", "patient", "part"],
            ["0.png", "a", "train"],
            ["1.png", "b,c", "test"],
        ]


def test_the_projects_own_hold_out_can_be_the_test_set() -> None:
    patients = [f"{n:08d}" for n in range(200)]
    table = with_hold_out(films(patients))
    parts = split(table, test_films=3, seed=1)
    assert [part == "test" for part in parts] == [nih.held_out(each) for each in patients]


def test_a_film_has_the_run_s_part_and_one_that_the_run_does_not_know_is_test(
    tmp_path: Path,
) -> None:
    (tmp_path / "split.csv").write_text(
        "Path,patient,part\npatient00000/film0.jpg,patient00000,train\n"
        "patient00001/film0.jpg,another,valid\n"
    )
    table = draw_predictions(films=4).table
    split = read_split(tmp_path / "split.csv")
    # The second film has the name of one that the run knows, and another patient.
    assert known_parts(table, split).tolist() == ["train", "test", "test", "test"]
    assert read_split(tmp_path / "no.csv") == {}
    (tmp_path / "other.csv").write_text("Path,Sex\na,M\n")
    with pytest.raises(WrongInput, match="wanted Path,patient,part"):
        read_split(tmp_path / "other.csv")
