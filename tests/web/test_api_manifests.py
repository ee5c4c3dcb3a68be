"""What became of a manifest, over the API: as JSON and as a table."""

import csv
import io
from uuid import UUID

from ingest.manifest_cells import WANTED
from schemas.manifest_faults import FAULT_KINDS
from store.records import Drop
from store.records_manifests import ManifestFault, ManifestLine, ManifestSummary
from tests.web.conftest import Web
from web.facts import french_of
from web.words import Words

FAULTS = (
    ManifestFault(3, "Age", "whole years, 0 to 125"),
    ManifestFault(4, "StudyDate", "a day of the calendar, as 2026-11-25", "day"),
)
SUMMARY = ManifestSummary(
    5, ("Remarque",), {"value": 1, "day": 12}, FAULTS, "windows-1252", ";", usable=4, own_folder=1
)


def put(web: Web, summary: ManifestSummary = SUMMARY) -> UUID:
    """Have a manifest read whose four lines speak of two films, neither of them here."""
    drop = Drop("dropzone", "lot/labels.csv", "v", 9, "bulk", "local", "bucket")
    (receipt,) = web.rows.receipts.open_many([drop])
    assert web.get(f"/receipts/{receipt.id}/manifest", "steward").status_code == 404
    lines = [
        ManifestLine("dropzone", f"lot/{name}.png", line=number, labels={"Edema": number % 2})
        for number, name in ((2, "a"), (3, "a"), (4, "b"), (5, "b"))
    ]
    web.rows.manifests.put(receipt, lines)
    web.rows.manifests.end(receipt, summary)
    return receipt.id


def test_a_manifest_says_what_was_left_out_and_what_became_of_its_lines(web: Web) -> None:
    receipt = put(web)
    path = f"/receipts/{receipt}/manifest"
    told = web.get(path, "steward", headers={"Accept-Language": "fr"}).json
    kinds = {row["kind"]: (row["count"], row["message"]) for row in told.pop("kinds")}
    assert kinds == {
        "value": (1, "valeur incomprise"),
        "day": (12, "jour qui n'existe pas"),
        "contradiction": (2, "lignes contradictoires"),
    }
    assert told.pop("examples") == [
        {
            "line": line,
            "column": column,
            "kind": kind,
            "wanted": wanted,
            "message": french_of(wanted),
        }
        for line, column, kind, wanted in (
            (3, "Age", "value", FAULTS[0].wanted),
            (4, "StudyDate", "day", FAULTS[1].wanted),
            (3, "Edema", "contradiction", "the same as in the other lines of this film"),
            (5, "Edema", "contradiction", "the same as in the other lines of this film"),
        )
    ]
    assert told == {
        "lines": 5,
        "found": 0,
        "pending": 0,
        "absent": 2,
        "refused": 0,
        "unusable": 1,
        "repeated": 2,
        "changed": 0,
        "replaced": 0,
        "absent_lines": [2, 4],
        "encoding": "windows-1252",
        "separator": ";",
        "own_folder": 1,
        "unknown_columns": ["Remarque"],
        "malformed": 15,
    }
    for end in ("", ".csv"):
        assert web.get(f"{path}{end}", "viewer").status_code == 404
    told = web.get(f"/receipts/{receipt}", "steward").json
    assert (told["state"], told["reason"]) == ("manifest", None)


def test_the_summary_downloads_as_a_table_that_a_spreadsheet_opens(web: Web) -> None:
    receipt = put(web)
    answer = web.get(
        f"/receipts/{receipt}/manifest.csv", "steward", headers={"Accept-Language": "en"}
    )
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert {row["what"] for row in rows} == {
        "table", "lines", "fault", "example", "unknown column",
    }  # fmt: skip
    counts = {row["name"]: row["count"] for row in rows if row["what"] in {"lines", "fault"}}
    assert (counts["lines"], counts["absent"], counts["day"]) == ("5", "2", "12")
    told = [(row["line"], row["column"]) for row in rows if row["name"] == "day"]
    assert told == [("", ""), ("4", "StudyDate")]


def test_no_cell_of_the_table_is_a_formula(web: Web) -> None:
    # A name of before names were held to be plain.
    receipt = put(web, ManifestSummary(1, ("=HYPERLINK(1)", "@x", "-2")))
    answer = web.get(f"/receipts/{receipt}/manifest.csv", "steward")
    cells = [
        cell for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))) for cell in row
    ]
    assert "'=HYPERLINK(1)" in cells
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_every_fault_has_words_in_both_languages() -> None:
    for language in ("fr", "en"):
        assert all(Words(language)(f"manifest.kind.{kind}") for kind in FAULT_KINDS)
    assert sorted(text for text in WANTED if french_of(text) is None) == []
