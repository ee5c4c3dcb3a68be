"""Outbox, dead letters and models."""

import uuid
from dataclasses import replace

import pytest

from schemas.envelope import to_message
from schemas.errors import Conflict, Forbidden, NotFound
from schemas.events import DeadLetter
from store.ports import Rows
from store.records import Letter, Receipt
from tests.fakes.rows_tables import now
from tests.store.made import Library, drop, film, manifest, received


def letter(offset: int = 1, receipt: uuid.UUID | None = None) -> Letter:
    return Letter(
        id=uuid.uuid4(),
        topic="object.created",
        partition=3,
        offset=offset,
        group="ingest",
        key=None,
        headers=(("a", b"\xff\x00"), ("a", b""), ("replay-for", b"old"), ("é", b"1")),
        value=bytes(range(256)) * 4096,
        reason="wanted JSON, came \0 noise",
        attempts=1,
        state="open",
        recorded_at=now(),
        receipt=receipt,
    )


def test_messages_come_out_in_the_order_they_were_said(shelf: Library) -> None:
    receipts = [shelf.rows.receipts.open_many([drop(seed)])[0] for seed in range(3)]
    said = [message for row in receipts for message in received(row, film(1))]
    shelf.rows.outbox.add(said)
    waiting = shelf.rows.outbox.pending(4)
    assert [row.topic for row in waiting] == [message.topic for message in said[:4]]
    assert waiting[0].key == said[0].key.encode()
    assert dict(waiting[0].headers) == {n: v.encode() for n, v in said[0].headers.items()}
    assert waiting[0].value == said[0].value


def test_what_is_published_waits_no_more_and_is_purged_by_age(shelf: Library) -> None:
    (receipt,) = shelf.rows.receipts.open_many([drop(1)])
    shelf.rows.outbox.add(received(receipt, film(1)))
    first, second = shelf.rows.outbox.pending(10)
    shelf.rows.outbox.published([first.number])
    assert shelf.rows.outbox.pending(10) == [second]
    assert shelf.rows.outbox.depth() == 1
    assert shelf.rows.outbox.purge(3600) == 0
    assert shelf.rows.outbox.purge(0) == 1
    assert shelf.rows.outbox.depth() == 1


def test_saying_nothing_says_nothing(rows: Rows) -> None:
    rows.outbox.add([])
    assert rows.outbox.depth() == 0


def test_a_dead_letter_is_kept_whole_and_once(rows: Rows) -> None:
    first = letter()
    event = DeadLetter(
        letter=first.id, origin="x/3/1", group="ingest", reason="x", recorded_at=now()
    )
    said = [to_message(event, site="local")]
    rows.letters.add(first, said)
    rows.letters.add(replace(first, id=uuid.uuid4()), said)
    found = rows.letters.get(first.id)
    assert found is not None
    assert replace(found, reason="", recorded_at=first.recorded_at) == replace(first, reason="")
    assert rows.letters.list() == [found]
    assert rows.letters.open_count() == 1
    assert rows.outbox.depth() == 1


def test_the_same_record_may_be_dead_for_two_groups(rows: Rows) -> None:
    rows.letters.add(letter(), [])
    rows.letters.add(replace(letter(), group="other"), [])
    assert rows.letters.open_count() == 2


def fail(shelf: Library, receipt: Receipt) -> Letter:
    dead = letter(receipt=receipt.id)
    shelf.rows.letters.add(dead, [])
    assert shelf.now(receipt).state == "failed"
    return dead


def test_a_replay_publishes_the_same_bytes_for_its_own_group(shelf: Library) -> None:
    (receipt,) = shelf.rows.receipts.open_many([drop(1)])
    dead = fail(shelf, receipt)
    assert shelf.rows.letters.replay(dead.id, account=shelf.admin.id).state == "replayed"
    (said,) = shelf.rows.outbox.pending(10)
    assert (said.topic, said.key, said.value) == (dead.topic, None, dead.value)
    assert said.headers == (("a", b"\xff\x00"), ("a", b""), ("é", b"1"), ("replay-for", b"ingest"))
    assert shelf.now(receipt).state == "received"
    with pytest.raises(Conflict):
        shelf.rows.letters.replay(dead.id, account=shelf.admin.id)
    assert shelf.rows.audit.list(by=shelf.admin.id)[0].action == "letter.replayed"


def test_a_film_whose_analysis_died_is_accepted_again_by_its_replay(shelf: Library) -> None:
    receipt = shelf.accept(film(1))
    dead = fail(shelf, receipt)
    shelf.rows.letters.replay(dead.id, account=None)
    assert shelf.now(receipt).state == "accepted"
    shelf.analyse(film(1))
    assert shelf.now(receipt).state == "analysed"


def test_a_letter_about_an_analysed_film_leaves_it_so(shelf: Library) -> None:
    receipt = shelf.accept(film(1))
    shelf.analyse(film(1))
    shelf.rows.letters.add(letter(receipt=receipt.id), [])
    assert shelf.now(receipt).state == "analysed"


def test_a_letter_may_name_a_receipt_that_never_was(rows: Rows) -> None:
    rows.letters.add(letter(receipt=uuid.uuid4()), [])
    assert rows.letters.open_count() == 1


def test_letters_are_discarded_by_stewards_and_the_command_line(shelf: Library) -> None:
    for offset in (1, 2):
        shelf.rows.letters.add(letter(offset), [])
    first, second = shelf.rows.letters.list()
    reader = shelf.account("radiologist")
    with pytest.raises(Forbidden):
        shelf.rows.letters.discard(first.id, account=reader.id)
    shelf.rows.letters.discard(first.id, account=shelf.account("steward").id)
    shelf.rows.letters.discard(second.id, account=None)
    assert shelf.rows.letters.list() == []
    assert len(shelf.rows.letters.list("discarded")) == 2
    assert len(shelf.rows.letters.list(None, limit=1)) == 1
    with pytest.raises(NotFound):
        shelf.rows.letters.discard(uuid.uuid4(), account=None)


def test_the_web_may_not_replay_without_an_account(web_rows: Rows) -> None:
    with pytest.raises(Forbidden):
        web_rows.letters.replay(uuid.uuid4(), account=None)


def test_registering_a_model_twice_changes_nothing(rows: Rows) -> None:
    assert rows.models.live() is None
    assert rows.vectors.version() is None
    first = rows.models.register(manifest(1), "live")
    assert rows.models.register(manifest(1), "live") == first
    assert rows.models.live() == first
    assert rows.vectors.version() == "e1"
    with pytest.raises(Conflict):
        rows.models.register(manifest(1, "e2"), "live")


def test_one_model_is_live_and_the_one_before_former(rows: Rows) -> None:
    rows.models.register(manifest(1), "live")
    rows.models.register(manifest(2), "candidate")
    rows.models.register(manifest(3), "retired")
    rows.models.set_live(2)
    assert [(row.manifest.version, row.state) for row in rows.models.wanted()] == [
        (1, "former"),
        (2, "live"),
    ]
    # Registering the starter again, at the next start, does not take it back.
    rows.models.register(manifest(1), "live")
    live = rows.models.live()
    assert live is not None
    assert live.manifest.version == 2
    with pytest.raises(NotFound):
        rows.models.set_live(9)


def test_any_version_can_be_asked_for_by_number_a_retired_one_too(rows: Rows) -> None:
    rows.models.register(manifest(1), "live")
    rows.models.register(manifest(3), "retired")
    found = {number: rows.models.get(number) for number in (1, 2, 3)}
    assert found[2] is None
    assert found[1] is not None
    assert (found[1].manifest, found[1].state) == (manifest(1), "live")
    assert found[3] is not None
    assert (found[3].manifest, found[3].state) == (manifest(3), "retired")


def test_search_moves_once_every_film_is_embedded_anew(shelf: Library) -> None:
    shelf.accept(film(1))
    shelf.analyse(film(1))
    shelf.rows.models.register(manifest(2, "e2"), "live")
    assert shelf.rows.vectors.version() == "e1"
    shelf.rows.vectors.add(film(1).id, "e2", shelf.analyse(film(1)).embedding)
    shelf.rows.films.without_analysis(10)
    assert shelf.rows.vectors.version() == "e2"
