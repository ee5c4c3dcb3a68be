"""`radiotheque drop --manifest`: what is said of a manifest before anything is sent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from radiotheque import film_commands
from radiotheque.__main__ import main
from schemas.provenance import DepositorSays

TABLE = "Path,Age,Remarque\na.png,61,x\nb.png,old,x\nmissing.png,3,x\n"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Return what was dropped: file names by key."""
    sent: list[dict[str, str]] = []

    def send(state: Any, files: Mapping[Path, str], says: DepositorSays) -> dict[Path, str]:
        assert state
        assert says
        sent.append({key: path.name for path, key in files.items()})
        return {}

    monkeypatch.setattr(film_commands, "drop_files", send)
    return sent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "lot"
    made.mkdir()
    for name in ("a.png", "b.png"):
        (made / name).write_bytes(b"film")
    return made


def test_a_manifest_goes_with_its_films_and_its_faults_are_said(
    folder: Path, keys: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    told = folder.parent / "mine.csv"
    told.write_text(TABLE)
    words = ["drop", str(folder), "--prefix", "x", "--manifest", str(told), "--i-am-authorised"]
    assert main(words) == 0
    assert keys == [{"x/a.png": "a.png", "x/b.png": "b.png", "x/labels.csv": "mine.csv"}]
    printed = capsys.readouterr().out
    assert "mine.csv: 3 lines, utf-8, separated by commas" in printed
    assert "columns that are not known, and left: Remarque" in printed
    assert "value: 1\n    line 3, Age: want whole years" in printed
    assert "films that are not in this drop: 1\n    x/missing.png" in printed
    assert "old" not in printed


@pytest.mark.parametrize("name", ["labels.csv", "Labels.CSV"])
def test_a_manifest_that_lies_in_the_folder_goes_along(
    folder: Path, keys: list[dict[str, str]], name: str
) -> None:
    (folder / name).write_text(TABLE)
    assert main(["drop", str(folder), "--i-am-authorised"]) == 0
    assert name in keys[0]


def test_a_manifest_that_is_named_goes_in_the_place_of_the_folder_s_own(
    folder: Path, keys: list[dict[str, str]]
) -> None:
    (folder / "Labels.CSV").write_text(TABLE)
    told = folder.parent / "mine.csv"
    told.write_text(TABLE)
    assert main(["drop", str(folder), "--manifest", str(told), "--i-am-authorised"]) == 0
    assert keys == [{"a.png": "a.png", "b.png": "b.png", "labels.csv": "mine.csv"}]


def test_a_table_of_a_mac_and_of_excel_finds_its_films(
    folder: Path, keys: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "e\u0301te\u0301.png").write_bytes(b"film")
    (folder / "labels.csv").write_bytes("Path;Age\n.\\\u00e9t\u00e9.png;61\n".encode("cp1252"))
    assert main(["drop", str(folder), "--i-am-authorised"]) == 0
    printed = capsys.readouterr().out
    assert "labels.csv: 1 lines, windows-1252, separated by semicolons" in printed
    assert "not in this drop" not in printed
    assert len(keys[0]) == 4


def test_paths_that_begin_with_the_dropped_folder_s_name_are_told_how_they_would_match(
    folder: Path, keys: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "labels.csv").write_text("Path\nlot/a.png\nlot/b.png\n")
    assert main(["drop", str(folder), "--i-am-authorised"]) == 0
    assert "they would be with --prefix lot: 2" in capsys.readouterr().out
    assert main(["drop", str(folder), "--prefix", "lot", "--i-am-authorised"]) == 0
    printed = capsys.readouterr().out
    assert "paths that begin with the folder's own name: 2" in printed
    assert "not in this drop" not in printed
    assert set(keys[1]) == {"lot/a.png", "lot/b.png", "lot/labels.csv"}


@pytest.mark.parametrize("text", [None, "Sex\nF\n"])
def test_what_is_no_manifest_stops_the_drop(
    folder: Path,
    keys: list[dict[str, str]],
    capsys: pytest.CaptureFixture[str],
    text: str | None,
) -> None:
    told = folder.parent / "mine.csv"
    if text is not None:
        told.write_text(text)
    assert main(["drop", str(folder), "--manifest", str(told), "--i-am-authorised"]) == 2
    assert keys == []
    assert "mine.csv" in capsys.readouterr().err
