"""`radiotheque compare` and `evaluate`, on drawn films in CheXpert's layout."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.drawn_chexpert import draw_chexpert
from tests.training.environment import run_training
from training.commands.compare import backbones_of, weights_of
from training.commands.evaluate import prevalences
from training.errors import WrongInput
from training.evaluate.predictions import Predictions

pytestmark = [pytest.mark.training, pytest.mark.timeout(600)]

BACKBONES = ("MobileNetV2", "EfficientNetLite0")
FLAGS = (
    "--side",
    "64",
    "--weights",
    "none,EfficientNetLite0=imagenet",
    "--policy",
    "ones",
    "--seed",
    "3",
)


@dataclass(frozen=True)
class Made:
    """folder: `Small` and `Other` are films; said: what each command said, in their order."""

    folder: Path
    said: list[dict[str, Any]]

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("compare")
    data = str(draw_chexpert(folder, 120))
    other = folder / "elsewhere"
    other.mkdir()
    draw_chexpert(other, 40, seed=9)
    (other / "Small" / "train" / "patient00003" / "study1" / "view1_frontal.jpg").write_bytes(b"x")
    run, out = str(folder / "both" / "MobileNetV2"), str(folder / "both")
    named = ",".join(BACKBONES)
    words = [
        ["compare", data, "--backbones", named, *FLAGS, "--out", out],
        ["evaluate", run, data, "--out", str(folder / "own")],
        [
            "evaluate", run, str(other / "Small"), "--out", str(folder / "others"),
            "--part", "all", "--prevalence", "0.05,Edema=0.1", "--decision", "sensitive",
        ],
        ["compare", data, "--backbones", named, *FLAGS, "--out", out, "--resume"],
        ["compare", data, "--backbones", named, *FLAGS, "--out", out],
        ["compare", data, "--backbones", f"{named},VGG", *FLAGS, "--out", str(folder / "no")],
        ["evaluate", data, data, "--out", str(folder / "no")],
        ["evaluate", run, data, "--out", str(folder / "no"), "--decision", "youden"],
    ]  # fmt: skip
    (folder / "runs.json").write_text(json.dumps(words))
    done = run_training("tests.training.train_runs", folder / "out.json", folder / "runs.json")
    assert done.returncode == 0
    return Made(folder, json.loads((folder / "out.json").read_text()))


def test_backbones_are_compared_on_one_split_each_in_a_run_of_its_own(made: Made) -> None:
    assert made.said[0]["status"] == 0, made.said[0]["stderr"]
    both = made.folder / "both"
    splits = {(both / name / "split.csv").read_bytes() for name in BACKBONES}
    assert len(splits) == 1
    found = made.json("both/compare.json")
    assert [run["backbone"] for run in found["runs"]] == list(BACKBONES)
    for run in found["runs"]:
        own = made.json(f"both/{run['backbone']}/metrics.json")
        assert run["competition_five"] == own["competition_five"]
        assert run["macro"] == own["macro"]
        assert "images_per_second" not in own
        assert run["images_per_second"] > 1
        assert run["megabytes"] > 4
        assert run["weights"] == ("imagenet" if run["backbone"] == BACKBONES[1] else "none")
        assert run["parameters"] > 2e6
    assert found["runs"][0]["parameters"] < found["runs"][1]["parameters"]
    assert found["processor"]["name"]


def test_each_pair_s_difference_is_that_of_its_runs_with_an_interval(made: Made) -> None:
    found = made.json("both/compare.json")
    (pair,) = found["pairs"]
    assert (pair["one"], pair["other"]) == BACKBONES
    one, other = (made.json(f"both/{name}/metrics.json")["macro"]["auroc"] for name in BACKBONES)
    macro = pair["macro"]
    assert macro["difference"] == pytest.approx(one - other, abs=2e-6)
    assert macro["low"] <= macro["difference"] <= macro["high"]
    assert macro["more_than_chance"] == (macro["low"] > 0 or macro["high"] < 0)


def test_the_table_is_printed_written_and_drawn(made: Made) -> None:
    with (made.folder / "both" / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["backbone"] for row in rows] == list(BACKBONES)
    found = made.json("both/compare.json")["runs"]
    assert float(rows[0]["auroc"]) == found[0]["macro"]["auroc"]
    printed = made.said[0]["stdout"]
    page = (made.folder / "both" / "compare.html").read_text()
    for run in found:
        assert f"{run['parameters']:,}" in printed
        assert f"{run['parameters']:,}" in page
        assert f'href="{run["folder"]}/report.html"' in page
    assert f"{' - '.join(BACKBONES)}: " in printed
    assert page.count("<svg") == 2
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_a_comparison_that_is_done_is_told_again_without_a_fit(made: Made) -> None:
    assert made.said[3]["status"] == 0
    assert "heads of" in made.said[0]["stdout"]
    assert "heads of" not in made.said[3]["stdout"]
    # Images per second are measured anew; nothing else may differ.
    lines = [
        [line for line in made.said[n]["stdout"].splitlines() if line.startswith("MobileNetV2 - ")]
        for n in (0, 3)
    ]
    assert lines[0] == lines[1] != []


def test_a_run_s_own_films_are_judged_as_the_run_judged_them(made: Made) -> None:
    assert made.said[1]["status"] == 0, made.said[1]["stderr"]
    own, ran = made.json("own/metrics.json"), made.json("both/MobileNetV2/metrics.json")
    assert own["films"] == ran["films"]
    assert own["findings"]["Edema"]["support"] == ran["findings"]["Edema"]["support"]
    # The served graph rounds as a network does, the heads as numbers do.
    assert own["macro"]["auroc"] == pytest.approx(ran["macro"]["auroc"], abs=0.01)
    assert own["alerts"].keys() == {"sensitive", "alert", "specific"}
    kept = [
        Predictions.load(made.folder / name / "predictions.csv")
        for name in ("own", "both/MobileNetV2")
    ]
    np.testing.assert_array_equal(kept[0].parts, kept[1].parts)
    np.testing.assert_allclose(kept[0].scores, kept[1].scores, atol=1e-3)
    names = {"metrics.json", "report.html", "predictions.csv", "curves.csv", "problems.csv"}
    assert {each.name for each in (made.folder / "own").iterdir()} == names


def test_other_films_are_judged_as_asked_and_unreadable_ones_are_named(made: Made) -> None:
    assert made.said[2]["status"] == 0, made.said[2]["stderr"]
    found = made.json("others/metrics.json")
    assert (found["part"], found["films"]) == ("all", 39)
    with (made.folder / "others" / "problems.csv").open() as file:
        (problem,) = csv.DictReader(file)
    assert problem["Path"] == "Small/train/patient00003/study1/view1_frontal.jpg"
    edema = found["findings"]["Edema"]
    point = edema["operating_points"]["sensitive"]
    assert edema["decision_threshold"] == pytest.approx(point["threshold"], abs=1e-6)
    assert edema["recall"] == point["sensitivity"]
    assert point["prevalence"] == 0.1
    assert found["findings"]["Atelectasis"]["operating_points"]["alert"]["prevalence"] == 0.05
    page = (made.folder / "others" / "report.html").read_text()
    assert "at the stated prevalence" in page
    # Drawn films have the same names everywhere: those that the run was fitted on are said.
    assert "39 of 39 are of the run&#39;s own split" in page


def test_wrong_words_end_with_two_and_one_line_before_anything_is_made(made: Made) -> None:
    for said, words in zip(
        made.said[4:],
        ("--out: wanted a new folder", "VGG", "has no settings.json", "--decision: wanted"),
        strict=True,
    ):
        assert said["status"] == 2
        assert words in said["stderr"].splitlines()[-1]
    assert not (made.folder / "no").exists()


def test_the_original_s_five_backbones_are_compared_unless_others_are_named() -> None:
    five = ("Xception", "ResNet50V2", "InceptionV3", "MobileNetV2", "DenseNet121")
    assert backbones_of(None, "original") == five
    assert backbones_of("MobileNetV2, Xception", "original") == ("MobileNetV2", "Xception")
    with pytest.raises(WrongInput, match="came neither"):
        backbones_of(None, None)
    with pytest.raises(WrongInput, match="came 'Xception,,'"):
        backbones_of("Xception,,", None)
    with pytest.raises(WrongInput, match="came Xception again"):
        backbones_of("Xception,Xception", None)


def test_weights_are_stated_for_all_backbones_or_for_some() -> None:
    assert weights_of(None, BACKBONES) == dict.fromkeys(BACKBONES)
    assert weights_of("none", BACKBONES) == dict.fromkeys(BACKBONES, "none")
    some = weights_of("none,EfficientNetLite0=imagenet", BACKBONES)
    assert some == {"MobileNetV2": "none", "EfficientNetLite0": "imagenet"}
    assert weights_of("MobileNetV2=w.npz", BACKBONES)["EfficientNetLite0"] is None
    with pytest.raises(WrongInput, match="came 'VGG=none'"):
        weights_of("VGG=none", BACKBONES)


def test_a_prevalence_is_stated_for_all_findings_or_for_some() -> None:
    assert prevalences(None) == {}
    assert prevalences("Edema=0.1") == {"Edema": 0.1}
    some = prevalences("Edema=0.1,0.02")
    assert (some["Edema"], some["Fracture"]) == (0.1, 0.02)
    for words in ("2", "Edema=x", "Oedema=0.1"):
        with pytest.raises(WrongInput, match="--prevalence: wanted"):
            prevalences(words)
