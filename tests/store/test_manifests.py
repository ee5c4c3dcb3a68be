"""Manifests' lines meet their films, whichever comes first; the summary says what did not."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from schemas.facts import KnownFacts
from store.ports import Rows
from store.records import Drop, Receipt
from store.records_manifests import LineFates, ManifestFault, ManifestLine, ManifestSummary
from store.rows import connect
from store.settings import Settings
from tests.store.made import Library, film, library, received

CODE = "c" * 32


def manifest(rows: Rows, key: str = "drop/labels.csv") -> Receipt:
    drop = Drop("dropzone", key, "v1", 10, "bulk", "local", "bucket")
    (receipt,) = rows.receipts.open_many([drop])
    return receipt


def line(seed: int, **more: object) -> ManifestLine:
    said = {"patient": CODE, "view": "PA", "labels": {"Edema": 1, "Fracture": -1}, "line": seed}
    return ManifestLine("dropzone", f"drop/{seed}.png", **said | more)  # type: ignore[arg-type]


def told(rows: Rows, receipt: Receipt, *lines: ManifestLine, page: int = 500) -> None:
    """Have a manifest read that has these lines, a page at a time."""
    for start in range(0, len(lines), page):
        rows.manifests.put(receipt, lines[start : start + page])
    rows.manifests.end(receipt, ManifestSummary(len(lines), usable=len(lines)))


def summary_of(shelf: Library, receipt: Receipt) -> ManifestSummary:
    summary = shelf.rows.manifests.get(receipt.id, account=shelf.admin.id)
    assert summary is not None
    return summary


def drop_film(rows: Rows, seed: int) -> str:
    drop = Drop("dropzone", f"drop/{seed}.png", "v1", 10, "bulk", "local", "bucket")
    (receipt,) = rows.receipts.open_many([drop])
    of = replace(film(seed), source="bucket", view=None)
    rows.receipts.accept(receipt, of, received(receipt, of))
    return of.id


def labels_of(shelf: Library, of: str) -> dict[str, int]:
    detail = shelf.rows.films.detail(of, account=shelf.admin.id)
    return {
        row.finding: row.value
        for row in detail.row.labels
        if (row.source, row.author) == ("imported", "manifest")
    }


@pytest.mark.parametrize("first", ["film", "line"])
def test_a_line_and_its_film_meet_whichever_comes_first(shelf: Library, first: str) -> None:
    said = line(1, facts=KnownFacts(sex="F", age=61, method=("113108",)), source="nih",
                licence="CC0-1.0")  # fmt: skip
    of = film(1).id
    receipt = manifest(shelf.rows)
    if first == "film":
        drop_film(shelf.rows, 1)
        told(shelf.rows, receipt, said)
    else:
        told(shelf.rows, receipt, said)
        drop_film(shelf.rows, 1)
    assert summary_of(shelf, receipt).fates == LineFates(found=1)
    row = shelf.rows.films.get(of)
    assert row is not None
    assert (row.patient, row.view, row.facts.sex, row.facts.age) == (CODE, "PA", "F", 61)
    assert (row.source, row.licence) == ("nih", "CC0-1.0")
    assert labels_of(shelf, of) == {"Edema": 1, "Fracture": -1}


def test_a_later_manifest_corrects_what_an_earlier_one_said_of_a_finding_and_nothing_else(
    shelf: Library,
) -> None:
    of = drop_film(shelf.rows, 1)
    first, second = manifest(shelf.rows), manifest(shelf.rows, "drop/Labels.CSV")
    told(shelf.rows, first, line(1), line(2))
    told(shelf.rows, second, line(1, view="AP", labels={"Edema": 0, "Pneumonia": 1}))
    row = shelf.rows.films.get(of)
    assert row is not None
    assert row.view == "PA"
    assert labels_of(shelf, of) == {"Edema": 0, "Fracture": -1, "Pneumonia": 1}
    (known,) = shelf.rows.receipts.find("dropzone", "drop/1.png")
    assert known.contradicts == ("view",)
    assert summary_of(shelf, second).fates == LineFates(found=1, changed=1)
    one = LineFates(found=1, absent=1, replaced=1, absent_lines=(2,))
    assert summary_of(shelf, first).fates == one


def test_a_film_that_comes_after_two_manifests_is_told_by_the_newer_one_first(
    shelf: Library,
) -> None:
    first, second = manifest(shelf.rows), manifest(shelf.rows, "drop/Labels.CSV")
    # Read in the other order than dropped: two workers did.
    told(shelf.rows, second, line(1, view="AP", labels={"Edema": 0, "Pneumonia": 1}))
    told(shelf.rows, first, line(1))
    of = drop_film(shelf.rows, 1)
    row = shelf.rows.films.get(of)
    assert row is not None
    assert row.view == "AP"
    assert labels_of(shelf, of) == {"Edema": 0, "Fracture": -1, "Pneumonia": 1}


def test_another_drops_manifest_does_not_correct_what_was_told_of_the_film(
    shelf: Library,
) -> None:
    of = drop_film(shelf.rows, 1)
    told(shelf.rows, manifest(shelf.rows), line(1))
    again = Drop("dropzone", "other/1.png", "v1", 10, "bulk", "local", "bucket")
    (receipt,) = shelf.rows.receipts.open_many([again])
    same = replace(film(1), source="bucket", view=None)
    shelf.rows.receipts.accept(receipt, same, received(receipt, same))
    other = replace(line(1, labels={"Edema": 0}), key="other/1.png")
    told(shelf.rows, manifest(shelf.rows, "other/labels.csv"), other)
    assert labels_of(shelf, of) == {"Edema": 1, "Fracture": -1}


@pytest.mark.parametrize("page", [1, 3], ids=["on two pages", "on one page"])
@pytest.mark.parametrize("first", ["film", "lines"])
def test_of_lines_that_contradict_each_other_neither_wins_and_the_rest_stays(
    shelf: Library, first: str, page: int
) -> None:
    of = film(1).id
    receipt = manifest(shelf.rows)
    lines = [
        line(1, line=2, labels={"Edema": 1, "Fracture": -1}),
        line(1, line=3, labels={"Edema": 0, "Pneumonia": 1}),
        line(1, line=4, view="AP", labels={"Edema": 1}),
    ]
    if first == "film":
        drop_film(shelf.rows, 1)
    told(shelf.rows, receipt, *lines, page=page)
    if first == "lines":
        drop_film(shelf.rows, 1)
    assert labels_of(shelf, of) == {"Fracture": -1, "Pneumonia": 1}
    row = shelf.rows.films.get(of)
    assert row is not None
    assert (row.patient, row.view) == (CODE, None)
    summary = summary_of(shelf, receipt)
    assert summary.faults == {"contradiction": 2}
    assert [(fault.line, fault.column) for fault in summary.examples] == [
        (3, "Edema"),
        (4, "AP/PA"),
    ]
    assert summary.fates == LineFates(found=1, repeated=2)


def test_a_line_said_twice_contradicts_nothing(shelf: Library) -> None:
    receipt = manifest(shelf.rows)
    told(shelf.rows, receipt, line(1, line=2), line(1, line=3))
    summary = summary_of(shelf, receipt)
    assert summary.malformed == 0
    assert summary.fates == LineFates(absent=1, repeated=1, absent_lines=(2,))


def test_reading_a_manifest_again_changes_nothing(shelf: Library) -> None:
    of = drop_film(shelf.rows, 1)
    receipt = manifest(shelf.rows)
    lines = line(1, line=2), line(1, line=3, labels={"Edema": 0}), line(2, line=4)
    for _ in range(2):
        told(shelf.rows, receipt, *lines, page=2)
    assert labels_of(shelf, of) == {"Fracture": -1}
    summary = summary_of(shelf, receipt)
    assert summary.faults == {"contradiction": 1}
    assert summary.fates == LineFates(found=1, absent=1, repeated=1, absent_lines=(4,))


def test_a_line_whose_manifest_is_not_yet_read_whole_meets_no_film(shelf: Library) -> None:
    receipt = manifest(shelf.rows)
    shelf.rows.manifests.put(receipt, [line(1)])
    of = drop_film(shelf.rows, 1)
    assert labels_of(shelf, of) == {}
    told(shelf.rows, receipt, line(1))
    assert labels_of(shelf, of) == {"Edema": 1, "Fracture": -1}


def test_lines_are_told_from_each_other_by_what_became_of_their_films(shelf: Library) -> None:
    receipt = manifest(shelf.rows)
    drop_film(shelf.rows, 1)
    drops = [
        Drop("dropzone", f"drop/{seed}.png", "v1", 10, "bulk", "local", "bucket")
        for seed in (2, 3)
    ]
    refused, _ = shelf.rows.receipts.open_many(drops)
    shelf.rows.receipts.reject(refused, code="empty", wanted="x", came="y", events=[])
    told(shelf.rows, receipt, *(line(seed) for seed in (1, 2, 3, 4, 5)))
    assert summary_of(shelf, receipt).fates == LineFates(
        found=1, pending=1, refused=1, absent=2, absent_lines=(4, 5)
    )


def test_a_path_that_may_mean_two_keys_finds_its_film_under_either(shelf: Library) -> None:
    receipt = manifest(shelf.rows)
    drop_film(shelf.rows, 1)
    one = replace(line(1), key="drop/CheXpert-v1.0/1.png", second_key="drop/1.png")
    two = replace(line(2), key="drop/CheXpert-v1.0/2.png", second_key="drop/2.png")
    told(shelf.rows, receipt, one, two)
    assert labels_of(shelf, film(1).id) == {"Edema": 1, "Fracture": -1}
    assert summary_of(shelf, receipt).fates == LineFates(found=1, absent=1, absent_lines=(2,))


NFC, NFD = "drop/\u00e9t\u00e9.png", "drop/e\u0301te\u0301.png"


@pytest.mark.parametrize(("key", "path"), [(NFC, NFD), (NFD, NFC)], ids=["NFC", "NFD"])
def test_a_key_and_a_path_that_look_the_same_are_the_same(
    shelf: Library, key: str, path: str
) -> None:
    told(shelf.rows, manifest(shelf.rows), replace(line(1), key=path))
    (receipt,) = shelf.rows.receipts.open_many(
        [Drop("dropzone", key, "v1", 10, "bulk", "local", "bucket")]
    )
    of = replace(film(1), source="bucket")
    shelf.rows.receipts.accept(receipt, of, received(receipt, of))
    assert labels_of(shelf, of.id) == {"Edema": 1, "Fracture": -1}
    for name in (NFC, NFD):
        (found,) = shelf.rows.receipts.find("dropzone", name)
        assert found.key == key


def test_the_summary_is_kept_and_its_receipt_is_at_its_end(shelf: Library) -> None:
    receipt = manifest(shelf.rows)
    shelf.rows.manifests.put(receipt, [line(1)])
    assert shelf.rows.manifests.get(receipt.id, account=shelf.admin.id) is None
    faults = (ManifestFault(3, "Age", "whole years, 0 to 125"),)
    said = ManifestSummary(
        4, ("Remarque",), {"value": 1}, faults, encoding="utf-16", separator="\t", usable=1,
        own_folder=1,
    )  # fmt: skip
    shelf.rows.manifests.end(receipt, said)
    assert shelf.now(receipt).state == "manifest"
    assert summary_of(shelf, receipt) == replace(
        said, fates=LineFates(absent=1, absent_lines=(1,))
    )
    viewer = shelf.account("viewer")
    assert shelf.rows.manifests.get(receipt.id, account=viewer.id) is None


def test_one_that_waits_is_there_until_it_is_read_or_refused_and_then_due_to_go(
    shelf: Library,
) -> None:
    rows = shelf.rows
    receipts = [manifest(rows, f"{name}/labels.csv") for name in "abc"]
    drop = Drop("dropzone", "uploads/1/labels.csv", "v1", 10, "first", "local", "upload")
    (urgent,) = rows.receipts.open_many([drop])
    for receipt in [*receipts, urgent, receipts[0]]:
        rows.manifests.wait(receipt)
    of = [urgent.id, *(receipt.id for receipt in receipts)]
    assert [each.id for each in rows.manifests.waiting(9)] == of
    assert [each.id for each in rows.manifests.waiting(2)] == of[:2]
    told(rows, receipts[0], line(1))
    rows.receipts.reject(receipts[1], code="manifest", wanted="a", came="b", events=[])
    assert [each.id for each in rows.manifests.waiting(9)] == [urgent.id, receipts[2].id]
    rows.manifests.wait(receipts[0])
    assert len(rows.manifests.waiting(9)) == 2
    assert [each.id for each in rows.receipts.kept(9)] == [receipts[0].id]


def test_lines_that_meet_their_films_do_so_in_pieces(shelf: Library) -> None:
    films = [drop_film(shelf.rows, seed) for seed in (0, 299, 599)]
    receipt = manifest(shelf.rows)
    for start in (0, 300):
        shelf.rows.manifests.put(receipt, [line(seed) for seed in range(start, start + 300)])
    pieces = sum(1 for _ in shelf.rows.manifests.ending(receipt, ManifestSummary(600, usable=600)))
    assert pieces >= 2
    assert shelf.now(receipt).state == "manifest"
    assert all(labels_of(shelf, of) for of in films)


def test_an_erased_film_s_line_goes_with_it(shelf: Library) -> None:
    of = drop_film(shelf.rows, 1)
    receipt = manifest(shelf.rows)
    told(shelf.rows, receipt, line(1), line(2))
    shelf.rows.films.erase(of, account=shelf.admin.id)
    assert summary_of(shelf, receipt).fates == LineFates(absent=1, absent_lines=(2,))


@pytest.mark.services
def test_films_and_pages_that_come_at_once_all_meet_and_wait_for_nobody(
    database: Settings,
) -> None:
    rows = connect(database, most=12)
    shelf = library(rows)
    receipts = [manifest(rows, f"drop/{case}.csv") for case in ("labels", "Labels", "LABELS")]
    seeds = range(40)
    start = threading.Barrier(6)

    def put(offset: int) -> None:
        start.wait(20)
        some = [line(seed) for seed in seeds]
        told(rows, receipts[offset], *some[:: 1 if offset % 2 else -1], page=10)

    def drop_some(offset: int) -> None:
        start.wait(20)
        for seed in seeds:
            if seed % 3 == offset:
                drop_film(rows, seed)

    with ThreadPoolExecutor(6) as threads:
        jobs = [threads.submit(put, offset) for offset in range(3)]
        jobs += [threads.submit(drop_some, offset) for offset in range(3)]
        for job in jobs:
            job.result(60)
    for seed in seeds:
        assert labels_of(shelf, film(seed).id) == {"Edema": 1, "Fracture": -1}, seed
    rows.close()
