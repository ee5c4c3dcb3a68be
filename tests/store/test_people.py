"""Accounts, readings, comments and the journal: who may do what, and what is written down."""

import hashlib
import uuid

import pytest

from schemas.envelope import from_record
from schemas.errors import Conflict, Dead, Forbidden, NotFound
from schemas.events import CommentRecorded, ValidationRecorded
from store.ports import Rows
from store.records import Role
from tests.store.made import Library, film


@pytest.fixture
def one(shelf: Library) -> Library:
    shelf.accept(film(1))
    shelf.analyse(film(1))
    shelf.forget_outbox()
    return shelf


def test_the_first_account_needs_nobody_and_the_second_an_admin(web_rows: Rows) -> None:
    admin = web_rows.accounts.add("Ada", "admin", "hash", by=None)
    with pytest.raises(Forbidden):
        web_rows.accounts.add("Bob", "admin", "hash", by=None)
    viewer = web_rows.accounts.add("Bob", "viewer", "hash", by=admin.id)
    with pytest.raises(Forbidden, match="viewer"):
        web_rows.accounts.add("Eve", "admin", "hash", by=viewer.id)


def test_the_web_may_not_leave_the_account_out(web_rows: Rows) -> None:
    admin = web_rows.accounts.add("Ada", "admin", "hash", by=None)
    with pytest.raises(Forbidden):
        web_rows.accounts.list(by=None)
    with pytest.raises(Forbidden):
        web_rows.accounts.remove(admin.id, by=None)
    with pytest.raises(Forbidden):
        web_rows.accounts.set_password(admin.id, "other", by=None)
    with pytest.raises(Forbidden):
        web_rows.audit.list(by=None)


def test_names_are_taken_whatever_their_case_until_removed(shelf: Library) -> None:
    accounts = shelf.rows.accounts
    first = accounts.add("Éve", "viewer", "hash", by=shelf.admin.id)
    with pytest.raises(Conflict):
        accounts.add("éVE", "viewer", "hash", by=shelf.admin.id)
    accounts.remove(first.id, by=shelf.admin.id)
    assert accounts.get(first.id) is None
    second = accounts.add("éve", "viewer", "hash", by=shelf.admin.id)
    assert second.pseudonym != first.pseudonym


def test_signing_in_finds_the_hash_and_is_written_down(shelf: Library) -> None:
    found = shelf.rows.accounts.for_sign_in("ADA")
    assert found == (shelf.admin, "hash")
    assert shelf.rows.accounts.for_sign_in("nobody") is None
    shelf.rows.accounts.signed_in(shelf.admin.id, "Ada", success=True)
    shelf.rows.accounts.signed_in(None, "hunter2", success=False)
    refused, signed = shelf.rows.audit.list(by=shelf.admin.id, limit=2)
    assert (signed.account, signed.action) == (shelf.admin.pseudonym, "sign-in")
    assert refused.action == "sign-in.refused"
    assert "hunter2" not in repr(refused)


def test_a_password_is_changed_by_its_owner_or_an_admin(shelf: Library) -> None:
    viewer, other = shelf.account("viewer"), shelf.account("radiologist")
    shelf.rows.accounts.set_password(viewer.id, "h2", by=viewer.id)
    with pytest.raises(Forbidden):
        shelf.rows.accounts.set_password(viewer.id, "h3", by=other.id)
    shelf.rows.accounts.set_password(viewer.id, "h4", by=None)
    found = shelf.rows.accounts.for_sign_in(viewer.name)
    assert found is not None
    assert found[1] == "h4"


def test_the_last_admin_stays(shelf: Library) -> None:
    accounts = shelf.rows.accounts
    with pytest.raises(Conflict):
        accounts.remove(shelf.admin.id, by=shelf.admin.id)
    with pytest.raises(Conflict):
        accounts.set_role(shelf.admin.id, "viewer", by=shelf.admin.id)
    second = accounts.add("Bea", "admin", "hash", by=shelf.admin.id)
    assert accounts.set_role(shelf.admin.id, "steward", by=second.id).role == "steward"
    assert [row.name for row in accounts.list(by=second.id)] == ["Ada", "Bea"]


def test_a_token_stands_for_its_account_until_removed(shelf: Library) -> None:
    digest = hashlib.sha256(b"secret").digest()
    token = shelf.rows.accounts.add_token(shelf.admin.id, digest, "ci", by=shelf.admin.id)
    assert shelf.rows.accounts.by_token(digest) == shelf.admin
    with pytest.raises(Conflict):
        shelf.rows.accounts.add_token(shelf.admin.id, digest, "ci", by=shelf.admin.id)
    stranger = shelf.account("viewer")
    with pytest.raises(Forbidden):
        shelf.rows.accounts.remove_token(token, by=stranger.id)
    shelf.rows.accounts.remove_token(token, by=shelf.admin.id)
    assert shelf.rows.accounts.by_token(digest) is None
    with pytest.raises(NotFound):
        shelf.rows.accounts.remove_token(token, by=shelf.admin.id)


def test_removing_an_account_ends_its_tokens_and_keeps_its_words(one: Library) -> None:
    reader = one.account("radiologist")
    digest = hashlib.sha256(b"secret").digest()
    one.rows.accounts.add_token(reader.id, digest, "ci", by=reader.id)
    one.rows.readings.comment(film(1).id, "voir profil", account=reader.id)
    one.rows.accounts.remove(reader.id, by=one.admin.id)
    assert one.rows.accounts.by_token(digest) is None
    detail = one.rows.films.detail(film(1).id, account=one.admin.id)
    assert detail.comments[0].author == reader.pseudonym


@pytest.mark.parametrize("role", ["radiologist", "steward", "admin"])
def test_a_reading_is_one_event_per_verdict(one: Library, role: Role) -> None:
    who = one.account(role)
    said = {"Edema": 1, "Fracture": 0, "Pneumonia": -1}
    reading = one.rows.readings.record(
        film(1).id, said, account=who.id, answer_visible=False, model="starter/1"
    )
    assert (reading.reader, dict(reading.labels)) == (who.pseudonym, said)
    events = [
        from_record(row.topic, dict(row.headers), row.value or b"").event
        for row in one.rows.outbox.pending(10)
    ]
    assert all(isinstance(event, ValidationRecorded) for event in events)
    told = {event.finding: event for event in events if isinstance(event, ValidationRecorded)}
    assert {name: event.label for name, event in told.items()} == said
    assert {event.reading for event in told.values()} == {reading.id}
    assert {name: event.validation for name, event in told.items()} == dict(reading.validations)
    detail = one.rows.films.detail(film(1).id, account=one.admin.id)
    assert detail.row.readings == 1
    assert {row.finding: row.value for row in detail.row.labels} == said
    assert detail.readings == (reading,)


def test_a_viewer_may_neither_read_nor_comment(one: Library) -> None:
    viewer = one.account("viewer")
    with pytest.raises(Forbidden):
        one.rows.readings.record(
            film(1).id, {"Edema": 1}, account=viewer.id, answer_visible=False, model=None
        )
    with pytest.raises(Forbidden):
        one.rows.readings.comment(film(1).id, "x", account=viewer.id)
    assert one.topics() == []


@pytest.mark.parametrize("labels", [{}, {"Oedema": 1}, {"Edema": 2}])
def test_a_reading_outside_the_words_is_dead_and_leaves_nothing(
    one: Library, labels: dict[str, int]
) -> None:
    with pytest.raises(Dead):
        one.rows.readings.record(
            film(1).id, labels, account=one.admin.id, answer_visible=False, model=None
        )
    assert one.topics() == []
    assert one.rows.films.detail(film(1).id, account=one.admin.id).row.readings == 0


@pytest.mark.parametrize(
    ("shown", "said", "expected"),
    [(None, False, False), (None, True, True), ("answer", False, True), ("answer", True, True)],
)
def test_what_the_server_has_shown_counts_whatever_the_caller_says(
    one: Library,
    shown: str | None,
    said: bool,  # noqa: FBT001 - a case of the table above
    expected: bool,  # noqa: FBT001
) -> None:
    if shown:
        one.rows.readings.shown(film(1).id, account=one.admin.id, answer=True, others=True)
        one.rows.readings.shown(film(1).id, account=one.admin.id, answer=False, others=False)
    reading = one.rows.readings.record(
        film(1).id, {"Edema": 1}, account=one.admin.id, answer_visible=said, model=None
    )
    assert reading.answer_visible is expected
    assert reading.others_visible is bool(shown)


def test_what_one_was_shown_another_has_not_seen(one: Library) -> None:
    other = one.account("radiologist")
    one.rows.readings.shown(film(1).id, account=one.admin.id, answer=True, others=True)
    reading = one.rows.readings.record(
        film(1).id, {"Edema": 1}, account=other.id, answer_visible=False, model=None
    )
    assert (reading.answer_visible, reading.others_visible) == (False, False)


def test_a_comment_is_announced_without_its_words(one: Library) -> None:
    comment = one.rows.readings.comment(film(1).id, "opacité à droite", account=one.admin.id)
    (said,) = one.rows.outbox.pending(10)
    event = from_record(said.topic, dict(said.headers), said.value or b"").event
    assert isinstance(event, CommentRecorded)
    assert (event.comment, event.author) == (comment.id, one.admin.pseudonym)
    assert "opacité" not in repr(said)


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4001, "a\0b"])
def test_a_comment_that_cannot_be_kept_is_dead(one: Library, text: str) -> None:
    with pytest.raises(Dead):
        one.rows.readings.comment(film(1).id, text, account=one.admin.id)


def test_comments_are_removed_by_their_author_or_a_steward(one: Library) -> None:
    author, other = one.account("radiologist"), one.account("steward")
    stranger = one.rows.accounts.add("Zoé", "radiologist", "hash", by=one.admin.id)
    for who in (author, other):
        comment = one.rows.readings.comment(film(1).id, "x", account=author.id)
        with pytest.raises(Forbidden):
            one.rows.readings.remove_comment(comment.id, account=stranger.id)
        one.rows.readings.remove_comment(comment.id, account=who.id)
    with pytest.raises(NotFound):
        one.rows.readings.remove_comment(uuid.uuid4(), account=one.admin.id)
    assert one.rows.films.detail(film(1).id, account=one.admin.id).comments == ()


def test_the_journal_is_for_stewards_and_admins(one: Library) -> None:
    one.rows.audit.write(one.admin.id, "image.downloaded", film(1).id)
    row = one.rows.audit.list(by=one.admin.id)[0]
    assert (row.account, row.action, row.subject) == (
        one.admin.pseudonym,
        "image.downloaded",
        film(1).id,
    )
    reader = one.account("radiologist")
    with pytest.raises(Forbidden):
        one.rows.audit.list(by=reader.id)
