"""Drops that wait for a steward: held, looked at, let pass, refused, forgotten."""

import uuid

import pytest

from schemas.envelope import Message, from_record, to_message
from schemas.errors import Conflict, Dead, Forbidden, NotFound
from schemas.events import ObjectUploaded, RadiographQuarantined, RadiographRejected
from store.ports import Rows
from store.records import Drop, Receipt, Role
from tests.fakes.rows_tables import now
from tests.store.made import Library, drop, film

REASON = {"code": "burned-in", "wanted": "a film without text", "came": "one with some"}


def quarantined(receipt: Receipt) -> Message:
    event = RadiographQuarantined(
        receipt=receipt.id, site=receipt.site, source="drop", quarantined_at=now(), **REASON
    )
    return to_message(event, site=receipt.site)


def uploaded(receipt: Receipt) -> Message:
    return to_message(ObjectUploaded(receipt=receipt.id), site=receipt.site)


def held(rows: Rows, seed: int = 1) -> Receipt:
    (receipt,) = rows.receipts.open_many([drop(seed)])
    assert rows.quarantine.hold(receipt, **REASON, events=[quarantined(receipt)]) == "quarantined"
    return receipt


def now_is(rows: Rows, receipt: Receipt) -> Receipt:
    known = rows.receipts.get(receipt.id)
    assert known is not None
    return known


def test_a_held_drop_says_why_and_since_when_and_is_said_once_per_try(shelf: Library) -> None:
    receipt = held(shelf.rows)
    known = now_is(shelf.rows, receipt)
    assert known.state == "quarantined"
    assert (known.code, known.wanted, known.came) == tuple(REASON.values())
    assert known.held_at is not None
    assert known.film is None
    again = shelf.rows.quarantine.hold(receipt, **REASON, events=[quarantined(receipt)])
    assert again == "quarantined"
    assert now_is(shelf.rows, receipt).held_at == known.held_at
    assert shelf.topics() == ["radiograph.quarantined"] * 2


def test_what_waits_is_listed_longest_first_in_pages(shelf: Library) -> None:
    steward = shelf.account("steward").id
    receipts = [held(shelf.rows, seed) for seed in (1, 2, 3)]
    first = shelf.rows.quarantine.waiting(account=steward, limit=2)
    assert [row.id for row in first] == [row.id for row in receipts[:2]]
    rest = shelf.rows.quarantine.waiting(account=steward, after=first[-1].id)
    assert [row.id for row in rest] == [receipts[2].id]


def test_a_steward_of_another_site_sees_and_decides_nothing(shelf: Library) -> None:
    other = Drop("dropzone", "in/far.png", "v1", 100, "bulk", "elsewhere", "drop")
    (receipt,) = shelf.rows.receipts.open_many([other])
    shelf.rows.quarantine.hold(receipt, **REASON, events=[])
    assert shelf.rows.quarantine.waiting(account=shelf.admin.id) == []
    with pytest.raises(NotFound):
        shelf.rows.quarantine.look(receipt.id, account=shelf.admin.id)
    with pytest.raises(NotFound):
        shelf.rows.quarantine.refuse(receipt.id, account=shelf.admin.id, note="non")


@pytest.mark.parametrize("role", ["viewer", "radiologist"])
def test_only_stewards_see_and_decide(shelf: Library, role: Role) -> None:
    receipt = held(shelf.rows)
    account = shelf.account(role).id
    quarantine = shelf.rows.quarantine
    with pytest.raises(Forbidden):
        quarantine.waiting(account=account)
    with pytest.raises(Forbidden):
        quarantine.look(receipt.id, account=account)
    with pytest.raises(Forbidden):
        quarantine.refuse(receipt.id, account=account, note="non")
    with pytest.raises(Forbidden):
        quarantine.release(receipt.id, account=account, black_out=[], event=uploaded(receipt))
    assert now_is(shelf.rows, receipt).state == "quarantined"


def test_a_released_drop_comes_in_again_and_nothing_holds_it_any_more(shelf: Library) -> None:
    receipt = held(shelf.rows)
    parts = [(0.1, 0.0, 0.5, 0.25)]
    shelf.rows.quarantine.release(
        receipt.id, account=shelf.admin.id, black_out=parts, event=uploaded(receipt)
    )
    known = now_is(shelf.rows, receipt)
    assert known.state == "received"
    assert known.code is None
    assert known.released_at is not None
    assert known.black_out == tuple(parts)
    assert shelf.topics()[-1] == "object.uploaded"
    assert shelf.rows.quarantine.hold(known, **REASON, events=[]) == "received"
    assert shelf.rows.receipts.accept(known, film(1), []) == "accepted"
    audit = [row.action for row in shelf.rows.audit.list(by=shelf.admin.id)]
    assert "quarantine.released" in audit


def test_a_refused_drop_ends_with_the_note_for_its_depositor_alone(shelf: Library) -> None:
    receipt = held(shelf.rows)
    shelf.rows.quarantine.refuse(receipt.id, account=shelf.admin.id, note="nom lisible: Dupont")
    known = now_is(shelf.rows, receipt)
    assert (known.state, known.code) == ("rejected", "refused")
    assert known.note == "nom lisible: Dupont"
    last = shelf.rows.outbox.pending(10)[-1]
    assert last.value is not None
    assert b"Dupont" not in last.value
    event = from_record(last.topic, dict(last.headers), last.value).event
    assert isinstance(event, RadiographRejected)
    assert event.code == "refused"


@pytest.mark.parametrize("note", ["", "  ", "x" * 501, "a\0b"])
def test_a_note_that_cannot_be_kept_is_refused_and_the_drop_waits_on(
    shelf: Library, note: str
) -> None:
    receipt = held(shelf.rows)
    with pytest.raises(Dead, match="wanted a note"):
        shelf.rows.quarantine.refuse(receipt.id, account=shelf.admin.id, note=note)
    assert now_is(shelf.rows, receipt).state == "quarantined"


def test_a_decision_is_taken_once(shelf: Library) -> None:
    receipt = held(shelf.rows)
    shelf.rows.quarantine.refuse(receipt.id, account=shelf.admin.id, note="non")
    with pytest.raises(Conflict, match="came rejected"):
        shelf.rows.quarantine.release(
            receipt.id, account=shelf.admin.id, black_out=[], event=uploaded(receipt)
        )
    with pytest.raises(NotFound):
        shelf.rows.quarantine.look(uuid.uuid4(), account=shelf.admin.id)


def test_looking_at_a_picture_is_written_to_the_audit(shelf: Library) -> None:
    receipt = held(shelf.rows)
    shelf.rows.quarantine.look(receipt.id, account=shelf.admin.id)
    [row] = [
        row
        for row in shelf.rows.audit.list(by=shelf.admin.id)
        if row.action == "quarantine.opened"
    ]
    assert row.subject == str(receipt.id)


def test_what_waited_too_long_ends_and_its_bytes_may_go_at_once(shelf: Library) -> None:
    receipt = held(shelf.rows)
    quarantine = shelf.rows.quarantine
    assert quarantine.expire(days=1, limit=10) == 0
    assert quarantine.expire(days=0, limit=10) == 1
    known = now_is(shelf.rows, receipt)
    assert (known.state, known.code) == ("rejected", "expired")
    assert shelf.topics()[-1] == "radiograph.rejected"
    assert [row.id for row in quarantine.spent(days=7, limit=10)] == [receipt.id]
    quarantine.swept(receipt.id)
    assert quarantine.spent(days=7, limit=10) == []


def test_the_bytes_of_another_refused_drop_stay_for_their_days(shelf: Library) -> None:
    (receipt,) = shelf.rows.receipts.open_many([drop(1)])
    shelf.rows.receipts.reject(
        receipt, code="truncated", wanted="a whole PNG file", came="x", events=[]
    )
    assert shelf.rows.quarantine.spent(days=7, limit=10) == []
    assert [row.id for row in shelf.rows.quarantine.spent(days=0, limit=10)] == [receipt.id]


def test_a_drop_that_could_not_be_read_is_kept_and_comes_in_again_once(shelf: Library) -> None:
    quarantine = shelf.rows.quarantine
    bad, other = shelf.rows.receipts.open_many([drop(1), drop(2)])
    facts = {"wanted": "an object that its store gives whole", "came": "none in 3 tries"}
    shelf.rows.receipts.reject(bad, code="unreadable-object", **facts, events=[])
    shelf.rows.receipts.reject(other, code="empty", **facts, events=[])
    assert [row.id for row in quarantine.unreadable()] == [bad.id]
    assert [row.id for row in quarantine.spent(days=-1, limit=9)] == [other.id]
    quarantine.again(bad.id, event=uploaded(bad))
    known = now_is(shelf.rows, bad)
    assert (known.state, known.code, known.came) == ("received", None, None)
    assert shelf.topics() == ["object.uploaded"]
    for wrong in (bad.id, other.id, uuid.uuid4()):
        with pytest.raises(Conflict):
            quarantine.again(wrong, event=uploaded(bad))
    assert quarantine.unreadable() == []
