"""The requirements' tables say only what tests and documents show."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests import done_rows
from tests.requirements import ROOT, STATES, Row, fault_of, read_rows, rows


def test_ids_are_unique_and_well_formed() -> None:
    ids = Counter(row.id for row in rows())
    assert ids
    assert not [name for name, times in ids.items() if times > 1]
    assert not [name for name in ids if not re.fullmatch(r"R\d+-\d{3}", name)]


def test_states_are_known() -> None:
    assert not {row.id: row.state for row in rows() if row.state not in STATES}


def test_what_a_done_row_names_exists_and_counts() -> None:
    faults = [
        f"{row.id}: {test}: {fault}"
        for row in rows()
        for test in row.tests
        if row.state == "done" and (fault := fault_of(test))
    ]
    missing = [
        f"{row.id}: {file}: there is no such file"
        for row in rows()
        for file in row.files
        if row.state == "done" and not (ROOT / "docs" / file).exists()
        if not (ROOT / file).exists()
    ]
    silent = [
        f"{row.id}: is done, but names neither a test nor a document"
        for row in rows()
        if row.state == "done" and not row.tests and not row.files
    ]
    assert not faults + missing + silent


def test_a_part_row_says_what_is_missing() -> None:
    assert not [row.id for row in rows() if row.state == "part" and not row.shown_by]


def test_tests_named_in_rows_that_are_not_done_exist_too() -> None:
    named = [(row.id, test) for row in rows() for test in row.tests if row.state != "done"]
    assert not [
        f"{row}: {test}" for row, test in named if (fault_of(test) or "").startswith("there is no")
    ]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("def test_it(): pass", None),
        ("def test_other(): pass", "there is no such test"),
        ("@pytest.mark.skip\ndef test_it(): pass", "it is marked skip or xfail"),
        ("@pytest.mark.skipif(True, reason='')\ndef test_it(): pass", None),
        ("@pytest.mark.xfail(strict=True)\ndef test_it(): pass", "it is marked skip or xfail"),
        ("pytestmark = [pytest.mark.skip]\ndef test_it(): pass", "its module is marked skip or x"),
        ("def test_it():\n    pytest.skip('')", "it skips itself"),
        ("@pytest.mark.services\ndef test_it(): pass", None),
    ],
)
def test_a_test_that_cannot_fail_shows_nothing(
    tmp_path: Path, source: str, fault: str | None
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(source)
    found = fault_of("tests/test_x.py::test_it", tmp_path)
    assert (found is None) if fault is None else (found or "").startswith(fault)


def test_a_test_in_a_class_is_found(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("class TestIt:\n    def test_a(self): pass")
    assert fault_of("tests/test_x.py::TestIt::test_a", tmp_path) is None
    assert fault_of("tests/test_x.py::TestIt::test_b", tmp_path) == "there is no such test"


def test_a_skipped_test_of_a_done_row_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    done = Row("R3-001", "it works", "`tests/test_x.py::test_it`", "done")
    monkeypatch.setattr(done_rows, "rows", lambda: [done])
    assert done_rows.hidden_rows({"tests/test_x.py::test_it"}) == [
        "R3-001: tests/test_x.py::test_it"
    ]
    assert done_rows.hidden_rows({"tests/test_x.py::test_other"}) == []


def test_a_row_is_read_with_its_escaped_bars() -> None:
    text = (
        "| id | requirement | shown by | state |\n"
        "| R3-001 | `a \\| b` | `tests/test_x.py::test_it`, [ADR](adr/0001-x.md) | done |\n"
    )
    (row,) = read_rows(text)
    assert row.requirement == "`a \\| b`"
    assert row.tests == ("tests/test_x.py::test_it",)
    assert row.files == ("adr/0001-x.md",)


@pytest.mark.skipif("CI" not in os.environ, reason="the whole run is judged in CI only")
def test_the_run_in_ci_watches_for_skipped_tests(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.has_plugin("tests.done_rows")
