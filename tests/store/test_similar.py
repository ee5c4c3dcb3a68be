"""The search for look-alikes, on vectors and a cache in memory."""

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.errors import NotFound, Unavailable
from schemas.identities import film_id
from store.records import Candidate, Drop, Film, Neighbour
from store.similar import DUPLICATE_DIFFERENCE, Similar, pairs_of_like_pictures
from tests.fakes.cache import FakeCache
from tests.fakes.rows import FakeRows
from tests.waiting import eventually
from tests.workers.making import manifest, settings


def unit(*values: float) -> NDArray[np.float32]:
    vector = np.zeros(512, np.float32)
    vector[: len(values)] = values
    unit_vector: NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit_vector


class World:
    """Films with embeddings that are told, not computed."""

    def __init__(self) -> None:
        self.rows = FakeRows()
        self.rows.models.register(manifest(), "live")
        self.cache = FakeCache()
        self.time = 0.0
        self.similar = Similar(settings(), self.rows, self.cache, lambda: self.time)
        self.count = 0

    def add(
        self, embedding: NDArray[np.float32], grey: int = 0, patient: str | None = None
    ) -> str:
        self.count += 1
        film = film_id(np.full((8, 8), self.count, np.uint8))
        drop = Drop("dropzone", film, "v", 1, "bulk", "local", "dropzone")
        (receipt,) = self.rows.receipts.open_many([drop])
        signature = bytes([grey]) * 1024
        row = Film(film, 8, 8, 8, "local", "dropzone", signature, patient)
        self.rows.receipts.accept(receipt, row, [])
        self.rows.tables.embeddings[film, "e1"] = embedding
        return film


def answer(world: World, film: str, *how: Any, **more: Any) -> tuple[Neighbour, ...]:
    """Ask as a program does for the films' own site."""
    return world.similar.answer(film, *how, site="local", account=None, **more)


def test_the_most_alike_come_first_with_their_similarity() -> None:
    world = World()
    asked = world.add(unit(1, 0))
    far = world.add(unit(1, 2), 100)
    near = world.add(unit(1, 0.5), 200)

    found = answer(world, asked)

    assert [neighbour.film for neighbour in found] == [near, far]
    assert found[0].similarity == pytest.approx(1 / np.sqrt(1.25), abs=1e-5)


def test_near_duplicates_are_folded_under_the_first_and_never_dropped() -> None:
    world = World()
    asked = world.add(unit(1, 0))
    head = world.add(unit(1, 0.50), 50)
    copy = world.add(unit(1, 0.51), 53)
    other = world.add(unit(1, 1), 50)

    found = answer(world, asked)

    assert [(one.film, one.duplicates) for one in found] == [(head, (copy,)), (other, ())]


def test_alike_embeddings_of_pictures_that_differ_are_not_duplicates() -> None:
    world = World()
    asked = world.add(unit(1, 0))
    world.add(unit(1, 0.50), 50)
    world.add(unit(1, 0.51), 54)

    assert [found.duplicates for found in answer(world, asked)] == [(), ()]


def test_alike_pictures_equally_far_from_the_question_but_apart_are_not_duplicates() -> None:
    world = World()
    asked = world.add(unit(1, 0, 0))
    world.add(unit(1, 0.5, 0), 50)
    world.add(unit(1, 0, 0.5), 50)

    assert [found.duplicates for found in answer(world, asked)] == [(), ()]


def test_folding_never_leaves_fewer_than_asked_for_while_there_are_more() -> None:
    world = World()
    asked = world.add(unit(1, 0))
    for step in range(60):
        world.add(unit(1, 0.1 + step / 100_000), 50)
    others = [world.add(unit(1, 1 + step), 60 + 5 * step) for step in range(11)]

    found = answer(world, asked)

    assert len(found) == 12
    assert len(found[0].duplicates) == 59
    assert {one.film for one in found[1:]} == set(others)


def test_films_of_the_same_patient_are_left_out_unless_asked_for() -> None:
    world = World()
    asked = world.add(unit(1, 0), patient="p")
    same = world.add(unit(1, 0.1), 10, patient="p")
    stranger = world.add(unit(1, 0.2), 20)

    without = answer(world, asked)
    with_them = answer(world, asked, same_patient=True)

    assert [found.film for found in without] == [stranger]
    assert [found.film for found in with_them] == [same, stranger]


def test_the_second_question_is_answered_by_the_cache_until_its_time_is_over() -> None:
    world = World()
    asked = world.add(unit(1, 0))
    first = world.add(unit(1, 0.5), 10)
    assert [found.film for found in answer(world, asked)] == [first]

    newer = world.add(unit(1, 0.1), 90)
    assert [found.film for found in answer(world, asked)] == [first]
    assert world.cache.hits == 1

    world.cache.now += 46
    assert [found.film for found in answer(world, asked)] == [newer, first]


def test_each_question_has_an_answer_of_its_own() -> None:
    world = World()
    asked = world.add(unit(1, 0))
    for step in range(5):
        world.add(unit(1, step + 1), 40 * step)

    assert len(answer(world, asked, 2)) == 2
    assert len(answer(world, asked, 3)) == 3
    assert answer(world, asked, 3, "Edema") == ()
    assert len(world.cache.kept) == 3


def test_with_the_cache_down_the_answer_is_the_same() -> None:
    world = World()
    asked = world.add(unit(1, 0))
    world.add(unit(1, 0.5), 10)
    wanted = answer(world, asked)
    world.cache.down = True

    assert answer(world, asked) == wanted


def test_many_who_ask_the_same_at_once_cause_one_search() -> None:
    world = World()
    asked = world.add(unit(1, 0))
    world.add(unit(1, 0.5), 10)
    calls: list[str] = []
    gate = threading.Event()
    search = world.rows.vectors.nearest

    def slow(film: str, **how: object) -> object:
        calls.append(film)
        gate.wait(5)
        return search(film, **how)  # type: ignore[arg-type]

    world.rows.vectors.nearest = slow  # type: ignore[assignment,method-assign]
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(answer(world, asked))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: world.cache.misses == 8, 5)
    gate.set()
    for thread in threads:
        thread.join(5)

    assert len(answers) == 8
    assert len(set(map(str, answers))) == 1
    assert calls.count(asked) == 1


def test_a_film_without_embedding_is_not_found_and_later_asked_again() -> None:
    world = World()
    film = world.add(unit(1, 0))
    del world.rows.tables.embeddings[film, "e1"]

    with pytest.raises(NotFound):
        answer(world, film)
    world.rows.tables.embeddings[film, "e1"] = unit(1)

    assert answer(world, film) == ()


def test_an_unknown_finding_is_refused_with_the_known_ones() -> None:
    world = World()
    film = world.add(unit(1, 0))

    with pytest.raises(ValueError, match="Pneumothorax"):
        answer(world, film, 12, "Pneumonthorax")


def test_with_the_rows_down_it_is_unavailable() -> None:
    world = World()
    film = world.add(unit(1, 0))
    world.rows.down = True

    with pytest.raises(Unavailable):
        answer(world, film)


def test_what_one_site_is_told_is_kept_for_that_site_alone() -> None:
    world = World()
    asked, near = world.add(unit(1, 0)), world.add(unit(1, 0.5), 10)
    tables = world.rows.tables
    tables.films[asked] = replace(tables.films[asked], sharing="library")

    def told(site: str) -> list[str]:
        found = world.similar.answer(asked, site=site, account=None)
        return [neighbour.film for neighbour in found]

    assert told("local") == [near]
    assert told("elsewhere") == []
    assert told("local") == [near]
    assert world.cache.hits == 1


def test_of_many_like_pictures_exactly_those_under_the_difference_are_one_films_copies() -> None:
    rng = np.random.default_rng(3)
    plain = rng.integers(20, 230, 1024)
    pictures = []
    for number in range(120):
        # Grey levels that differ by up to 8 here and there, and on average by 0 to 8.
        step = rng.integers(-8, 9, 1024) * (number % 2) + rng.integers(0, 5)
        pictures.append((plain + step).astype(np.uint8))
    near = [
        Candidate(f"{number:064x}", 0.999, picture.tobytes())
        for number, picture in enumerate(pictures)
    ]

    found = pairs_of_like_pictures(near)

    wanted = {
        frozenset((f"{a:064x}", f"{b:064x}"))
        for a in range(120)
        for b in range(a)
        if np.abs(pictures[a].astype(int) - pictures[b]).mean() < DUPLICATE_DIFFERENCE
    }
    assert 0 < len(wanted) < 120 * 119 / 2
    assert found == wanted
