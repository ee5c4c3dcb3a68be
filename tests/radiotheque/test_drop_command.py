"""`radiotheque drop`: what a depositor states and says, before anything is sent."""

import io
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from radiotheque import film_commands
from radiotheque.__main__ import main
from radiotheque.demo import PHANTOMS_SAY
from schemas.errors import Refusal
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
    pipe = folder / "pipe.png"
    os.mkfifo(pipe)
    os.mkfifo(folder / "pipe")

    assert main(["drop", str(folder), "--i-am-authorised"]) == 1

    assert len(sent) == 1
    printed = capsys.readouterr()
    assert f"drop: {gone}: No such file or directory" in printed.err
    assert f"drop: {pipe}: want a file, got a pipe, socket or device" in printed.err
    assert printed.err.endswith(f"drop: not done: {gone}, {pipe}\n")
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


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Return what was sent, by key."""
    sent: dict[str, Path] = {}

    def send(state: Any, files: Mapping[Path, str], says: DepositorSays) -> dict[Path, str]:
        assert state
        assert says
        sent.update({key: path for path, key in files.items()})
        return {}

    monkeypatch.setattr(film_commands, "drop_files", send)
    return sent


def drop(*words: object) -> int:
    return main(["drop", *map(str, words), "--i-am-authorised"])


def test_files_and_folders_are_dropped_and_what_is_missing_is_named(
    folder: Path, keys: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    inner = folder / "lot" / "deep"
    inner.mkdir(parents=True)
    for path in (inner / "b.png", folder / "pipe.png", folder / "device.png"):
        path.write_bytes(b"film")
    (folder / "pipe.png").unlink()
    os.mkfifo(folder / "pipe.png")
    (folder / "device.png").unlink()
    (folder / "device.png").symlink_to("/dev/zero")
    bad = [folder / name for name in ("gone.png", "pipe.png", "device.png")]
    assert drop(*bad, folder / "a.png", folder / "lot", "--prefix", "x/") == 1
    assert keys == {"x/a.png": folder / "a.png", "x/deep/b.png": inner / "b.png"}
    printed = capsys.readouterr()
    assert f"drop: {bad[0]}: No such file or directory" in printed.err
    assert printed.err.endswith(f"drop: not done: {', '.join(map(str, bad))}\n")
    assert "2 of 2 files are in the bucket" in printed.out


def test_a_file_whose_name_is_not_utf_8_is_named_and_the_rest_is_dropped(
    folder: Path, keys: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png"))
    odd.write_bytes(b"film")
    assert drop(folder) == 1
    assert keys == {"a.png": folder / "a.png"}
    printed = capsys.readouterr().err
    assert "want a name in UTF-8" in printed
    assert "drop: not done: " in printed


@pytest.mark.parametrize(
    ("prefix", "said"),
    [("uploads/", "which is the browser's"), ("uploads/x", "which is the browser's"),
     ("../x", "want folders"), ("a/../b", "want folders"), ("a//b", "want folders"),
     ("./a", "want folders"), ("a\udce9", "want folders"), ("x" * 300, "want folders")],
)  # fmt: skip
def test_a_prefix_that_no_key_may_have_fails_once_before_anything_is_sent(
    prefix: str, said: str, folder: Path, keys: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        drop(folder, "--prefix", prefix)
    assert ended.value.code == 2
    assert keys == {}
    assert said in capsys.readouterr().err


def test_where_no_path_is_there_nothing_is_asked(
    tmp_path: Path, keys: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert drop(tmp_path / "gone.png", tmp_path / "gone") == 2
    assert keys == {}
    printed = capsys.readouterr().err
    assert f"drop: {tmp_path / 'gone'}: No such file or directory" in printed
    assert "drop: want a folder, or films, got" in printed
    assert STATEMENTS[STATEMENT_VERSION][0] not in printed


def test_of_two_files_of_one_key_the_second_is_named_and_not_sent(
    folder: Path, keys: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    other = folder / "lot" / "a.png"
    other.parent.mkdir()
    other.write_bytes(b"another")
    assert drop(folder / "a.png", other) == 1
    assert keys == {"a.png": folder / "a.png"}
    printed = capsys.readouterr().err
    assert f"drop: {other}: want one file for the key a.png, got {folder / 'a.png'}" in printed
    assert printed.endswith(f"drop: not done: {other}\n")


def test_a_file_that_is_named_twice_is_sent_once(folder: Path, keys: dict[str, Path]) -> None:
    (folder / "lot").mkdir()
    assert drop(folder, folder / "a.png", folder / "lot" / ".." / "a.png") == 0
    assert keys == {"a.png": folder / "a.png"}


def test_a_manifest_goes_with_files_and_folders(folder: Path, keys: dict[str, Path]) -> None:
    told = folder / "mine.csv"
    told.write_text("Path,Age\na.png,61\n")
    (folder / "lot").mkdir()
    (folder / "lot" / "labels.csv").write_text("Path\n")
    assert drop(folder / "a.png", folder / "lot", "--manifest", told) == 0
    assert keys == {"a.png": folder / "a.png", "labels.csv": told}


def test_another_manifest_than_the_one_that_is_told_is_named(
    folder: Path, keys: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    told, other = folder / "mine.csv", folder / "labels.csv"
    for table in (told, other):
        table.write_text("Path,Age\na.png,61\n")
    assert drop(folder / "a.png", other, "--manifest", told) == 1
    assert keys == {"a.png": folder / "a.png", "labels.csv": told}
    assert capsys.readouterr().err.endswith(f"drop: not done: {other}\n")


def test_a_manifest_that_is_a_pipe_is_said(
    folder: Path, keys: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(folder / "mine.csv")
    assert drop(folder, "--manifest", folder / "mine.csv") == 2
    assert keys == {}
    assert "mine.csv: want a file, got a pipe, socket or device" in capsys.readouterr().err


def test_whatever_is_no_file_is_unreadable_to_predict_and_the_rest_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(folder / "pipe.png")
    monkeypatch.setattr("radiotheque.preparation.program_settings", MagicMock())
    for name in ("store.rows.connect", "store.objects.connect", "workers.triton.TritonModel"):
        monkeypatch.setattr(name, MagicMock())
    monkeypatch.setattr("ingest.text_reader.RapidReader", MagicMock())
    monkeypatch.setattr("ingest.text_marks.Marks", MagicMock())

    def refuse(data: bytes, *_: object, **__: object) -> None:
        raise Refusal("not-an-image", wanted="a film", came=data.decode())

    monkeypatch.setattr("ingest.film_of_file.film_of_file", refuse)
    files = [folder / "pipe.png", Path("/dev/zero"), folder, folder / "a.png"]
    *unreadable, read = film_commands.predictions(files)
    no_file = "want a file, got a pipe, socket or device"
    assert [each["unreadable"] for each in unreadable] == [no_file, no_file, "Is a directory"]
    assert read["refused"]["came"] == "film"
