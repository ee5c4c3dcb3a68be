"""What a model's thresholds and verdicts make of scores, in lists and searches."""

import pytest

from store.migrate import MIGRATIONS
from store.records import LabelRow
from store.rows import admin_connection, connect
from store.settings import Settings
from tests.fakes.rows_tables import now
from tests.store.made import Library, film, library, manifest, with_specific

MIGRATION = MIGRATIONS / "0020_suspected_from_specific.sql"


@pytest.fixture
def three(shelf: Library) -> Library:
    """Three films by a model that starts *suspected* at 0.75 and cannot rank Pneumonia."""
    said = with_specific(manifest(2), "Pneumonia")
    shelf.rows.models.register(said, "live")
    for seed, score in enumerate((0.8, 0.6, 0.1)):
        shelf.accept(film(seed))
        shelf.analyse(film(seed), seed=seed, model=2, Edema=score, Pneumonia=score)
    return shelf


def found(shelf: Library, finding: str, state: str) -> list[str]:
    page = shelf.rows.films.page(account=shelf.admin.id, finding=finding, state=state)
    return [row.film.id for row in page.items]


def test_suspected_starts_at_specific_in_lists(three: Library) -> None:
    assert found(three, "Edema", "suspected") == [film(0).id]
    assert found(three, "Edema", "borderline") == [film(1).id]
    assert found(three, "Edema", "not_suspected") == [film(2).id]
    assert found(three, "Edema", "unreliable") == []


def test_an_unreliable_finding_is_in_no_list_of_suspicions(three: Library) -> None:
    every = [film(seed).id for seed in (2, 1, 0)]
    assert found(three, "Pneumonia", "unreliable") == every
    for state in ("suspected", "borderline", "not_suspected", "not_assessed"):
        assert found(three, "Pneumonia", state) == []
    # The score is still there for who asks for it.
    page = three.rows.films.page(account=three.admin.id, finding="Pneumonia", minimum=0.5)
    assert [row.film.id for row in page.items] == [film(1).id, film(0).id]


def test_a_search_for_an_unreliable_finding_keeps_only_what_was_labelled(three: Library) -> None:
    def near(finding: str) -> set[str]:
        _, rows = three.rows.vectors.nearest(film(2).id, count=9, finding=finding)
        return {row.film for row in rows}

    assert near("Edema") == {film(0).id}
    assert near("Pneumonia") == set()
    said = LabelRow("Pneumonia", 1, "physician", "r1", now())
    three.rows.films.add_labels(film(1).id, [said])
    assert near("Pneumonia") == {film(1).id}


@pytest.mark.services
def test_films_of_before_lose_unreliable_suspicions_and_keep_their_thresholds(
    database: Settings,
) -> None:
    rows = connect(database)
    shelf = library(rows)
    before = with_specific(manifest(2), "Pneumonia").model_copy(
        update={"operating_points": manifest().operating_points}
    )
    rows.models.register(before, "live")
    for seed, score in enumerate((0.6, 0.6)):
        shelf.accept(film(seed))
        shelf.analyse(film(seed), seed=seed, model=2, Edema=score, Pneumonia=score)
    said = LabelRow("Pneumonia", 1, "physician", "r1", now())
    rows.films.add_labels(film(0).id, [said])
    up, down = MIGRATION.read_text().split("-- migrate:down")
    with admin_connection(database, database.postgres_database) as own:
        own.execute(f"BEGIN; {down}; SET LOCAL search_path = rad, ext; COMMIT".encode())
        # As the functions of before wrote them: whatever the card says, suspected from `alert`.
        own.execute(
            b"UPDATE rad.card SET states[8] = 3, present[8] = true, updated_at = '2000-01-01'"
        )
        own.execute(f"BEGIN; {up}; COMMIT".encode())
    moment = now()
    assert found(shelf, "Edema", "suspected") == [film(1).id, film(0).id]
    assert found(shelf, "Pneumonia", "unreliable") == [film(1).id, film(0).id]
    assert found(shelf, "Pneumonia", "suspected") == []
    _, near = rows.vectors.nearest(film(1).id, count=9, finding="Pneumonia")
    assert [row.film for row in near] == [film(0).id]
    # Who reads what changed since a moment hears of it.
    page = rows.films.page(account=shelf.admin.id, updated_since=moment.replace(year=2001))
    assert len(page.items) == 2
    rows.close()
