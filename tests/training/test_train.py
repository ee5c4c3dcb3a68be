"""`radiotheque train` from films to a run's folder, on drawn films in CheXpert's layout."""

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.findings import FINDINGS
from schemas.models import ModelManifest
from tests.training.drawn_chexpert import RARE, draw_chexpert
from tests.training.environment import run_training
from training.__main__ import main
from training.evaluate.predictions import Predictions
from training.evaluate.run_metrics import RunMetrics
from training.fit.linear import Heads
from training.fit.run_settings import RunSettings

pytestmark = [pytest.mark.training, pytest.mark.timeout(900)]

FILMS = 160
FLAGS = ("--backbone", "EfficientNetLite0", "--side", "64", "--policy")


@dataclass(frozen=True)
class Runs:
    """folder: of films (`Small`) and runs. said: what each command said, by the run's name."""

    folder: Path
    said: dict[str, Any]

    def file(self, run: str, name: str) -> Path:
        return self.folder / run / name


def commands(folder: Path, runs: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Run `train` on the drawn films with these words, in one process; `--out` is the name."""
    data = str(folder / "Small")
    words = [["train", data, *each, "--out", str(folder / name)] for name, each in runs.items()]
    (folder / "runs.json").write_text(json.dumps(words))
    done = run_training("tests.training.train_runs", folder / "out.json", folder / "runs.json")
    assert done.returncode == 0
    return dict(zip(runs, json.loads((folder / "out.json").read_text()), strict=True))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("train")
    data = draw_chexpert(folder, FILMS)
    with (data / "train.csv").open("a") as file:
        # One film that is listed twice, one that is not there, one that is no picture.
        lines = (data / "train.csv").read_text().splitlines()
        (folder / "Small" / "train" / "broken.jpg").write_bytes(b"no film")
        gone = lines[1].replace("patient00000", "patient99999")
        broken = ",".join(["Small/train/broken.jpg", *lines[1].split(",")[1:]])
        file.write("\n".join((lines[1], gone, broken)) + "\n")
    said = commands(
        folder,
        {
            "one": (*FLAGS, "ones,Edema=multi-class", "--seed", "3"),
            "other": (*FLAGS, "self-trained", "--seed", "3", "--balance", "none"),
            "bare": ("--backbone", "MobileNetV9"),
        },
    )
    tuned = "--backbone MobileNetV2 --weights none --side 64 --fit fine-tune --epochs 1 --batch 16"
    policy = ("--policy", "self-trained,Edema=multi-class")
    # Runs that were stopped once they had given each patient a part, and what they had by then.
    for name in ("again", "other films"):
        (folder / name).mkdir()
        for written in ("settings.json", "split.csv", "problems.csv"):
            shutil.copy(folder / "one" / written, folder / name / written)
    split = folder / "other films" / "split.csv"
    split.write_text(split.read_text().replace("train", "valid", 1))
    resumed = (*FLAGS, "ones,Edema=multi-class", "--seed", "3", "--resume", "--cache")
    second = {
        "again": (*resumed, str(folder / "again-cache")),
        "other films": (*resumed, str(folder / "again-cache")),
        "tuned": (*tuned.split(), *policy),
    }
    said |= commands(folder, second)
    return Runs(folder, said)


def test_a_run_keeps_its_settings_and_ends_with_nothing_wrong(runs: Runs) -> None:
    for name in ("one", "other", "again"):
        assert runs.said[name]["status"] == 0
    kept = RunSettings.load(runs.file("one", "settings.json"))
    assert (kept.backbone, kept.side, kept.seed) == ("EfficientNetLite0", 64, 3)
    assert (kept.policy, kept.policies) == ("ones", {"Edema": "multi-class"})
    assert str(runs.folder) not in runs.file("one", "settings.json").read_text()


def test_what_is_wrong_with_films_is_named_once_and_the_rest_goes_on(runs: Runs) -> None:
    with runs.file("one", "problems.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["Path", "reason"]
    paths = [path for path, _ in rows[1:]]
    first = "Small/train/patient00000/study1/view1_frontal.jpg"
    for path in (first, first.replace("00000", "99999"), "Small/train/broken.jpg", RARE):
        assert paths.count(path) == 1
    with runs.file("one", "split.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == FILMS
    assert {line["part"] for line in lines} == {"train", "valid", "test"}


#: R14-091's, and what `export` and `models add` want besides.
FILES = (
    "settings.json", "split.csv", "problems.csv", "metrics.json", "predictions.csv", "curves.csv",
    "report.html", "model.keras", "model.onnx", "model.json", "operating_points.json",
    "heads.npz", "projection.npz", "card.md",
)  # fmt: skip


@pytest.mark.parametrize("run", ["one", "tuned"])
def test_a_run_s_folder_holds_every_file(runs: Runs, run: str) -> None:
    assert runs.said[run]["status"] == 0
    assert [name for name in FILES if not runs.file(run, name).is_file()] == []


def test_a_run_s_card_and_manifest_say_what_its_figures_say(runs: Runs) -> None:
    metrics = RunMetrics.load(runs.file("one", "metrics.json"))
    manifest = ModelManifest.model_validate_json(runs.file("one", "model.json").read_bytes())
    card = runs.file("one", "card.md").read_text()
    assert f"{metrics.macro.auroc:.3f} (" in card
    assert "missing: the run" not in card
    assert set(manifest.verdicts) == set(manifest.assessed)
    for name in manifest.assessed:
        assert f"| {manifest.reliability(name)} |" in next(
            line for line in card.splitlines() if line.startswith(f"| {name} | ")
        )


def test_a_tuned_backbone_is_not_the_one_that_it_began_as(runs: Runs) -> None:
    features = runs.folder / "training-cache"
    # Of the network as it came, for the first fit of self-trained, and of the tuned one.
    networks = runs.said["tuned"]["stderr"].count("features of films: 160 / 160")
    assert networks == 2
    assert len(list(features.glob("features-*"))) == 3


def test_heads_rank_films_of_patients_they_never_saw(runs: Runs) -> None:
    metrics = json.loads(runs.file("one", "metrics.json").read_text())
    assert metrics["part"] == "test"
    # Bars are easy: a fit that mixed up films, labels or columns would be near 0.5.
    assert metrics["macro"]["auroc"] > 0.7
    other = json.loads(runs.file("other", "metrics.json").read_text())
    assert other["macro"]["auroc"] > 0.7
    assert other != metrics


def test_a_finding_that_could_not_be_fitted_has_no_score_and_is_never_nought(runs: Runs) -> None:
    predictions = Predictions.load(runs.file("one", "predictions.csv"))
    names = Heads.load(runs.file("one", "heads.npz")).names
    assert RARE not in names
    for column, name in enumerate(FINDINGS):
        assert np.isnan(predictions.scores[:, column]).all() == (name not in names)
    assert (
        json.loads(runs.file("one", "metrics.json").read_text())["findings"][RARE]["auroc"] is None
    )


def test_features_are_kept_so_that_another_policy_begins_with_the_heads(runs: Runs) -> None:
    assert "features of films" in runs.said["one"]["stderr"]
    assert "features of films" not in runs.said["other"]["stderr"]
    assert (
        runs.file("one", "split.csv").read_bytes() == runs.file("other", "split.csv").read_bytes()
    )


def test_the_same_data_flags_and_seed_give_an_equal_metrics_json(runs: Runs) -> None:
    # In another process, by features of its own, after the first had been stopped and resumed.
    for name in ("metrics.json", "predictions.csv", "split.csv", "heads.npz", "model.onnx"):
        assert runs.file("one", name).read_bytes() == runs.file("again", name).read_bytes()
    assert "features of films" in runs.said["again"]["stderr"]
    assert "NaN" not in runs.file("one", "metrics.json").read_text()


def test_a_run_never_goes_on_with_other_films(runs: Runs) -> None:
    said = runs.said["other films"]
    assert said["status"] == 2
    assert "was begun with other films than these" in said["stderr"]


def test_metrics_json_has_the_stated_keys(runs: Runs) -> None:
    metrics = json.loads(runs.file("one", "metrics.json").read_text())
    assert list(metrics["findings"]) == list(FINDINGS)
    stated = {"auroc", "auroc_low", "auroc_high", "auprc", "precision", "recall", "f1", "support"}
    for finding in metrics["findings"].values():
        assert stated | {"ece", "brier", "operating_points"} <= set(finding)
    for average in ("macro", "micro", "weighted", "samples"):
        assert {"auroc", "auprc", "precision", "recall", "f1"} <= set(metrics[average])
    # Of the five one has too few films here or another has not: null unless all have a figure.
    five = ("Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Pleural Effusion")
    each = [metrics["findings"][name]["auroc"] for name in five]
    wanted = None if None in each else pytest.approx(np.mean(each), abs=1e-5)
    assert metrics["competition_five"] == wanted


def test_an_unknown_backbone_is_one_line_that_lists_them_and_leaves_no_folder(runs: Runs) -> None:
    said = runs.said["bare"]
    assert said["status"] == 2
    assert len(said["stderr"].splitlines()) == 1
    assert "MobileNetV2" in said["stderr"]
    assert not (runs.folder / "bare").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--policy", "often"), "--policy: wanted one of ignore, zeros"),
        (("--policy", "ones,Oedema=zeros"), "came 'Oedema=zeros'"),
        (("--policy", "ones,Edema=often"), "came 'often'"),
        (("--weights", "nowhere.h5"), "--weights: wanted imagenet, none or a file; nowhere.h5"),
        (("--policy", "ones,Edema=zeros,Edema=ones"), "--policy: wanted each finding once"),
        (("--seed", str(2**32)), "--seed: "),
        (("--side", "63"), "--side: "),
        (("--rate", "inf"), "--rate: "),
        (("--epochs", "none"), "--epochs: invalid int value"),
        (("--preset", "original", "--side", "64"), "--side: --preset original sets 224, came 64"),
        (("--out", "."), "--out: wanted a new folder"),
        (("--out", "new", "--resume"), "--resume: wanted the folder of a run"),
    ],
)
def test_a_wrong_flag_ends_with_two_and_one_line(
    words: tuple[str, ...],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["train", str(tmp_path), "--backbone", "MobileNetV2", "--out", str(tmp_path / "r")]
    try:
        status = main([*given, *words])
    except SystemExit as ended:
        status = int(ended.code or 0)
    assert status == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
