"""Embedding versions: what new films are given to, and when searches move to the next one."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from schemas.errors import NotFound, Unavailable
from store.filling import Filling
from store.ports import Rows
from store.records import Analysis, Film
from store.rows import admin_connection, connect
from store.settings import Settings
from tests.store.made import Library, analysed, analysis, film, library, manifest
from tests.store.test_removal import letter
from tests.waiting import eventually


def by(of: Film, model: int) -> Analysis:
    """Return an analysis by a model whose embedding version is of its own number."""
    return replace(analysis(of.id, model=model, seed=model), embedding_version=f"e{model}")


def save(shelf: Library, of: Film, *models: int) -> None:
    shelf.rows.analyses.save([by(of, model) for model in models], [analysed(of, models[0])])


def working(rows: Rows) -> list[int]:
    return [row.manifest.version for row in rows.models.working()]


@pytest.fixture
def filling(shelf: Library) -> Library:
    """Films 1 and 2 by the first model; the second one, of another embedding version, is live."""
    for seed in (1, 2):
        shelf.accept(film(seed))
        save(shelf, film(seed), 1)
    shelf.rows.models.register(manifest(2, "e2"), "live")
    return shelf


def test_a_new_film_is_given_to_the_live_model_and_to_one_that_searches_need(
    rows: Rows,
) -> None:
    assert working(rows) == []
    rows.models.register(manifest(1), "live")
    assert working(rows) == [1]
    rows.models.register(manifest(2, "e2"), "candidate")
    assert working(rows) == [1]


def test_while_it_is_filled_new_films_go_to_both_and_both_analyses_are_kept(
    filling: Library,
) -> None:
    assert working(filling.rows) == [2, 1]
    filling.accept(film(3))
    filling.forget_outbox()
    save(filling, film(3), 2, 1)
    assert filling.topics() == ["radiograph.analysed"]
    name = film(3).id
    shown = filling.rows.analyses.get(name)
    assert shown is not None
    assert shown.model_label == "starter/2"
    for model in (1, 2):
        kept = filling.rows.analyses.get(name, model)
        assert kept is not None
        assert kept.embedding_version == f"e{model}"
    assert filling.rows.vectors.nearest(name, count=9)[0] == "e1"
    assert filling.rows.vectors.embedded([name, film(1).id, "f" * 64], "e2") == {name}


def test_a_film_that_searches_would_not_find_is_not_saved(filling: Library) -> None:
    receipt = filling.accept(film(3))
    filling.forget_outbox()
    with pytest.raises(Unavailable):
        save(filling, film(3), 2)
    assert filling.rows.analyses.done([film(3).id], 2) == set()
    assert filling.now(receipt).state == "accepted"
    assert filling.topics() == []


def test_searches_move_when_every_film_they_find_has_the_new_one_and_not_before(
    filling: Library,
) -> None:
    rows = filling.rows
    # A film that is still to be analysed holds nothing up: it will have what searches then use.
    filling.accept(film(3))
    assert rows.models.filling() == Filling("e2", "e1", films=2, missing=2)
    save(filling, film(1), 2)
    rows.films.without_analysis(10)
    assert rows.vectors.version() == "e1"
    assert rows.models.filling() == Filling("e2", "e1", films=2, missing=1)
    save(filling, film(2), 2)
    rows.films.without_analysis(10)
    assert rows.vectors.version() == "e2"
    assert rows.models.filling() is None
    assert working(rows) == [2]
    save(filling, film(3), 2)
    assert {near.film for near in rows.vectors.nearest(film(3).id, count=9)[1]} == {
        film(1).id,
        film(2).id,
    }


def test_a_film_whose_new_analysis_died_holds_searches_back_until_somebody_gives_it_up(
    filling: Library,
) -> None:
    rows = filling.rows
    save(filling, film(1), 2)
    dead = letter(film(2).id.encode())
    rows.letters.add(dead, [])
    rows.films.without_analysis(10)
    assert rows.vectors.version() == "e1"
    rows.letters.discard(dead.id, account=None)
    rows.films.without_analysis(10)
    assert rows.vectors.version() == "e2"
    with pytest.raises(NotFound):
        rows.vectors.nearest(film(2).id, count=1)


def test_a_roll_back_shows_the_former_model_at_once_and_searches_wait_for_it(
    filling: Library,
) -> None:
    rows = filling.rows
    for seed in (1, 2):
        save(filling, film(seed), 2)
    rows.films.without_analysis(10)
    filling.accept(film(3))
    save(filling, film(3), 2)

    rows.models.set_live(1)

    shown = [rows.analyses.get(film(seed).id) for seed in (1, 2, 3)]
    assert [each.model for each in shown if each] == [1, 1, 2]
    assert working(rows) == [1, 2]
    assert rows.vectors.version() == "e2"
    save(filling, film(3), 1)
    rows.films.without_analysis(10)
    assert rows.vectors.version() == "e1"


def test_a_roll_back_before_any_film_came_moves_searches_with_it(filling: Library) -> None:
    for seed in (1, 2):
        save(filling, film(seed), 2)
    filling.rows.films.without_analysis(10)
    assert filling.rows.vectors.version() == "e2"
    filling.rows.models.set_live(1)
    assert filling.rows.vectors.version() == "e1"


def test_every_registered_version_is_told_in_order(filling: Library) -> None:
    filling.rows.models.register(manifest(9), "retired")
    told = [(row.manifest.version, row.state) for row in filling.rows.models.all()]
    assert told == [(1, "former"), (2, "live"), (9, "retired")]


@pytest.fixture
def two(database: Settings) -> Iterator[tuple[Rows, Rows]]:
    """Return PostgreSQL twice, as two programs have it."""
    first, second = connect(database), connect(database)
    yield first, second
    first.close()
    second.close()


@pytest.mark.services
def test_a_film_that_is_being_saved_is_looked_for_before_searches_move(
    database: Settings, two: tuple[Rows, Rows]
) -> None:
    """A worker read the models before the release and commits after it has begun."""
    rows, other = two
    shelf = library(rows)
    shelf.accept(film(1))
    rows.models.register(manifest(2, "e2"), "candidate")
    with admin_connection(database, database.postgres_database) as worker:
        worker.execute(b"BEGIN")
        worker.execute(b"SET LOCAL search_path = rules, api, rad, ext")
        worker.execute(
            b"INSERT INTO embedding (position, embedding_version, embedding)"
            b" SELECT position, 'e1', %s::halfvec(512) FROM film",
            ["[" + ",".join(["1"] + ["0"] * 511) + "]"],
        )
        worker.execute(b"SELECT keep_findable(ARRAY(SELECT id FROM film))")
        release = threading.Thread(target=other.models.set_live, args=(2,))
        release.start()
        eventually(lambda: waits_for_lock(database))
        worker.execute(b"COMMIT")
        release.join(20)
    assert not release.is_alive()
    assert rows.vectors.version() == "e1"
    assert rows.models.filling() == Filling("e2", "e1", films=1, missing=1)


def waits_for_lock(database: Settings) -> bool:
    with admin_connection(database, database.postgres_database) as connection:
        row = connection.execute(
            b"SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        ).fetchone()
    assert row is not None
    return bool(row["n"])


def test_searches_that_have_moved_refuse_the_worker_that_did_not_know(shelf: Library) -> None:
    shelf.accept(film(1))
    shelf.rows.models.register(manifest(2, "e2"), "live")
    # There was no film to wait for: searches moved at once.
    assert shelf.rows.vectors.version() == "e2"
    with pytest.raises(Unavailable):
        save(shelf, film(1), 1)
    save(shelf, film(1), 2)
