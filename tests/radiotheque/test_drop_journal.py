"""`radiotheque drop --journal`: only what is new or changed is sent, whatever cuts a run short."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

import store.objects
import store.settings
from radiotheque.__main__ import main
from radiotheque.drop_journal import DropJournal, JournalError
from schemas.identities import receipt_id
from stack import passwords
from tests.fakes.objects import FakeObjects
from tests.fakes.settings import fake_settings

NAMES: Final = ("a.png", "b.png", "jour 1/été.png", "jour 1/x.dcm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"film {name}".encode())
    return tmp_path / "films"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> FakeObjects:
    objects = FakeObjects()
    monkeypatch.setattr(store.objects, "connect", lambda _: objects)
    monkeypatch.setattr(store.settings, "load_settings", lambda *_, **__: fake_settings())
    monkeypatch.setattr(passwords, "read_secrets", lambda _: {"s3_drop_secret": "s"})
    return objects


@pytest.fixture
def drop(
    folder: Path, bucket: FakeObjects, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, list[str]]]:
    """Return what drops the folder: its code, its last line, and the keys that were sent."""

    def run(*more: str) -> tuple[int, str, list[str]]:
        bucket.calls.clear()
        words = ["drop", str(folder), "--prefix", "lot", "--i-am-authorised"]
        code = main([*words, "--journal", str(folder.parent / "journal"), *more])
        said = capsys.readouterr()
        sent = sorted(key for operation, _, key in bucket.calls if operation == "put")
        return code, (said.out or said.err).splitlines()[-1], sent

    return run


def test_only_what_is_new_or_changed_is_sent(folder: Path, drop: Any) -> None:
    every = sorted(f"lot/{name}" for name in NAMES)
    assert drop() == (0, "4 new, 0 changed, 0 unchanged, 0 failed", every)
    assert drop() == (0, "0 new, 0 changed, 4 unchanged, 0 failed", [])
    (folder / "b.png").write_bytes(b"another film")
    (folder / "c.png").write_bytes(b"a new film")
    (folder / "a.png").unlink()
    wanted = ["lot/b.png", "lot/c.png"]
    assert drop() == (0, "1 new, 1 changed, 2 unchanged, 0 failed", wanted)
    assert drop() == (0, "0 new, 0 changed, 4 unchanged, 0 failed", [])


def test_a_line_says_what_was_sent_and_nothing_else(
    folder: Path, drop: Any, bucket: FakeObjects
) -> None:
    drop()
    journal = folder.parent / "journal"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    versions = {key: version for key, version, *_ in bucket.versions("dropzone")}
    assert {line["key"] for line in lines} == set(versions)
    for line in lines:
        path = Path(line["path"])
        assert (line["size"], line["mtime_ns"]) == (path.stat().st_size, path.stat().st_mtime_ns)
        assert line["version"] == versions[line["key"]]
        assert line["receipt"] == str(receipt_id("dropzone", line["key"], line["version"]))
    assert journal.stat().st_mode & 0o777 == 0o600


def test_a_touched_file_is_hashed_once_and_not_sent(
    folder: Path, drop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop()
    os.utime(folder / "a.png", (1, 1))
    assert drop() == (0, "0 new, 0 changed, 4 unchanged, 0 failed", [])
    monkeypatch.setattr("radiotheque.drop_journal.look", None)
    assert drop()[:2] == (0, "0 new, 0 changed, 4 unchanged, 0 failed")


def test_the_same_folder_under_another_prefix_is_new(drop: Any) -> None:
    drop()
    assert drop("--prefix", "other")[1] == "4 new, 0 changed, 0 unchanged, 0 failed"


def test_what_failed_is_sent_again(drop: Any, bucket: FakeObjects) -> None:
    bucket.fail_next = 2
    code, said, sent = drop()
    assert (code, said, len(sent)) == (1, "2 new, 0 changed, 0 unchanged, 2 failed", 2)
    again = drop()
    assert again[:2] == (0, "2 new, 0 changed, 2 unchanged, 0 failed")
    assert sorted(sent + again[2]) == sorted(f"lot/{name}" for name in NAMES)


def test_a_file_that_changes_while_it_is_sent_is_sent_again(
    folder: Path, drop: Any, bucket: FakeObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = bucket.put_file

    def changing(name: str, key: str, path: Path, metadata: Any = None) -> str:
        version = put(name, key, path, metadata)
        if path.name == "b.png":
            path.write_bytes(b"the rest of it")
        return version

    with monkeypatch.context() as changed:
        changed.setattr(bucket, "put_file", changing)
        assert drop()[:2] == (1, "3 new, 0 changed, 0 unchanged, 1 failed")
    assert folder
    assert drop() == (0, "1 new, 0 changed, 3 unchanged, 0 failed", ["lot/b.png"])


def test_a_run_that_was_cut_anywhere_loses_nothing(folder: Path, drop: Any) -> None:
    drop()
    journal = folder.parent / "journal"
    whole = journal.read_bytes()
    keys = {path: f"lot/{name}" for name in NAMES for path in [folder / name]}
    ends = {at for at, byte in enumerate(whole) if byte == ord("\n")}
    ends |= {at + 1 for at in ends} | set(range(0, len(whole), 29))
    for end in sorted(ends):
        journal.write_bytes(whole[:end])
        with DropJournal.open(journal) as opened:
            found = opened.compare(keys)
        noted = whole[:end].count(b"\n")
        assert (len(found.unchanged), len(found.new), found.changed) == (noted, 4 - noted, [])
        assert journal.read_bytes() == b"".join(whole.splitlines(keepends=True)[:noted])
    journal.write_bytes(whole[:-7])
    assert drop()[1] == "1 new, 0 changed, 3 unchanged, 0 failed"
    assert drop()[1] == "0 new, 0 changed, 4 unchanged, 0 failed"


def test_a_full_disk_leaves_no_half_line_between_others(
    folder: Path, drop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = os.write, []

    def full(number: int, line: bytes) -> int:
        written.append(line)
        if len(written) == 2:
            return write(number, line[:9])
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return write(number, line)

    with monkeypatch.context() as changed:
        changed.setattr(os, "write", full)
        assert drop()[:2] == (1, "3 new, 0 changed, 0 unchanged, 1 failed")
    lines = (folder.parent / "journal").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 3
    assert drop()[:2] == (0, "1 new, 0 changed, 3 unchanged, 0 failed")


def test_two_drops_do_not_share_a_journal(folder: Path, drop: Any) -> None:
    with DropJournal.open(folder.parent / "journal"):
        code, said, sent = drop()
    assert (code, sent) == (2, [])
    assert "another drop is using the journal" in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Dupont\n", "another file"),
        ('{"key": 1}\n{"key": 2}\n', "line 1"),
        ("a.png\nb.png\n", "line 1"),
    ],
)
def test_another_file_is_no_journal_and_stays_as_it_is(
    folder: Path, drop: Any, text: str, why: str
) -> None:
    journal = folder.parent / "journal"
    journal.write_text(text)
    code, said, sent = drop()
    assert (code, sent) == (2, [])
    assert why in said
    assert journal.read_text() == text


def test_a_journal_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(JournalError, match="want a journal that can be written"),
        DropJournal.open(tmp_path / "none" / "journal"),
    ):
        pass


def test_an_empty_folder_is_an_error_with_a_journal_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A nightly job whose share is not mounted must not end well."""
    (tmp_path / "films").mkdir()
    journal = tmp_path / "journal"
    words = ["drop", str(tmp_path / "films"), "--journal", str(journal), "--i-am-authorised"]
    assert main(words) == 2
    assert "found none" in capsys.readouterr().err
    assert not journal.exists()
