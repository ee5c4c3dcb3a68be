"""Receipts: what a drop is, and that a repeat changes nothing."""

import threading
import uuid
from dataclasses import replace

import pytest

from schemas.envelope import from_record
from schemas.errors import Dead, Forbidden, NotFound
from schemas.events import RadiographRejected
from schemas.facts import KnownFacts
from store.ports import Rows
from store.records import FormSays
from store.rows import connect
from store.settings import Settings
from tests.store.made import Library, analysis, drop, film, library, received, rejected


def test_a_drop_opened_twice_is_one_receipt(rows: Rows) -> None:
    first = rows.receipts.open_many([drop(1), drop(2), drop(1)])
    again = rows.receipts.open_many([drop(2)])
    assert [row.state for row in first] == ["received"] * 3
    assert first[0] == first[2] != first[1]
    assert again == [first[1]]


def test_two_versions_under_one_key_are_two_receipts_newest_first(rows: Rows) -> None:
    for version in ("v1", "v2"):
        rows.receipts.open_many([drop(1, version=version)])
    found = rows.receipts.find("dropzone", "in/1.png")
    assert [row.version for row in found] == ["v2", "v1"]
    assert rows.receipts.find("dropzone", "in/1.png", limit=1) == found[:1]


@pytest.mark.parametrize("key", ["a b+c.png", "é/%2F/'\"--.png", "🩻.png", "x" * 1000])
def test_any_key_is_kept_as_it_is(rows: Rows, key: str) -> None:
    (receipt,) = rows.receipts.open_many([drop(1, key=key)])
    assert rows.receipts.get(receipt.id) == receipt
    assert receipt.key == key


def test_an_upload_is_announced_once(rows: Rows) -> None:
    rows.receipts.open_with_event([drop(1), drop(2)])
    rows.receipts.open_with_event([drop(2), drop(3)])
    said = rows.outbox.pending(10)
    assert [row.topic for row in said] == ["object.uploaded"] * 3
    assert len({row.key for row in said}) == 3


def test_what_the_upload_knows_is_added_when_the_notification_came_first(rows: Rows) -> None:
    person = rows.accounts.add("Ada", "admin", "hash", by=None)
    rows.receipts.open_many([drop(1)])
    told = replace(drop(1), filename="thorax.png", depositor=person.id)
    (receipt,) = rows.receipts.open_with_event([told])
    assert (receipt.filename, receipt.depositor) == ("thorax.png", person.id)
    assert rows.outbox.depth() == 0


def test_missing_names_the_drops_without_receipt(rows: Rows) -> None:
    rows.receipts.open_many([drop(2)])
    assert rows.receipts.missing([drop(1), drop(2), drop(3)]) == [drop(1), drop(3)]


def test_an_accepted_film_is_stored_and_its_events_said(shelf: Library) -> None:
    receipt = shelf.accept(film(1, patient="p1"))
    assert (receipt.state, receipt.film) == ("accepted", film(1).id)
    stored = shelf.rows.films.get(film(1).id)
    assert stored is not None
    assert replace(stored, created_at=None) == film(1, patient="p1")
    assert shelf.topics() == ["radiograph.received", "analysis.requested.bulk"]


def test_a_film_dropped_again_before_its_analysis_is_one_film(shelf: Library) -> None:
    receipts = [shelf.accept(film(1), seed=number) for number in range(3)]
    assert {row.state for row in receipts} == {"accepted"}
    page = shelf.rows.films.page(account=shelf.admin.id)
    assert len(page.items) == 1
    shelf.analyse(film(1))
    assert {shelf.now(row).state for row in receipts} == {"analysed"}


def test_a_film_already_analysed_asks_for_no_work(shelf: Library) -> None:
    shelf.accept(film(1), seed=1)
    shelf.analyse(film(1))
    shelf.forget_outbox()
    again = shelf.accept(film(1), seed=2)
    assert again.state == "analysed"
    assert shelf.topics() == ["radiograph.received"]


def test_accepting_twice_changes_nothing_but_says_it_again(shelf: Library) -> None:
    receipt = shelf.accept(film(1))
    state = shelf.rows.receipts.accept(receipt, film(1), received(receipt, film(1)))
    assert state == "accepted"
    assert shelf.topics() == ["radiograph.received", "analysis.requested.bulk"] * 2


def test_a_rejection_keeps_its_reason(shelf: Library) -> None:
    (receipt,) = shelf.rows.receipts.open_many([drop(1)])
    for _ in range(2):
        state = shelf.rows.receipts.reject(
            receipt, code="truncated", wanted="whole", came="half", events=rejected(receipt)
        )
        assert state == "rejected"
    now = shelf.now(receipt)
    assert (now.state, now.code, now.wanted, now.came) == (
        "rejected",
        "truncated",
        "whole",
        "half",
    )


def test_a_missing_object_does_not_reject_what_is_analysed(shelf: Library) -> None:
    receipt = shelf.accept(film(1))
    shelf.analyse(film(1))
    shelf.forget_outbox()
    state = shelf.rows.receipts.reject(
        receipt, code="object-gone", wanted="it", came="none", events=rejected(receipt)
    )
    assert state == "analysed"
    assert shelf.now(receipt).code is None
    assert shelf.topics() == []


def test_a_receipt_that_is_not_there_is_said(shelf: Library) -> None:
    (receipt,) = shelf.rows.receipts.open_many([drop(1)])
    stranger = replace(receipt, id=uuid.uuid4())
    with pytest.raises(NotFound, match=str(stranger.id)):
        shelf.rows.receipts.accept(stranger, film(1), [])
    assert shelf.rows.receipts.get(stranger.id) is None


def test_an_erased_film_is_refused_until_a_steward_lifts_it(hasty: Library) -> None:
    shelf = hasty
    first = shelf.accept(film(1), seed=1)
    shelf.rows.films.erase(film(1).id, account=shelf.admin.id)
    assert shelf.now(first).film is None
    shelf.forget_outbox()

    again = shelf.accept(film(1), seed=2)
    assert (again.state, again.code) == ("rejected", "erased")
    (said,) = shelf.rows.outbox.pending(10)
    event = from_record(said.topic, dict(said.headers), said.value or b"").event
    assert isinstance(event, RadiographRejected)
    assert event.code == "erased"

    shelf.rows.erasures.end(film(1).id)
    shelf.rows.films.lift_erasure(film(1).id, account=shelf.admin.id)
    assert shelf.accept(film(1), seed=3).state == "accepted"


def test_drops_that_disagree_on_the_patient_put_the_film_in_conflict(shelf: Library) -> None:
    shelf.accept(film(1), seed=1)
    shelf.accept(film(1, patient="p1"), seed=2)
    agreed = shelf.rows.films.get(film(1).id)
    assert agreed is not None
    assert (agreed.patient, agreed.flags) == ("p1", ())
    for seed in (3, 4):
        shelf.accept(film(1, patient="p2"), seed=seed)
    torn = shelf.rows.films.get(film(1).id)
    assert torn is not None
    assert (torn.patient, torn.flags) == ("p1", ("conflict",))


def test_people_see_their_own_drops_and_stewards_all(shelf: Library) -> None:
    reader, steward = shelf.account("radiologist"), shelf.account("steward")
    mine = replace(drop(1), depositor=reader.id)
    shelf.rows.receipts.open_many([mine, drop(2)])
    assert [row.key for row in shelf.rows.receipts.recent(reader.id)] == [mine.key]
    assert len(shelf.rows.receipts.recent(steward.id)) == 2
    with pytest.raises(Forbidden):
        shelf.rows.receipts.recent(uuid.uuid4())


@pytest.mark.services
def test_a_film_that_is_no_film_id_is_dead(database: Settings) -> None:
    real = connect(database)
    (receipt,) = real.receipts.open_many([drop(1)])
    with pytest.raises(Dead, match="23514"):
        real.receipts.accept(receipt, replace(film(1), id="not a hash"), [])
    real.close()


@pytest.mark.services
def test_a_receipt_accepted_while_its_film_is_being_analysed_ends_analysed(
    database: Settings,
) -> None:
    real = connect(database)
    full = library(real)
    for seed in range(20):
        full.accept(film(seed), seed=1)
        (second,) = real.receipts.open_many([drop(seed, key=f"again/{seed}")])
        save = threading.Thread(
            target=real.analyses.save, args=([analysis(film(seed).id, seed=seed)], [])
        )
        save.start()
        real.receipts.accept(second, film(seed), received(second, film(seed)))
        save.join()
        assert full.now(second).state == "analysed", seed
    real.close()


def test_a_kept_drop_is_due_once_it_is_taken_and_its_moment_is_over(shelf: Library) -> None:
    receipts = shelf.rows.receipts
    soon, late = (replace(drop(seed), keep_s=keep_s) for seed, keep_s in ((1, 1e-6), (2, 60.0)))
    opened = receipts.open_many([soon, late, drop(3)])
    assert [row.keep_until is not None for row in opened] == [True, True, False]
    assert receipts.kept(10) == []
    for row, seed in zip(opened, (1, 2, 3), strict=True):
        receipts.accept(row, film(seed), received(row, film(seed)))
    assert [row.id for row in receipts.kept(10)] == [opened[0].id]
    receipts.let_go([opened[0].id])
    assert receipts.kept(10) == []
    # Opened again, as a repeated record does: it has been let go for good.
    assert receipts.open_many([soon])[0].keep_until is None


def test_what_waits_for_a_steward_is_due_and_what_is_refused_or_erased_is_not(
    shelf: Library,
) -> None:
    receipts = shelf.rows.receipts
    soon = [replace(drop(seed), keep_s=1e-6) for seed in (1, 2, 3)]
    held, refused, erased = receipts.open_many(soon)
    reason = {"code": "not-a-chest", "wanted": "a chest film", "came": "another"}
    shelf.rows.quarantine.hold(held, **reason, events=[])
    receipts.reject(refused, **reason, events=[])
    receipts.accept(erased, film(3), received(erased, film(3)))
    shelf.rows.films.erase(film(3).id, account=shelf.admin.id)
    assert [row.id for row in receipts.kept(10)] == [held.id]
    gone = receipts.get(erased.id)
    assert gone is not None
    assert gone.keep_until is None


CODE = "c" * 32


def test_what_a_drop_said_is_known_again_by_the_code_of_its_bytes(shelf: Library) -> None:
    receipts = shelf.rows.receipts
    one, two, other = receipts.open_many([drop(1), drop(2), replace(drop(3), site="elsewhere")])
    said = replace(film(1, patient="p1"), facts=KnownFacts(sex="F", method=("113100",)))
    assert receipts.same_bytes(CODE, "local") is None
    receipts.accept(one, said, received(one, said), also=("p0",), raw_code=CODE)
    found = receipts.same_bytes(CODE, "local")
    assert found is not None
    assert replace(found.film, signature=said.signature) == said
    assert found.also == ("p0",)
    assert receipts.same_bytes("d" * 32, "local") is None
    assert receipts.same_bytes(CODE, "elsewhere") is None

    state = receipts.accept(
        two, said, received(two, said), also=("p0",), raw_code=CODE, by_bytes=True
    )
    assert state == "accepted"
    receipts.accept(other, said, received(other, said))
    states = [shelf.now(row) for row in (one, two, other)]
    assert [row.already_here for row in states] == [False, True, True]
    # Said once more, as a repeated record does, a first drop stays a first drop.
    receipts.accept(one, said, received(one, said), raw_code=CODE)
    assert not shelf.now(one).already_here

    shelf.rows.films.erase(said.id, account=shelf.admin.id)
    assert receipts.same_bytes(CODE, "local") is None


def test_a_film_that_went_since_it_was_known_by_its_bytes_is_not_stored_without_pictures(
    shelf: Library,
) -> None:
    (receipt,) = shelf.rows.receipts.open_many([drop(1)])
    state = shelf.rows.receipts.accept(
        receipt, film(1), received(receipt, film(1)), raw_code=CODE, by_bytes=True
    )
    assert state == "received"
    assert shelf.rows.films.get(film(1).id) is None
    assert shelf.topics() == []


@pytest.mark.parametrize("form", [FormSays(patient="p2"), FormSays(view="AP")])
@pytest.mark.parametrize("late", ["", "late"])
def test_bytes_that_came_with_a_form_about_the_patient_are_not_known(
    shelf: Library, form: FormSays, late: str
) -> None:
    receipts, told = shelf.rows.receipts, replace(drop(1), form=form)
    (receipt,) = receipts.open_many([drop(1) if late else told])
    receipts.accept(receipt, film(1), received(receipt, film(1)), raw_code=CODE)
    receipts.open_many([told])
    assert receipts.same_bytes(CODE, "local") is None


def test_what_was_here_already_is_not_told_where_the_film_is_not_seen(shelf: Library) -> None:
    rows = shelf.rows
    person = rows.accounts.add("Bea", "radiologist", "hash", by=shelf.admin.id)
    (first,) = rows.receipts.open_many([replace(drop(1), site="elsewhere")])
    theirs = replace(film(1), site="elsewhere")
    rows.receipts.accept(first, theirs, received(first, theirs))
    (second,) = rows.receipts.open_many([replace(drop(2), depositor=person.id)])
    rows.receipts.accept(second, film(1), received(second, film(1)))
    assert shelf.now(second).already_here
    seen = rows.receipts.get(second.id, account=person.id)
    assert seen is not None
    assert (seen.film, seen.already_here) == (None, False)


def test_a_drop_that_was_set_aside_waits_in_its_order_until_its_end(rows: Rows) -> None:
    first, second, third = rows.receipts.open_many([drop(1), drop(2), drop(3)])
    for receipt in (first, second, third):
        rows.receipts.set_aside(receipt)
    rows.receipts.set_aside(first)
    of = [second.id, third.id, first.id]
    assert [one.id for one in rows.receipts.slow(9)] == of
    assert [one.id for one in rows.receipts.slow(2)] == of[:2]
    known = rows.receipts.get(first.id)
    assert known is not None
    assert known.slow_at is not None
    rows.receipts.reject(second, code="decoder-limit", wanted="a", came="b", events=[])
    rows.receipts.set_aside(second)
    assert [one.id for one in rows.receipts.slow(9)] == of[1:]
