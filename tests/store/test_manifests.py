"""Manifests' lines meet their films, whichever comes first; the summary says what did not."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from schemas.facts import KnownFacts
from store.ports import Rows
from store.records import Drop, ManifestFault, ManifestLine, ManifestSummary, Receipt
from store.rows import connect
from store.settings import Settings
from tests.store.made import Library, film, library, received

CODE = "c" * 32


def manifest(rows: Rows, key: str = "drop/labels.csv") -> Receipt:
    drop = Drop("dropzone", key, "v1", 10, "bulk", "local", "bucket")
    (receipt,) = rows.receipts.open_many([drop])
    return receipt


def line(seed: int, **more: object) -> ManifestLine:
    said = {"patient": CODE, "view": "PA", "labels": {"Edema": 1, "Fracture": -1}} | more
    return ManifestLine("dropzone", f"drop/{seed}.png", **said)  # type: ignore[arg-type]


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
        assert shelf.rows.manifests.put(receipt, [said]) == 1
    else:
        assert shelf.rows.manifests.put(receipt, [said]) == 0
        drop_film(shelf.rows, 1)
    row = shelf.rows.films.get(of)
    assert row is not None
    assert (row.patient, row.view, row.facts.sex, row.facts.age) == (CODE, "PA", "F", 61)
    assert (row.source, row.licence) == ("nih", "CC0-1.0")
    assert labels_of(shelf, of) == {"Edema": 1, "Fracture": -1}


def test_a_line_overwrites_nothing_and_the_film_s_receipt_says_where_it_disagrees(
    shelf: Library,
) -> None:
    of = drop_film(shelf.rows, 1)
    receipt = manifest(shelf.rows)
    shelf.rows.manifests.put(receipt, [line(1)])
    shelf.rows.manifests.put(receipt, [line(1, view="AP", labels={"Edema": 0, "Pneumonia": 1})])
    row = shelf.rows.films.get(of)
    assert row is not None
    assert row.view == "PA"
    assert labels_of(shelf, of) == {"Edema": 1, "Fracture": -1, "Pneumonia": 1}
    (known,) = shelf.rows.receipts.find("dropzone", "drop/1.png")
    assert known.contradicts == ("view",)


def test_putting_a_page_again_changes_nothing(shelf: Library) -> None:
    of = drop_film(shelf.rows, 1)
    receipt = manifest(shelf.rows)
    for _ in range(2):
        assert shelf.rows.manifests.put(receipt, [line(1), line(2)]) == 1
    assert labels_of(shelf, of) == {"Edema": 1, "Fracture": -1}
    shelf.rows.manifests.end(receipt, ManifestSummary(2))
    summary = shelf.rows.manifests.get(receipt.id, account=shelf.admin.id)
    assert summary == ManifestSummary(2, absent=1)


def test_the_summary_is_kept_and_its_receipt_is_at_its_end(shelf: Library) -> None:
    receipt = manifest(shelf.rows)
    shelf.rows.manifests.put(receipt, [line(1)])
    assert shelf.rows.manifests.get(receipt.id, account=shelf.admin.id) is None
    faults = (ManifestFault(3, "Age", "whole years, 0 to 150"),)
    said = ManifestSummary(4, ("Remarque",), 1, faults)
    shelf.rows.manifests.end(receipt, said)
    assert shelf.now(receipt).state == "manifest"
    shown = shelf.rows.manifests.get(receipt.id, account=shelf.admin.id)
    assert shown == replace(said, absent=1)
    viewer = shelf.account("viewer")
    assert shelf.rows.manifests.get(receipt.id, account=viewer.id) is None


def test_an_erased_film_s_line_goes_with_it(shelf: Library) -> None:
    of = drop_film(shelf.rows, 1)
    receipt = manifest(shelf.rows)
    shelf.rows.manifests.put(receipt, [line(1), line(2)])
    shelf.rows.manifests.end(receipt, ManifestSummary(2))
    shelf.rows.films.erase(of, account=shelf.admin.id)
    summary = shelf.rows.manifests.get(receipt.id, account=shelf.admin.id)
    assert summary is not None
    assert summary.absent == 1


@pytest.mark.services
def test_films_and_pages_that_come_at_once_all_meet_and_wait_for_nobody(
    database: Settings,
) -> None:
    rows = connect(database, most=12)
    shelf = library(rows)
    receipt = manifest(rows)
    seeds = range(40)
    start = threading.Barrier(6)

    def put(offset: int) -> None:
        start.wait(20)
        for turn in range(4):
            some = [line(seed) for seed in seeds if seed % 4 == (turn + offset) % 4]
            rows.manifests.put(receipt, some[:: 1 if offset % 2 else -1])

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
