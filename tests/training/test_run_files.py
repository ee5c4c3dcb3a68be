"""Files of a run: what is written is read again, and bad ones are named."""

from pathlib import Path

import numpy as np
import pytest

from schemas.models import OperatingPoint, OperatingPoints
from training import backbones
from training.__main__ import main
from training.data.problems import Problem, write_problems
from training.data.table import NO_AGE, NOT_MENTIONED, FilmTable
from training.errors import WrongInput
from training.evaluate.points_file import load_points, save_points
from training.evaluate.predictions import Predictions
from training.run_folder import RunFolder


def words(*each: str) -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
    return np.array(each, dtype=np.str_)


def predictions() -> Predictions:
    labels = np.full((2, 14), NOT_MENTIONED, np.int8)
    labels[0, :3] = (1, 0, -1)
    scores = np.full((2, 14), np.nan)
    scores[:, 1] = (0.123456789, 1.0)
    table = FilmTable(
        paths=words("a, b.jpg", "é.jpg"),
        files=words("", ""),
        patients=words("p1", "p2"),
        labels=labels,
        views=words("PA", ""),
        sexes=words("F", ""),
        ages=np.array([0, NO_AGE], np.int16),
        sources=words("here", ""),
        fixed=words("", ""),
    )
    return Predictions(table, words("train", "test"), scores)


def test_predictions_are_read_as_they_were_written(tmp_path: Path) -> None:
    wrote = predictions()
    wrote.save(tmp_path / "predictions.csv")
    read = Predictions.load(tmp_path / "predictions.csv")
    np.testing.assert_array_equal(read.scores, wrote.scores)
    for name, column in vars(wrote.table).items():
        np.testing.assert_array_equal(getattr(read.table, name), column)
    assert read.of("test").table.paths.tolist() == ["é.jpg"]


def test_another_table_is_no_predictions(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("Path,Sex\na.jpg,M\n")
    with pytest.raises(WrongInput, match=r"predictions\.csv, came \['Path', 'Sex'\]"):
        Predictions.load(tmp_path / "train.csv")


def test_a_column_of_another_length_is_refused() -> None:
    table = predictions().table
    with pytest.raises(ValueError, match=r"sexes: wanted \(2,\), came \(1,\)"):
        FilmTable(**(vars(table) | {"sexes": words("F")}))


def test_operating_points_are_read_as_they_were_written(tmp_path: Path) -> None:
    point = OperatingPoint(threshold=0.123456, sensitivity=0.9, specificity=0.5)
    wrote = {"Edema": OperatingPoints(alert=point, sensitive=point)}
    save_points(wrote, tmp_path / "operating_points.json")
    assert load_points(tmp_path / "operating_points.json") == wrote
    with pytest.raises(WrongInput, match=r"there is no .*other"):
        load_points(tmp_path / "other")
    (tmp_path / "wrong.json").write_text('{"Edema": {"alert": 1}}')
    with pytest.raises(WrongInput, match=r"wrong\.json: Edema\.alert: "):
        load_points(tmp_path / "wrong.json")


def test_each_problem_is_named_once(tmp_path: Path) -> None:
    twice = Problem("b.jpg", "there is no such file")
    write_problems([twice, Problem("a.jpg", "listed twice"), twice], tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_text() == (
        "Path,reason\na.jpg,listed twice\nb.jpg,there is no such file\n"
    )


def test_a_run_never_goes_into_a_folder_that_exists(tmp_path: Path) -> None:
    RunFolder.new(tmp_path / "deep" / "run")
    with pytest.raises(WrongInput, match="--out: wanted a new folder"):
        RunFolder.new(tmp_path / "deep" / "run")
    with pytest.raises(WrongInput, match=r"has no settings\.json"):
        RunFolder.of(tmp_path / "deep" / "run")


def test_an_unknown_command_ends_with_two_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dance"])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_key_that_interrupts_ends_with_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.commands.evaluate.run", interrupted)
    words = ["evaluate", str(tmp_path), str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(words) == 130
    assert capsys.readouterr().err == "radiotheque evaluate: stopped from the keyboard\n"


def test_a_name_is_registered_once() -> None:
    one = backbones.Backbone("twice", 64, lambda side, weights: (side, weights), ())
    backbones.register(one)
    try:
        with pytest.raises(ValueError, match="'twice', which is registered"):
            backbones.register(one)
    finally:
        backbones._REGISTERED.pop("twice")
