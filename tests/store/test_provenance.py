"""Where a film comes from: what was stated, wished and kept, on both stores."""

from dataclasses import replace
from datetime import timedelta

from schemas.provenance import STATEMENT_VERSION
from store.ports import Rows
from store.records import FormSays
from tests.fakes.rows_tables import now
from tests.store.made import Library, drop, film, library, received

OPEN = FormSays(source="phantom", licence="CC0-1.0", sharing="open")


def test_the_statement_is_kept_with_its_version_and_date(rows: Rows) -> None:
    stated = replace(drop(1), statement=STATEMENT_VERSION, form=OPEN)
    (receipt,) = rows.receipts.open_with_event([stated])
    assert (receipt.statement, receipt.form) == (STATEMENT_VERSION, OPEN)
    assert receipt.stated_at is not None
    assert abs(receipt.stated_at - now()) < timedelta(minutes=1)
    (again,) = rows.receipts.open_with_event([replace(stated, statement=None, form=FormSays())])
    assert again == receipt
    (none,) = rows.receipts.open_many([drop(2)])
    assert (none.statement, none.stated_at) == (None, None)


def test_a_film_says_its_site_source_licence_sharing_and_first_statement(shelf: Library) -> None:
    rows, of = shelf.rows, replace(film(1), licence="CC-BY-4.0")
    drops = [
        drop(1, key="by bucket"),
        replace(drop(2), site="elsewhere", statement="2026-11"),
        replace(drop(3), statement=STATEMENT_VERSION),
        replace(drop(4), statement=STATEMENT_VERSION),
    ]
    made = [rows.receipts.open_many([one])[0] for one in drops]
    for receipt in made:
        rows.receipts.accept(receipt, of, received(receipt, of))
    told = rows.films.detail(of.id, account=shelf.admin.id).provenance
    assert (told.site, told.source, told.licence, told.sharing) == (
        "local",
        "drop",
        "CC-BY-4.0",
        "private",
    )
    assert (told.statement, told.stated_at) == (STATEMENT_VERSION, made[2].stated_at)
    assert told.deposited_at == made[0].created_at


def test_a_receipt_says_that_a_film_was_to_be_shared_and_is_kept_private(shelf: Library) -> None:
    clean = replace(film(2), text_check="clean", licence="CC0-1.0", sharing="open")
    (kept, shared, silent) = shelf.rows.receipts.open_many(
        [replace(drop(1), form=OPEN), replace(drop(2), form=OPEN), drop(3)]
    )
    assert not kept.kept_private
    for receipt, of in ((kept, replace(clean, id=film(1).id, text_check="unseen")),
                        (shared, clean), (silent, film(3))):  # fmt: skip
        shelf.rows.receipts.accept(receipt, of, received(receipt, of))
    said = [
        (shelf.now(row).sharing, shelf.now(row).kept_private) for row in (kept, shared, silent)
    ]
    assert said == [("private", True), ("open", False), ("private", False)]


def test_an_upload_s_word_counts_though_its_notification_brought_the_film_in(rows: Rows) -> None:
    shelf = library(rows)
    of = replace(film(1), text_check="clean")
    receipt = shelf.accept(of, seed=1)
    late = replace(
        drop(1, key=receipt.key),
        site="south",
        filename="a.png",
        depositor=shelf.admin.id,
        statement=STATEMENT_VERSION,
        form=OPEN,
    )
    (now_said,) = rows.receipts.open_with_event([late])
    assert (now_said.site, now_said.statement) == ("south", STATEMENT_VERSION)
    kept = rows.films.many([of.id])[of.id]
    assert (kept.site, kept.source, kept.licence, kept.sharing) == (
        "south",
        "phantom",
        "CC0-1.0",
        "open",
    )


def test_a_later_drop_changes_nothing_of_where_a_film_comes_from(rows: Rows) -> None:
    shelf = library(rows)
    of = replace(film(1), text_check="clean")
    shelf.accept(of, seed=1)
    second = shelf.accept(replace(of, sharing="open", licence="CC0-1.0", source="x"), seed=2)
    late = replace(drop(2, key=second.key), site="south", filename="b", form=OPEN)
    rows.receipts.open_with_event([late])
    kept = rows.films.many([of.id])[of.id]
    assert (kept.site, kept.source, kept.licence, kept.sharing) == (
        "local",
        "drop",
        None,
        "private",
    )
