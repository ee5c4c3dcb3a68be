"""Films and patients removed, in PostgreSQL alone: every table, and writers at the same moment."""

import threading
from collections.abc import Callable

import pytest

from schemas.errors import Erased
from store.rows import Call, PostgresRows, admin_connection, connect
from store.settings import Settings
from tests.store.made import Library, drop, film, library
from tests.store.test_removal import ONE, WRITERS, fill
from tests.waiting import eventually

#: Who did what stays, appended and never changed; what was said goes with its publication.
KEPT = {"audit", "outbox"}


@pytest.fixture
def real(database: Settings) -> Library:
    return library(connect(database.model_copy(update={"erase_again_s": 0.0})))


def tables_with(settings: Settings, *words: str) -> set[str]:
    """Return the tables of schema rad in which one of the words stands, in any column."""
    found = set()
    with admin_connection(settings, settings.postgres_database) as connection:
        tables = connection.execute(
            b"SELECT relname FROM pg_class WHERE relnamespace = 'rad'::regnamespace"
            b" AND relkind IN ('r', 'p')"
        ).fetchall()
        for table in (row["relname"] for row in tables):
            # Bytes as their letters: keys and values of records are bytes.
            connection.execute(b"SET bytea_output = 'escape'")
            text = connection.execute(
                f'SELECT string_agg(t::text, chr(10)) AS all FROM rad."{table}" t'.encode()
            ).fetchone()
            if text and any(word in (text["all"] or "") for word in words):
                found.add(table)
    return found


@pytest.mark.services
def test_no_table_holds_an_erased_film_its_place_or_its_key(
    real: Library, database: Settings
) -> None:
    with admin_connection(database, database.postgres_database) as connection:
        connection.execute(b"SELECT setval('rad.film_position_seq', 7654321)")
    fill(real, film(1, patient="p-of-dupont"))
    there = tables_with(database, ONE, "765432", "Dupont")
    assert there >= {
        *("film", "card", "analysis", "embedding", "label", "reading", "comment", "shown"),
        *("receipt", "dead_letter", "audit"),
    }

    real.rows.films.erase(ONE, account=real.admin.id)
    assert tables_with(database, ONE, "765432", "Dupont", "p-of-dupont") - KEPT == {"erasure"}
    real.rows.erasures.end(ONE)

    assert tables_with(database, ONE, "765432", "Dupont", "p-of-dupont") - KEPT == set()
    real.rows.close()


class HeldBack:
    """A store whose transactions end only when told to: all is written, nothing committed."""

    def __init__(self, settings: Settings) -> None:
        self.rows = connect(settings)
        self.written, self.go = threading.Event(), threading.Event()
        once = self.rows.database.once

        def held(work: Callable[[Call], object], *, together: bool) -> object:
            del together

            def slowly(call: Call) -> object:
                result = work(call)
                self.written.set()
                assert self.go.wait(20)
                return result

            return once(slowly, together=True)

        self.rows.database.once = held  # type: ignore[method-assign, assignment]

    def start(self, work: Callable[[PostgresRows], object]) -> threading.Thread:
        """Begin, and return when all is written."""
        thread = threading.Thread(target=work, args=(self.rows,))
        thread.start()
        assert self.written.wait(20)
        return thread


def waiting(settings: Settings) -> int:
    """Return how many sessions of the database wait for a lock."""
    with admin_connection(settings, settings.postgres_database) as connection:
        row = connection.execute(
            b"SELECT count(*) AS all FROM pg_stat_activity"
            b" WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone()
    assert row is not None
    return int(row["all"])


def meanwhile(
    settings: Settings, erasing: Callable[[PostgresRows], object], *late: Callable[[], object]
) -> None:
    """Let late ones begin when the erasure is written and not committed; end all of them."""
    slow = HeldBack(settings)
    threads = [threading.Thread(target=one) for one in late]
    first = slow.start(erasing)
    try:
        for thread in threads:
            thread.start()
        eventually(lambda: waiting(settings) >= len(threads), what="the late ones wait")
    finally:
        slow.go.set()
        for thread in (first, *threads):
            thread.join(20)
        slow.rows.close()


@pytest.mark.services
@pytest.mark.parametrize("name", WRITERS)
def test_whoever_writes_while_a_film_is_erased_waits_and_hears_of_it(
    real: Library, database: Settings, name: str
) -> None:
    real.accept(film(1))
    heard: list[str] = []

    def write() -> None:
        with pytest.raises(Erased):
            WRITERS[name](real)
        heard.append(name)

    meanwhile(database, lambda rows: rows.films.erase(ONE, account=None), write)

    assert heard == [name]
    real.rows.close()


@pytest.mark.services
def test_drops_accepted_while_their_film_or_patient_is_erased_are_refused(
    real: Library, database: Settings
) -> None:
    real.accept(film(1, patient="p1"))
    receipts = real.rows.receipts.open_many([drop(seed, key=f"late/{seed}") for seed in (1, 2)])

    meanwhile(
        database,
        lambda rows: rows.patients.erase("p1", account=None),
        lambda: real.rows.receipts.accept(receipts[0], film(1), []),
        lambda: real.rows.receipts.accept(receipts[1], film(9, patient="p1"), []),
    )

    assert [real.now(row).code for row in receipts] == ["erased", "erased"]
    assert real.rows.films.many([ONE, film(9).id]) == {}
    real.rows.close()
