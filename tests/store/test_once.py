"""The same request sent again: one reading, one comment, one event each."""

import threading
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from schemas.errors import Dead, Forbidden, InFlight, KeyReused, NotFound, Unavailable
from store.once import OnceOnly
from store.records import Comment, Once, Reading
from store.rows import admin_connection, connect
from store.settings import Settings
from tests.store.made import Library, film, library

FILM = film(1).id
READING = Once("a key", b"a reading")
COMMENT = Once("a key", b"a comment")


@pytest.fixture
def one(shelf: Library) -> Library:
    return stocked(shelf)


def stocked(shelf: Library) -> Library:
    shelf.accept(film(1))
    shelf.analyse(film(1))
    shelf.forget_outbox()
    return shelf


def read(shelf: Library, once: Once | None = READING, **said: Any) -> Reading:
    asked: dict[str, Any] = {"account": shelf.admin.id, "answer_visible": True, "model": None}
    labels = said.pop("labels", {"Edema": 1, "Fracture": 0})
    return shelf.rows.readings.record(FILM, labels, once=once, **asked | said)


def comment(shelf: Library, once: Once | None = COMMENT, **said: Any) -> Comment:
    asked: dict[str, Any] = {"account": shelf.admin.id}
    return shelf.rows.readings.comment(FILM, "voir profil", once=once, **asked | said)


def test_a_reading_sent_again_is_one_reading_with_its_events_once(one: Library) -> None:
    first, again = read(one), read(one)

    assert again == first
    assert one.topics() == ["validation.recorded"] * 2
    detail = one.rows.films.detail(FILM, account=one.admin.id)
    assert [row.id for row in detail.readings] == [first.id]


def test_a_comment_sent_again_is_one_comment_with_its_event_once(one: Library) -> None:
    first, again = comment(one), comment(one)

    assert again == first
    assert one.topics() == ["comment.recorded"]


def test_without_a_key_or_with_another_each_is_one_of_its_own(one: Library) -> None:
    made = [read(one, None), read(one, None), read(one), read(one, replace(READING, key="b"))]

    assert len({row.id for row in made}) == 4
    assert comment(one, READING).id not in {row.id for row in made}


def test_a_key_is_its_accounts_own(one: Library) -> None:
    other = one.account("radiologist")

    assert read(one).reader != read(one, account=other.id).reader


def test_a_key_used_for_something_else_is_refused_and_nothing_is_made(one: Library) -> None:
    read(one)
    said = one.topics()

    with pytest.raises(KeyReused):
        read(one, replace(READING, said=b"another"), labels={"Edema": 0})
    assert one.topics() == said


def test_what_was_refused_uses_up_no_key(one: Library) -> None:
    with pytest.raises(Dead):
        read(one, labels={"Oedema": 1})
    with pytest.raises(Forbidden):
        read(one, account=one.account("viewer").id)

    assert read(one, replace(READING, said=b"mended")).labels == {"Edema": 1, "Fracture": 0}


def test_a_comment_that_was_removed_is_not_written_again(one: Library) -> None:
    made = comment(one)
    one.rows.readings.remove_comment(made.id, account=one.admin.id)

    with pytest.raises(NotFound):
        comment(one)
    assert one.rows.films.detail(FILM, account=one.admin.id).comments == ()


def test_a_film_that_was_erased_is_not_written_of_again(one: Library) -> None:
    read(one)
    one.rows.films.erase(FILM, account=one.admin.id)

    with pytest.raises(NotFound):
        read(one)


@pytest.fixture
def real(database: Settings) -> Library:
    return stocked(library(connect(database)))


@pytest.mark.services
def test_ten_at_once_are_one_reading(real: Library) -> None:
    start, made = threading.Barrier(10), set[UUID]()

    def send() -> None:
        start.wait()
        while True:
            try:
                made.add(read(real).id)
            except InFlight:
                continue
            return

    senders = [threading.Thread(target=send) for _ in range(10)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(30)

    assert len(made) == 1
    assert real.topics() == ["validation.recorded"] * 2
    real.rows.close()


@pytest.mark.services
def test_while_the_first_is_being_done_the_second_is_told_so(
    real: Library, database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, inside = OnceOnly.keep, list[UUID]()

    def told(asked: OnceOnly, of: str, made: UUID) -> None:
        with pytest.raises(InFlight):
            read(other)
        inside.append(made)
        keep(asked, of, made)

    other = Library(connect(database), real.admin)
    monkeypatch.setattr(OnceOnly, "keep", told)

    first = read(real).id
    assert inside == [first]
    assert [read(other).id] == inside
    for shelf in (real, other):
        shelf.rows.close()


@pytest.mark.services
def test_cut_between_writing_and_remembering_neither_is_there(
    real: Library, database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: Any) -> None:
        with admin_connection(database, database.postgres_database) as admin:
            admin.execute(
                b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                b" WHERE datname = current_database() AND state = 'idle in transaction'"
            )

    with monkeypatch.context() as patch:
        patch.setattr(OnceOnly, "keep", cut)
        with pytest.raises(Unavailable):
            read(real)
    assert real.topics() == []

    assert read(real).id == read(real).id
    assert real.topics() == ["validation.recorded"] * 2
    real.rows.close()


@pytest.mark.services
def test_a_key_is_kept_for_a_day_and_neither_it_nor_the_words_are(
    real: Library, database: Settings
) -> None:
    first = read(real, Once("Dupont's key", b"Dupont"))
    with admin_connection(database, database.postgres_database) as admin:
        (kept,) = admin.execute(b"SELECT o.*::text AS all FROM rad.once o").fetchall()
        assert "Dupont" not in kept["all"]
        admin.execute(b"UPDATE rad.once SET kept_at = now() - interval '25 hours'")

        assert read(real, Once("Dupont's key", b"Dupont")).id != first.id
        admin.execute(b"UPDATE rad.once SET kept_at = now() - interval '25 hours'")
        read(real, Once("another", b"x"))
        assert len(admin.execute(b"SELECT 1 FROM rad.once").fetchall()) == 1
    real.rows.close()
