"""What drops say of a film they share is filled in, never overwritten; keys are found by code."""

import unicodedata
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from schemas.facts import KnownFacts
from schemas.identities import former_key_code, key_code
from schemas.presentation import AS_STORED, Presentation
from store.migrate import migrate
from store.ports import Rows
from store.records import Film, FormSays
from store.records_manifests import ManifestLine, ManifestSummary
from store.rows import admin_connection, connect
from store.settings import Settings
from tests.store.made import Library, drop, film, received


def told(of: Film, **facts: Any) -> Film:
    """Return the film as a drop knows it that says more."""
    row = {name: facts.pop(name) for name in ("patient", "study", "view") if name in facts}
    return replace(of, **row, facts=KnownFacts.model_validate(facts))


def stored(shelf: Library, seed: int = 1) -> Film:
    found = shelf.rows.films.get(film(seed).id)
    assert found is not None
    return found


def test_a_second_drop_fills_what_was_missing_and_overwrites_nothing(shelf: Library) -> None:
    shelf.accept(told(film(1), view=None, maker="Acme", method=["113100", "113109"]), seed=1)
    day = date(2020, 5, 4)
    more = {"sex": "F", "age": 44, "study_date": day, "maker": "Other", "burned_in": "no"}
    again = told(film(1), patient="p1", study="s1", view="AP", **more, method=["113107"])
    receipt = shelf.accept(again, seed=2)
    known = stored(shelf)
    assert (known.patient, known.study, known.view) == ("p1", "s1", "AP")
    assert known.facts == KnownFacts(
        sex="F",
        age=44,
        study_date=day,
        maker="Acme",
        burned_in="no",
        method=("113100", "113107", "113109"),
    )
    assert (receipt.contradicts, known.flags) == ((), ())


def test_how_a_film_is_shown_is_settled_by_its_first_drop(shelf: Library) -> None:
    turned = Presentation(orientation=6, padding=(0, 3), within=(1, 2, 30, 40))
    shelf.accept(told(film(1), presentation=turned), seed=1)
    shelf.accept(told(film(1), presentation=AS_STORED), seed=2)
    assert stored(shelf).facts.presentation == turned
    for number, first in ((2, AS_STORED), (3, None)):
        shelf.accept(told(film(number), presentation=first), seed=2 * number)
        shelf.accept(told(film(number), presentation=turned, sex="F"), seed=2 * number + 1)
        assert stored(shelf, number).facts == KnownFacts(presentation=first, sex="F")


def test_each_fact_in_which_drops_disagree_is_in_the_later_receipt(shelf: Library) -> None:
    first = told(film(1), patient="p1", study="s1", view="PA", sex="F", age=44)
    one = shelf.accept(first, seed=1)
    other = told(film(1), patient="p2", study="s2", view="AP", sex="M", age=45, maker="Acme")
    two = shelf.accept(other, seed=2)
    assert two.contradicts == ("patient", "study", "view", "sex", "age")
    assert one.contradicts == ()
    # Nor is anything filled: what the second says is about somebody else.
    assert replace(stored(shelf), created_at=None) == replace(first, flags=("conflict",))


def test_a_view_that_disagrees_does_not_keep_the_rest_from_being_filled(shelf: Library) -> None:
    shelf.accept(told(film(1), view="PA"), seed=1)
    receipt = shelf.accept(told(film(1), view="LATERAL", sex="O"), seed=2)
    assert receipt.contradicts == ("view",)
    assert (stored(shelf).view, stored(shelf).facts.sex) == ("PA", "O")
    assert stored(shelf).flags == ()


def test_accepting_a_drop_twice_does_not_make_it_contradict_itself(shelf: Library) -> None:
    shelf.accept(told(film(1), patient="p1", view="PA"), seed=1)
    other = told(film(1), patient="p1", view="AP", age=3)
    receipt = shelf.accept(other, seed=2)
    shelf.rows.receipts.accept(receipt, other, [])
    assert shelf.now(receipt).contradicts == ("view",)


@pytest.mark.parametrize("fuller_first", [True, False])
def test_another_code_of_the_same_patient_and_study_is_no_contradiction(
    shelf: Library, *, fuller_first: bool
) -> None:
    day = date(2020, 5, 4)
    by_uid = told(film(1), patient="with issuer", study="by uid")
    by_day = told(film(1), patient="no issuer", study="by day", study_date=day, method=["113107"])
    drops = [(by_uid, ["no issuer", "by day"]), (by_day, [])]
    for seed, (one, also) in enumerate(drops if fuller_first else drops[::-1]):
        (receipt,) = shelf.rows.receipts.open_many([drop(seed)])
        shelf.rows.receipts.accept(receipt, one, [], also=also)
        assert shelf.now(receipt).contradicts == ()
    known = stored(shelf)
    first = by_uid if fuller_first else by_day
    assert (known.patient, known.study, known.flags) == (first.patient, first.study, ())
    # The day was shifted by the weeks of one code: beside the other it would be another day.
    assert known.facts.study_date == (None if fuller_first else day)
    assert known.facts.method == (() if fuller_first else ("113107",))
    (third,) = shelf.rows.receipts.open_many([drop(7)])
    shelf.rows.receipts.accept(third, told(film(1), patient="a stranger"), [], also=["no issuer"])
    assert shelf.now(third).contradicts == (("patient",) if fuller_first else ())


def test_what_the_caller_found_is_kept_beside_what_the_store_finds(shelf: Library) -> None:
    shelf.accept(told(film(1), sex="F"), seed=1)
    (receipt,) = shelf.rows.receipts.open_many([drop(2)])
    shelf.rows.receipts.accept(receipt, told(film(1), sex="M"), [], contradicts=["view"])
    assert shelf.now(receipt).contradicts == ("view", "sex")


FORM = FormSays(patient="p1", study="s1", study_date=date(2020, 5, 4), view="LATERAL")


def test_what_the_form_says_is_kept_with_the_receipt_and_never_overwritten(rows: Rows) -> None:
    (receipt,) = rows.receipts.open_with_event([replace(drop(1), form=FORM)])
    assert receipt.form == FORM
    other = replace(FORM, patient="p2")
    (again,) = rows.receipts.open_with_event([replace(drop(1), form=other)])
    assert again.form == FORM == rows.receipts.find("dropzone", drop(1).key)[0].form


def test_a_form_that_comes_after_its_film_is_told_to_the_film(shelf: Library) -> None:
    receipt = shelf.accept(told(film(1), view="PA", maker="Acme"), seed=1)
    late = replace(drop(1, key=receipt.key), form=FORM)
    (now,) = shelf.rows.receipts.open_with_event([late])
    assert (now.form, now.contradicts) == (FORM, ("view",))
    known = stored(shelf)
    assert (known.patient, known.study, known.view) == ("p1", "s1", "PA")
    assert known.facts == KnownFacts(maker="Acme", study_date=FORM.study_date, method=("113107",))


def test_a_film_that_was_filled_counts_as_updated(shelf: Library) -> None:
    shelf.accept(film(1), seed=1)
    since = shelf.rows.films.page(account=shelf.admin.id).items[0].updated_at
    shelf.accept(film(1), seed=2)
    row = shelf.rows.films.page(account=shelf.admin.id).items[0]
    assert row.updated_at == since
    shelf.accept(told(film(1), age=9), seed=3)
    row = shelf.rows.films.page(account=shelf.admin.id).items[0]
    assert row.updated_at > since


def test_keys_that_differ_by_a_blank_are_two_objects(rows: Rows) -> None:
    rows.receipts.open_many([drop(1, key="a.png"), drop(1, key="a.png ")])
    assert [row.key for row in rows.receipts.find("dropzone", "a.png ")] == ["a.png "]
    assert rows.receipts.find("quarantine", "a.png") == []


@pytest.mark.services
def test_receipts_are_found_by_a_keyed_code_through_its_index(database: Settings) -> None:
    real = connect(database)
    key = "Dupont Jean.png"
    real.receipts.open_many([drop(1, key=key)])
    code = key_code(database.site_secret.get_secret_value(), "dropzone", key)
    with admin_connection(database, database.postgres_database) as admin:
        [row] = admin.execute(b"SELECT key_code FROM rad.receipt").fetchall()
        assert row["key_code"] == code
        assert code != key_code("another secret", "dropzone", key)
        [function] = admin.execute(
            b"SELECT pg_get_functiondef('api.receipts_find'::regproc) AS text"
        ).fetchall()
        assert " key =" not in function["text"]
        admin.execute(b"SET enable_seqscan = off")
        plan = admin.execute(
            b"EXPLAIN SELECT * FROM rad.receipt WHERE key_code = 'x' ORDER BY created_at DESC"
        ).fetchall()
        assert "receipt_key_code" in str(plan)
    real.close()


@pytest.mark.services
def test_receipts_of_before_the_code_get_it_by_migrating(database: Settings) -> None:
    real = connect(database)
    real.receipts.open_many([drop(1), drop(2)])
    with admin_connection(database, database.postgres_database) as admin:
        admin.execute(b"UPDATE rad.receipt SET key_code = NULL")
    assert real.receipts.find("dropzone", drop(1).key) == []
    real.close()
    migrate(database)
    real = connect(database)
    assert [row.key for row in real.receipts.find("dropzone", drop(1).key)] == [drop(1).key]
    real.close()


@pytest.mark.services
def test_receipts_and_waiting_lines_of_keys_in_nfd_are_found_after_migrating(
    database: Settings,
) -> None:
    secret, key = database.site_secret.get_secret_value(), "lot/e\u0301te\u0301.png"
    former = former_key_code(secret, "dropzone", key)
    assert former != key_code(secret, "dropzone", key)
    real = connect(database)
    manifest, dropped = real.receipts.open_many([drop(1, key="lot/labels.csv"), drop(2, key=key)])
    real.manifests.put(manifest, [ManifestLine("dropzone", key, labels={"Edema": 1})])
    real.manifests.end(manifest, ManifestSummary(1, usable=1))
    with admin_connection(database, database.postgres_database) as admin:
        # As it was before names of one look had one code.
        admin.execute(b"UPDATE rad.receipt SET key_code = %s WHERE key = %s", [former, key])
        admin.execute(b"UPDATE rad.manifest_line SET key_code = %s", [former])
        admin.execute(b"UPDATE rad.receipt SET key_code = NULL WHERE key IS NOT NFC NORMALIZED")
    real.close()
    migrate(database)
    real = connect(database)
    for name in (key, unicodedata.normalize("NFC", key)):
        assert [row.id for row in real.receipts.find("dropzone", name)] == [dropped.id]
    with admin_connection(database, database.postgres_database) as admin:
        [row] = admin.execute(b"SELECT key_code FROM rad.manifest_line").fetchall()
        assert row["key_code"] == key_code(secret, "dropzone", key)
        admin.execute(b"UPDATE rad.manifest_line SET key_code = %s", [former])
    # One that waited for a film which comes only now.
    of = film(2)
    real.receipts.accept(dropped, of, received(dropped, of))
    summary = real.manifests.get(manifest.id)
    assert summary is not None
    assert summary.fates.found == 1
    real.close()
