"""Nearest films: exact similarities, the same patient left out, filters."""

import numpy as np
import pytest

from schemas.errors import NotFound
from store.records import LabelRow
from tests.fakes.rows_tables import now
from tests.store.made import Library, film, unit


@pytest.fixture
def ten(shelf: Library) -> Library:
    """Ten films; 0 and 1 are of one patient, the rest of nobody; even ones show Edema."""
    for seed in range(10):
        shelf.accept(film(seed, patient="p1" if seed < 2 else None))
        shelf.analyse(film(seed), seed=seed, Edema=0.9 if seed % 2 == 0 else 0.1)
    return shelf


def by_hand(asked: int, others: list[int]) -> list[str]:
    likeness = {film(seed).id: float(unit(seed=asked) @ unit(seed=seed)) for seed in others}
    return sorted(likeness, key=lambda name: -likeness[name])


def test_the_most_alike_come_first_with_exact_similarities(ten: Library) -> None:
    version, near = ten.rows.vectors.nearest(film(5).id, count=9)
    assert version == "e1"
    assert [row.film for row in near] == by_hand(5, [0, 1, 2, 3, 4, 6, 7, 8, 9])
    first = next(seed for seed in range(10) if film(seed).id == near[0].film)
    cosine = float(unit(seed=5) @ unit(seed=first))
    assert abs(near[0].similarity - cosine) < 2e-3
    assert near[0].signature in {film(seed).signature for seed in range(10)}


def test_pairs_over_a_cosine_are_told_once_and_only_among_those_asked_for(ten: Library) -> None:
    near = unit(seed=4) + np.float32(0.02) * unit(seed=40)
    near /= np.float32(np.linalg.norm(near))
    ten.rows.vectors.add(film(7).id, "e1", near)
    everybody = [film(seed).id for seed in range(10)]
    pair = frozenset((film(4).id, film(7).id))
    assert ten.rows.vectors.alike(everybody, 0.995) == {pair}
    assert ten.rows.vectors.alike([film(4).id, film(5).id, "f" * 64], 0.995) == set()
    assert len(ten.rows.vectors.alike(everybody, -1.0)) == 45


def test_count_bounds_the_answer(ten: Library) -> None:
    assert len(ten.rows.vectors.nearest(film(5).id, count=3)[1]) == 3


def test_films_of_the_same_patient_are_left_out_unless_asked_for(ten: Library) -> None:
    _, without = ten.rows.vectors.nearest(film(0).id, count=20)
    _, with_them = ten.rows.vectors.nearest(film(0).id, count=20, same_patient=True)
    assert [row.film for row in without] == by_hand(0, list(range(2, 10)))
    assert [row.film for row in with_them] == by_hand(0, list(range(1, 10)))


def test_films_without_patient_are_strangers_to_each_other(ten: Library) -> None:
    _, near = ten.rows.vectors.nearest(film(2).id, count=20)
    assert len(near) == 9


def test_a_finding_keeps_what_is_labelled_present_or_unlabelled_suspected(ten: Library) -> None:
    said = LabelRow("Edema", 0, "imported", "nih", now())
    ten.rows.films.add_labels(film(2).id, [said])
    present = LabelRow("Edema", 1, "physician", "r1", now())
    ten.rows.films.add_labels(film(3).id, [present])
    invented = LabelRow("Edema", 1, "synthetic", "gan", now())
    ten.rows.films.add_labels(film(7).id, [invented])
    _, near = ten.rows.vectors.nearest(film(9).id, count=20, finding="Edema")
    assert [row.film for row in near] == by_hand(9, [0, 3, 4, 6, 8])


def test_a_film_without_embedding_is_not_found(ten: Library) -> None:
    ten.accept(film(20))
    for name in (film(20).id, "0" * 64):
        with pytest.raises(NotFound):
            ten.rows.vectors.nearest(name, count=3)


def test_an_embedding_can_be_removed_and_added(ten: Library) -> None:
    ten.rows.vectors.remove(film(5).id, "e1")
    with pytest.raises(NotFound):
        ten.rows.vectors.nearest(film(5).id, count=3)
    with pytest.raises(NotFound):
        ten.rows.vectors.remove(film(5).id, "e1")
    ten.rows.vectors.add(film(5).id, "e1", unit(seed=6))
    nearest = ten.rows.vectors.nearest(film(5).id, count=1)[1][0]
    assert nearest.film == film(6).id
    assert abs(nearest.similarity - 1) < 2e-3
    with pytest.raises(NotFound):
        ten.rows.vectors.add(film(5).id, "unknown", np.zeros(512, np.float32))


def test_an_erased_film_is_in_no_answer(ten: Library) -> None:
    ten.rows.films.erase(film(4).id, account=ten.admin.id)
    _, near = ten.rows.vectors.nearest(film(5).id, count=20)
    assert film(4).id not in [row.film for row in near]
