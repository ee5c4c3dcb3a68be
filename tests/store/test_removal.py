"""Films and patients removed: nothing stays of them, and they are refused until lifted."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from schemas.envelope import from_record
from schemas.errors import Conflict, Erased, Forbidden, NotFound
from schemas.events import RadiographErased
from store.ports import Rows
from store.records import Film, LabelRow, Letter, RawVersion, Receipt
from tests.fakes.rows_tables import now
from tests.store.made import Library, analysed, analysis, drop, film, manifest, unit

ONE = film(1).id
Write = Callable[[Library], object]

#: Whatever writes of a film. What a worker writes after its film went is done, without an error.
WRITERS: dict[str, Write] = {
    "a reading": lambda shelf: shelf.rows.readings.record(
        ONE, {"Edema": 1}, account=shelf.admin.id, answer_visible=False, model=None
    ),
    "a comment": lambda shelf: shelf.rows.readings.comment(ONE, "x", account=shelf.admin.id),
    "what was shown": lambda shelf: shelf.rows.readings.shown(
        ONE, account=shelf.admin.id, answer=True, others=False
    ),
    "a label": lambda shelf: shelf.rows.films.add_labels(
        ONE, [LabelRow("Edema", 1, "imported", "nih", now())]
    ),
    "a vector": lambda shelf: shelf.rows.vectors.add(ONE, "e1", unit(seed=1)),
}


def letter(key: bytes, *, group: str = "analyse", receipt: uuid.UUID | None = None) -> Letter:
    offset = uuid.uuid4().int % 1_000_000
    at = datetime.now(UTC)
    return Letter(
        uuid.uuid4(), "analysis.requested.bulk", 0, offset, group, key, (("ce_id", b"1"),),
        b'{"radiograph": "' + key + b'"}', "wanted a film, came none", 3, "open", at, receipt,
    )  # fmt: skip


def fill(shelf: Library, of: Film) -> Receipt:
    """Drop a film and say everything of it that can be said; return its receipt."""
    (receipt,) = shelf.rows.receipts.open_many([drop(1, key=f"Dupont/{of.id}.png")])
    shelf.rows.receipts.accept(receipt, of, [])
    shelf.analyse(of)
    shelf.rows.readings.record(
        of.id, {"Edema": 1}, account=shelf.admin.id, answer_visible=True, model="starter/1"
    )
    shelf.rows.readings.comment(of.id, "flou", account=shelf.admin.id)
    shelf.rows.readings.shown(of.id, account=shelf.admin.id, answer=True, others=False)
    shelf.rows.films.add_labels(of.id, [LabelRow("Edema", 1, "imported", "nih", now())])
    shelf.rows.letters.add(letter(of.id.encode()), [])
    shelf.rows.letters.add(letter(b"dropzone/Dupont.png", group="ingest", receipt=receipt.id), [])
    return receipt


def again(shelf: Library, of: Film) -> Receipt:
    """Drop a film once more; return its receipt as it stands."""
    return shelf.accept(of, seed=uuid.uuid4().int % 1_000_000)


def stored(shelf: Library, of: Film) -> Receipt:
    """Drop a film whose analysis nobody has asked for; return its receipt."""
    (receipt,) = shelf.rows.receipts.open_many([drop(1, key=f"in/{of.id}")])
    shelf.rows.receipts.accept(receipt, of, [])
    return shelf.now(receipt)


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_written_of_an_erased_film(shelf: Library, name: str) -> None:
    write = WRITERS[name]
    with pytest.raises(NotFound) as unknown:
        write(shelf)
    assert not isinstance(unknown.value, Erased)
    shelf.accept(film(1))
    write(shelf)
    shelf.rows.films.erase(ONE, account=shelf.admin.id)

    with pytest.raises(Erased, match=ONE):
        write(shelf)

    again(shelf, film(2))
    assert shelf.rows.films.get(ONE) is None


def test_an_analysis_of_an_erased_film_is_done_without_a_row_or_an_event(shelf: Library) -> None:
    shelf.accept(film(1))
    shelf.rows.films.erase(ONE, account=shelf.admin.id)
    shelf.forget_outbox()

    shelf.rows.analyses.save([analysis(ONE)], [analysed(film(1))])

    assert shelf.rows.analyses.done([ONE], 1) == set()
    assert shelf.topics() == []


def test_what_is_to_be_removed_is_kept_until_the_second_pass(hasty: Library) -> None:
    first, second = (again(hasty, film(1)) for _ in range(2))
    assert hasty.rows.erasures.get(ONE) is None
    hasty.rows.films.erase(ONE, account=hasty.admin.id)

    erasure = hasty.rows.erasures.get(ONE)
    assert erasure is not None
    assert set(erasure.raws) == {
        RawVersion(row.bucket, row.key, row.version) for row in (first, second)
    }
    assert erasure.done_at is None
    hasty.rows.erasures.done(ONE)
    (due,) = hasty.rows.erasures.due(10)
    assert due.done_at is not None
    hasty.rows.erasures.done(ONE)
    assert hasty.rows.erasures.due(10) == [due]
    hasty.rows.erasures.end(ONE)
    assert hasty.rows.erasures.due(10) == []
    assert hasty.rows.erasures.get(ONE) is None


def test_a_second_pass_is_not_due_for_ten_minutes_nor_ended_before(shelf: Library) -> None:
    shelf.accept(film(1))
    shelf.rows.films.erase(ONE, account=shelf.admin.id)

    assert shelf.rows.erasures.due(10) == []
    shelf.rows.erasures.end(ONE)
    erasure = shelf.rows.erasures.get(ONE)

    assert erasure is not None
    assert erasure.again_at - erasure.erased_at == timedelta(minutes=10)


def test_an_erasure_is_not_lifted_while_objects_are_removed(shelf: Library) -> None:
    shelf.accept(film(1, patient="p1"))
    shelf.rows.films.erase(ONE, account=shelf.admin.id)
    with pytest.raises(Conflict, match="wanted an erasure that has ended"):
        shelf.rows.films.lift_erasure(ONE, account=shelf.admin.id)
    shelf.accept(film(2, patient="p1"))
    shelf.rows.patients.erase("p1", account=shelf.admin.id)
    with pytest.raises(Conflict, match="wanted an erasure that has ended"):
        shelf.rows.patients.lift("p1", account=shelf.admin.id)
    assert again(shelf, film(1)).code == "erased"


def test_receipts_of_an_erased_film_say_so_and_keep_no_private_word(shelf: Library) -> None:
    receipt = fill(shelf, film(1))
    shelf.rows.films.erase(ONE, account=shelf.admin.id)

    row = shelf.now(receipt)
    assert (row.state, row.code, row.film) == ("rejected", "erased", None)
    assert (row.key, row.filename) == (f"erased/{row.id}", None)
    # Its notification comes again: the receipt is known, and nothing is filled in.
    (told,) = shelf.rows.receipts.open_many([drop(1, key=f"Dupont/{ONE}.png")])
    assert told == row
    assert shelf.rows.receipts.missing([drop(1, key=f"Dupont/{ONE}.png")]) == []


def test_letters_about_an_erased_film_go_with_it(shelf: Library) -> None:
    fill(shelf, film(1))
    shelf.rows.letters.add(letter(film(2).id.encode()), [])
    shelf.rows.films.erase(ONE, account=shelf.admin.id)
    assert [row.key for row in shelf.rows.letters.list(None)] == [film(2).id.encode()]


def test_a_patient_is_erased_whole_and_refused_until_lifted(hasty: Library) -> None:
    rows, admin = hasty.rows, hasty.admin
    mine = [film(seed, patient="p1") for seed in range(3)]
    for row in (*mine, film(7, patient="p2"), film(8)):
        again(hasty, row)
    hasty.forget_outbox()
    assert rows.patients.films("p1", account=admin.id) == [row.id for row in mine]

    assert rows.patients.erase("p1", account=admin.id) == [row.id for row in mine]

    left = rows.films.many([row.id for row in (*mine, film(7), film(8))])
    assert set(left) == {film(7).id, film(8).id}
    waiting = rows.outbox.pending(10)
    events = [from_record(row.topic, dict(row.headers), row.value or b"") for row in waiting]
    assert len({event.id for event in events}) == 3
    assert {
        event.event.radiograph for event in events if isinstance(event.event, RadiographErased)
    } == {row.id for row in mine}
    actions = [(row.action, row.subject) for row in rows.audit.list(by=admin.id, limit=4)]
    assert actions[0] == ("patient.erased", "p1")
    assert sorted(actions[1:]) == sorted(("film.erased", row.id) for row in mine)
    # Old films are refused, a new one as well; whoever else's is not.
    assert again(hasty, mine[0]).code == "erased"
    assert again(hasty, film(20, patient="p1")).code == "erased"
    assert again(hasty, film(21, patient="p2")).state == "accepted"
    assert rows.patients.erase("p1", account=admin.id) == []

    for row in mine:
        rows.erasures.end(row.id)
    rows.patients.lift("p1", account=admin.id)
    assert again(hasty, mine[0]).state == "accepted"
    assert again(hasty, film(20, patient="p1")).state == "accepted"
    with pytest.raises(NotFound):
        rows.patients.lift("p1", account=admin.id)
    assert rows.audit.list(by=admin.id, limit=1)[0].action == "patient.lifted"


def test_lifting_a_patient_leaves_a_film_that_was_erased_by_itself(hasty: Library) -> None:
    rows, admin = hasty.rows, hasty.admin
    for seed in (1, 2):
        again(hasty, film(seed, patient="p1"))
    rows.films.erase(ONE, account=admin.id)
    rows.patients.erase("p1", account=admin.id)
    for seed in (1, 2):
        rows.erasures.end(film(seed).id)

    rows.patients.lift("p1", account=admin.id)

    assert again(hasty, film(1, patient="p1")).code == "erased"
    assert again(hasty, film(2, patient="p1")).state == "accepted"


def test_a_film_the_drops_dispute_is_listed_and_not_erased(shelf: Library) -> None:
    again(shelf, film(1, patient="p1"))
    again(shelf, film(1, patient="p2"))
    again(shelf, film(2, patient="p2"))
    assert shelf.rows.patients.disputed("p2", account=shelf.admin.id) == [ONE]
    assert shelf.rows.patients.disputed("p1", account=shelf.admin.id) == []
    assert shelf.rows.patients.erase("p2", account=shelf.admin.id) == [film(2).id]
    assert shelf.rows.films.get(ONE) is not None


def test_a_patient_nobody_knows_is_said(shelf: Library) -> None:
    with pytest.raises(NotFound, match="no film of this patient"):
        shelf.rows.patients.erase("p9", account=shelf.admin.id)
    assert again(shelf, film(1, patient="p9")).state == "accepted"


def test_only_stewards_and_admins_remove_patients(shelf: Library) -> None:
    again(shelf, film(1, patient="p1"))
    patients, reader = shelf.rows.patients, shelf.account("radiologist").id
    refused: tuple[Callable[[], object], ...] = (
        lambda: patients.films("p1", account=reader),
        lambda: patients.disputed("p1", account=reader),
        lambda: patients.erase("p1", account=reader),
        lambda: patients.lift("p1", account=reader),
    )
    for call in refused:
        with pytest.raises(Forbidden, match="radiologist"):
            call()
    assert patients.erase("p1", account=shelf.account("steward").id) == [ONE]


def test_the_web_may_not_remove_a_patient_for_nobody(web_rows: Rows) -> None:
    web_rows.accounts.add("Ada", "admin", "hash", by=None)
    with pytest.raises(Forbidden):
        web_rows.patients.erase("p1", account=None)


def test_films_whose_analysis_always_dies_are_not_asked_for_again(shelf: Library) -> None:
    waiting = [stored(shelf, film(seed)) for seed in (1, 2)]
    assert shelf.rows.films.without_analysis(10) == [film(1).id, film(2).id]
    dead = letter(ONE.encode())
    shelf.rows.letters.add(dead, [])

    assert shelf.rows.films.without_analysis(10) == [film(2).id]
    assert [shelf.now(row).state for row in waiting] == ["failed", "accepted"]
    # A letter of another group says nothing about the analysis.
    shelf.rows.letters.add(letter(film(2).id.encode(), group="similar"), [])
    assert shelf.rows.films.without_analysis(10) == [film(2).id]
    shelf.rows.letters.replay(dead.id, account=shelf.admin.id)
    assert shelf.rows.films.without_analysis(10) == [film(1).id, film(2).id]
    assert shelf.now(waiting[0]).state == "accepted"


def test_a_discarded_letter_is_the_end_until_another_model_is_live(shelf: Library) -> None:
    stored(shelf, film(1))
    dead = letter(ONE.encode())
    shelf.rows.letters.add(dead, [])
    shelf.rows.letters.discard(dead.id, account=shelf.admin.id)
    assert shelf.rows.films.without_analysis(10) == []

    shelf.rows.models.register(manifest(2), "live")
    assert shelf.rows.films.without_analysis(10) == [ONE]
    shelf.rows.letters.add(letter(ONE.encode()), [])
    assert shelf.rows.films.without_analysis(10) == []
    # Said live again it stays live: nothing is asked anew.
    shelf.rows.models.set_live(2)
    assert shelf.rows.films.without_analysis(10) == []
    shelf.rows.models.set_live(1)
    assert shelf.rows.films.without_analysis(10) == [ONE]
