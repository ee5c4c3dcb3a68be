"""`radiotheque drop`: what a depositor states and says, before anything is sent."""

import io
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from radiotheque import film_commands
from radiotheque.__main__ import main
from radiotheque.demo import PHANTOMS_SAY
from schemas.provenance import STATEMENT_VERSION, STATEMENTS, DepositorSays
from tests.fakes.objects import FakeObjects


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(b"film")
    return tmp_path


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[DepositorSays]:
    """Return what was said of each drop that would have left."""
    said: list[DepositorSays] = []

    def send(state: Any, keys: Mapping[Path, str], says: DepositorSays) -> dict[Path, str]:
        assert state
        assert list(keys.values()) == ["a.png"]
        said.append(says)
        return {}

    monkeypatch.setattr(film_commands, "drop_files", send)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    return said


def test_without_the_flag_or_a_terminal_nothing_is_sent(
    folder: Path, sent: list[DepositorSays], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drop", str(folder)]) == 2
    assert sent == []
    printed = capsys.readouterr().err
    assert all(text in printed for text in STATEMENTS[STATEMENT_VERSION])
    assert "--i-am-authorised" in printed


@pytest.mark.parametrize(("typed", "code"), [("o\n", 0), ("Yes\n", 0), ("n\n", 2), ("", 2)])
def test_on_a_terminal_it_asks(
    folder: Path,
    sent: list[DepositorSays],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    code: int,
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert main(["drop", str(folder)]) == code
    assert len(sent) == (code == 0)


def test_what_is_said_goes_along_and_private_is_the_default(
    folder: Path, sent: list[DepositorSays]
) -> None:
    flag = "--i-am-authorised"
    assert main(["drop", str(folder), flag]) == 0
    options = ["--source", "nih-cxr14", "--licence", "CC0-1.0", "--sharing", "open"]
    assert main(["drop", str(folder), flag, *options]) == 0
    assert [says.metadata() for says in sent] == [
        {"statement": STATEMENT_VERSION, "sharing": "private"},
        {
            "statement": STATEMENT_VERSION,
            "source": "nih-cxr14",
            "licence": "CC0-1.0",
            "sharing": "open",
        },
    ]


@pytest.mark.parametrize("options", [["--source", "Dr. Dupont"], ["--sharing", "open"]])
def test_what_could_not_be_kept_is_refused_before_anything_is_sent(
    folder: Path, sent: list[DepositorSays], options: list[str]
) -> None:
    assert main(["drop", str(folder), "--i-am-authorised", *options]) == 2
    assert sent == []


def test_the_demo_s_phantoms_are_open_and_stated() -> None:
    assert PHANTOMS_SAY.metadata() == {
        "statement": STATEMENT_VERSION,
        "source": "phantom",
        "licence": "CC0-1.0",
        "sharing": "open",
    }


def test_of_a_patients_cd_the_films_are_dropped_and_the_rest_is_counted_in_one_line(
    folder: Path, sent: list[DepositorSays], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    (folder / "AUTORUN.INF").write_bytes(b"[autorun]")
    assert main(["drop", str(folder), "--i-am-authorised"]) == 0
    assert len(sent) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("left 2 files that are no films")


def test_a_folder_without_films_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_bytes(b"Bonjour")
    assert main(["drop", str(tmp_path), "--i-am-authorised"]) == 2
    assert "want a folder with films" in capsys.readouterr().err


def test_what_cannot_be_read_is_named_and_the_rest_is_dropped(
    folder: Path, sent: list[DepositorSays], capsys: pytest.CaptureFixture[str]
) -> None:
    gone = folder / "gone.png"
    gone.symlink_to(folder / "nothing.png")
    os.mkfifo(folder / "pipe.png")

    assert main(["drop", str(folder), "--i-am-authorised"]) == 1

    assert len(sent) == 1
    printed = capsys.readouterr()
    assert f"drop: {gone}: No such file or directory" in printed.err
    assert printed.err.endswith(f"drop: not done: {gone}\n")
    assert "1 of 1 files are in the bucket" in printed.out


def test_a_file_that_goes_while_others_are_sent_is_named_and_the_rest_is_dropped(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "b.png").write_bytes(b"another")
    objects, put_file = FakeObjects(), FakeObjects.put_file

    def put(bucket: str, key: str, path: Path, said: Mapping[str, str] | None = None) -> str:
        (folder / "a.png").unlink(missing_ok=True)
        return put_file(objects, bucket, key, path, said)

    monkeypatch.setattr(objects, "put_file", put)
    monkeypatch.setattr("store.settings.load_settings", lambda *_, **more: more)
    monkeypatch.setattr("store.objects.connect", lambda _: objects)
    monkeypatch.setattr("stack.passwords.read_secrets", lambda _: {"s3_drop_secret": "s"})

    assert main(["drop", str(folder), "--i-am-authorised"]) == 1

    assert objects.keys("dropzone") == ["b.png"]
    printed = capsys.readouterr()
    assert f"refused {folder / 'a.png'}" in printed.err
    assert printed.err.endswith(f"drop: not done: {folder / 'a.png'}\n")
    assert "1 of 2 files are in the bucket" in printed.out


def test_of_files_to_predict_those_that_cannot_be_read_are_named_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def predictions(files: list[Path]) -> Iterator[dict[str, Any]]:
        for path in files:
            yield {"file": str(path)} | ({"unreadable": "gone"} if "x" in path.name else {})

    monkeypatch.setattr(film_commands, "predictions", predictions)

    assert main(["predict", "a", "b"]) == 0
    assert main(["predict", "x1", "a", *(f"x{number}" for number in range(2, 24))]) == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2 + 24
    assert printed.err.startswith("predict: not done: x1, x2, x3")
    assert printed.err.endswith("x20 and 3 more\n")
