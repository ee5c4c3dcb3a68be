"""`radiotheque train|export|...`: words go to the training environment as they came."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from radiotheque.__main__ import main
from radiotheque.library_snapshot import Snapshot
from radiotheque.training_commands import WITHOUT_VALUE
from training.commands import compare, evaluate, train


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """Return the words that the training environment is started with; it ends with 2."""
    words: list[list[str]] = []

    def run_in_terminal(command: list[Any], settings: dict[str, str]) -> int:
        assert settings["PYTHONPATH"]
        words.append([str(word) for word in command[1:]])
        return 2

    monkeypatch.setattr("stack.run.run_in_terminal", run_in_terminal)
    monkeypatch.setattr("stack.installs.training_env", lambda: tmp_path)
    return words


def test_the_export_of_a_run_s_folder_is_the_export_of_its_model(
    asked: list[list[str]], tmp_path: Path
) -> None:
    assert main(["export", str(tmp_path)]) == 2
    assert main(["export", str(tmp_path), "--name", "mine"]) == 2
    begin = ["-m", "training", "export", str(tmp_path)]
    assert asked == [begin, [*begin, "--name", "mine"]]


def test_what_is_neither_a_run_nor_a_zip_is_refused_in_one_line(
    asked: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ([str(tmp_path / "run")], [str(tmp_path / "library.zip"), "--name", "mine"]):
        assert main(["export", *words]) == 2
        said = capsys.readouterr().err
        assert said.startswith("radiotheque export: wanted a run's folder, or a file .zip")
        assert len(said.splitlines()) == 1
    assert asked == []


@pytest.fixture
def snapshots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path | None]:
    """Return the folders that a snapshot of the library is asked into; it lies in `taken`."""
    roots: list[Path | None] = []

    def library_snapshot(root: Path | None) -> Snapshot:
        roots.append(root)
        return Snapshot(tmp_path / "taken", 3, 3, Counter())

    monkeypatch.setattr("radiotheque.library_snapshot.library_snapshot", library_snapshot)
    return roots


@pytest.mark.parametrize(
    ("said", "root", "passed"),
    [
        ("train library --backbone B --out o", None, "train DATA --backbone B --out o"),
        ("train --backbone B --resume library", None, "train --backbone B --resume DATA"),
        ("train --out=library library", None, "train --out=library DATA"),
        ("compare --snapshot s library --out o", "s", "compare DATA --out o"),
        ("compare library --snapshot=s --out o", "s", "compare DATA --out o"),
        ("evaluate library library --part all", None, "evaluate library DATA --part all"),
    ],
)
def test_the_word_library_as_data_becomes_a_snapshots_folder(
    *,
    said: str,
    root: str | None,
    passed: str,
    asked: list[list[str]],
    snapshots: list[Path | None],
    tmp_path: Path,
) -> None:
    assert main(said.split()) == 2
    assert snapshots == [None if root is None else Path(root)]
    taken = str(tmp_path / "taken")
    assert asked == [["-m", "training", *passed.replace("DATA", taken).split()]]


@pytest.mark.parametrize(
    "said",
    [
        "train ./library --backbone B --out o",
        "train films --out library",
        "train library --help",
        "evaluate library films",
        "train films --snapshot s",
    ],
)
def test_the_word_library_anywhere_else_is_passed_on(
    said: str, asked: list[list[str]], snapshots: list[Path | None]
) -> None:
    assert main(said.split()) == 2
    assert snapshots == []
    assert asked == [["-m", "training", *said.split()]]


def test_a_library_that_does_not_run_is_told_in_one_line(
    asked: list[list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RADIOTHEQUE_STATE", str(tmp_path / "nothing"))
    for words in (["train", "library"], ["evaluate", "run", "library", "--snapshot"]):
        assert main(words) == 2
    first, second = capsys.readouterr().err.splitlines()
    wanted = "radiotheque train: library: wanted the stack to run (`radiotheque up`): "
    assert first.startswith(wanted)
    assert second == "radiotheque evaluate: wanted --snapshot DIR, came --snapshot alone"
    assert asked == []
    assert not (tmp_path / "nothing").exists()


def test_the_flags_without_a_value_are_those_of_the_training_commands() -> None:
    without = set()
    for command in (train, compare, evaluate):
        parsers = argparse.ArgumentParser().add_subparsers()
        command.register(parsers)
        for parser in parsers.choices.values():
            without |= {
                flag
                for action in parser._actions
                if action.nargs == 0
                for flag in action.option_strings
            }
    assert without - {"-h", "--help"} == WITHOUT_VALUE
