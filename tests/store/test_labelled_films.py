"""Films to learn from: every film that a physician or an import labelled, page by page."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from schemas.errors import Forbidden
from store.grants import GRANTS, OPERATOR
from store.labelled_films import labelled_films
from store.records import Film, LabelRow, LabelSource
from store.rows import PostgresRows, connect
from store.settings import Settings
from tests.fakes.rows_tables import now
from tests.store.conftest import as_role
from tests.store.made import Library, film, library

pytestmark = pytest.mark.services


@pytest.fixture
def rows(database: Settings) -> Iterator[PostgresRows]:
    found = connect(database)
    yield found
    found.close()


def add(shelf: Library, seed: int, source: LabelSource | None = None, **known: object) -> Film:
    of = replace(film(seed, patient=f"p{seed}"), **known)  # type: ignore[arg-type]
    shelf.accept(of)
    if source is not None:
        shelf.rows.films.add_labels(of.id, [LabelRow("Edema", 1, source, "x", now())])
    return of


@pytest.mark.parametrize("page", [1, 2, 3, 500])
def test_labelled_films_come_oldest_first_on_pages_of_any_length(
    rows: PostgresRows, page: int
) -> None:
    shelf = library(rows)
    imported, physicians = add(shelf, 1, "imported"), add(shelf, 2, "physician")
    add(shelf, 3)
    add(shelf, 4, "synthetic")
    other = add(shelf, 5, "imported", site="elsewhere")
    erased = add(shelf, 6, "physician")
    rows.films.erase(erased.id, account=None)

    found = list(labelled_films(rows.database, page=page))

    assert [row.film.id for row in found] == [imported.id, physicians.id, other.id]
    assert [row.film.sharing for row in found] == ["private"] * 3
    assert [(row.film.patient, row.film.view) for row in found][:1] == [("p1", "PA")]


def test_a_verdict_is_told_beside_an_imported_label_and_says_whose_it_is(
    rows: PostgresRows,
) -> None:
    shelf = library(rows)
    of = add(shelf, 1, "imported")
    reader = shelf.account("radiologist")
    for value in (1, 0):
        rows.readings.record(
            of.id, {"Edema": value}, account=reader.id, answer_visible=False, model=None
        )
    (row,) = labelled_films(rows.database)
    assert {(label.source, label.author, label.value) for label in row.labels} == {
        ("imported", "x", 1),
        ("physician", reader.pseudonym, 0),
    }


@pytest.mark.parametrize("role", sorted(GRANTS.keys() - {OPERATOR}))
def test_no_program_may_ask_for_them(database: Settings, role: str) -> None:
    other = connect(as_role(database, role))
    with pytest.raises(Forbidden):
        list(labelled_films(other.database))
    other.close()
