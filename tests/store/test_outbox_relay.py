"""One relay at a time, woken by NOTIFY; and what a caller meets when the server is away."""

import threading
from dataclasses import replace

import pytest

from schemas.errors import Dead, Unavailable
from store.rows import connect
from store.settings import Settings
from tests.store.conftest import as_role
from tests.store.made import Library, drop, film
from tests.waiting import eventually


@pytest.mark.services
def test_one_relay_publishes_until_its_session_ends(database: Settings) -> None:
    web = connect(database)
    first, second = (connect(as_role(database, "radiotheque_relay")) for _ in range(2))
    web.receipts.open_with_event([drop(1)])
    assert len(first.outbox.pending(10)) == 1
    assert second.outbox.pending(10) == []
    assert len(first.outbox.pending(10)) == 1
    # As a kill would: the connection ends without a word to the server's functions.
    first.close()
    assert len(eventually(lambda: second.outbox.pending(10))) == 1
    for rows in (web, second):
        rows.close()


def test_listeners_hear_of_messages_and_of_receipts(shelf: Library) -> None:
    heard: dict[str, list[str]] = {"outbox": [], "receipt": []}
    ready = threading.Barrier(3)

    def hear(channel: str) -> None:
        ready.wait()
        for payload in shelf.rows.signals.listen(channel, 10.0):
            heard[channel].append(payload)
            if channel == "outbox" or len(heard[channel]) >= 2:
                return

    listeners = [threading.Thread(target=hear, args=(channel,)) for channel in heard]
    for listener in listeners:
        listener.start()
    ready.wait()

    def drop_one() -> bool:
        number = len(shelf.rows.receipts.recent(shelf.admin.id)) + 1
        shelf.rows.receipts.open_with_event([drop(number)])
        return all(not listener.is_alive() for listener in listeners)

    # Until both listen: nothing waits for them, a wake-up is only that.
    eventually(drop_one)
    ids = {str(row.id) for row in shelf.rows.receipts.recent(shelf.admin.id)}
    assert heard["outbox"] == [""]
    assert set(heard["receipt"]) <= ids


def test_listening_ends_with_its_time(shelf: Library) -> None:
    assert list(shelf.rows.signals.listen("outbox", 0.01)) == []


@pytest.mark.services
def test_every_move_of_a_receipt_wakes_its_listeners(database: Settings) -> None:
    from tests.store.made import library

    rows = connect(database)
    shelf = library(rows)
    notices = rows.signals.listen("receipt", 5.0)
    (receipt,) = rows.receipts.open_many([drop(1)])
    listening = rows.signals
    list(listening.listen("receipt", 0.01))
    rows.receipts.accept(receipt, film(1), [])
    shelf.analyse(film(1))
    heard = [next(notices), next(notices)]
    assert heard == [str(receipt.id)] * 2
    rows.close()


@pytest.mark.services
def test_a_restarted_server_is_an_outage_and_then_none(database: Settings) -> None:
    from store.rows import admin_connection

    rows = connect(database)
    rows.receipts.open_with_event([drop(1)])
    assert rows.outbox.pending(10)
    list(rows.signals.listen("outbox", 0.01))
    # What a restart does to sessions, which are gone when it answers.
    with admin_connection(database, "postgres") as admin:
        admin.execute(
            b"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            b" WHERE datname = %s AND pid <> pg_backend_pid()",
            [database.postgres_database],
        )
    with pytest.raises(Unavailable, match="postgres"):
        list(rows.signals.listen("outbox", 1.0))
    with pytest.raises(Unavailable):
        rows.outbox.pending(10)
    # Pooled connections are looked at before they are given out.
    assert len(rows.receipts.find("dropzone", "in/1.png")) == 1
    assert len(rows.outbox.pending(10)) == 1
    assert list(rows.signals.listen("outbox", 0.01)) == []
    rows.close()


@pytest.mark.services
def test_without_a_server_every_call_is_unavailable(database: Settings) -> None:
    # Port 1 refuses at once on any machine.
    rows = connect(database.model_copy(update={"postgres_port": 1}), timeout_s=0.2)
    with pytest.raises(Unavailable, match="postgres"):
        rows.ping()
    with pytest.raises(Unavailable):
        rows.films.get("0" * 64)
    with pytest.raises(Unavailable):
        rows.outbox.pending(1)
    with pytest.raises(Unavailable):
        list(rows.signals.listen("outbox", 0.1))
    rows.close()


@pytest.mark.services
def test_without_migrations_a_program_waits(migrated: Settings) -> None:
    rows = connect(
        migrated.model_copy(
            update={
                "postgres_database": "postgres",
                "postgres_user": "postgres",
                "postgres_password": migrated.postgres_admin_password,
            }
        )
    )
    with pytest.raises(Unavailable):
        rows.outbox.depth()
    rows.close()


@pytest.mark.services
def test_a_value_no_text_can_hold_is_dead(database: Settings) -> None:
    rows = connect(database)
    with pytest.raises(Dead):
        rows.receipts.open_many([replace(drop(1), key="a\0b")])
    # Looked for by a code of the key, it is simply nowhere.
    assert rows.receipts.find("dropzone", "a\0b") == []
    rows.close()
