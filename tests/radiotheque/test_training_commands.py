"""`radiotheque train|export|...`: words go to the training environment as they came."""

from pathlib import Path
from typing import Any

import pytest

from radiotheque.__main__ import main


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
