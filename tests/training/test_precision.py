"""What each precision costs and brings, measured on a small model and drawn films."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.environment import run_training
from tests.workers.making import manifest
from tests.workers.pixel_model import pixel_model
from training.data.nih import MAPPING, held_out

FILMS = 160
pytestmark = [pytest.mark.training]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    said = manifest()
    (folder / "model.onnx").write_bytes(pixel_model(said, 1))
    (folder / "model.json").write_text(said.model_dump_json())
    return folder


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Films with a bright square where their finding is; those held out are no pictures."""
    folder = tmp_path / "films"
    folder.mkdir()
    words = [names[0] for names in MAPPING.values()]
    rng = np.random.default_rng(5)
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "findings", "patient_id", "source", "view", "sex", "age"])
        for number in range(FILMS):
            place = number % len(words)
            name, patient = f"{number}.png", f"p{number}"
            writer.writerow([name, words[place], patient, "drawn", "PA", "F", 50])
            if held_out(patient):
                (folder / name).write_bytes(b"never opened")
                continue
            grey = rng.integers(60, 120, (64, 64)).astype(np.uint8)
            top, left = 16 * (place // 4), 16 * (place % 4)
            grey[top : top + 16, left : left + 16] += 60
            Image.fromarray(grey).save(folder / name)
    return folder


@pytest.mark.timeout(120)
def test_each_precision_has_its_auroc_speed_and_what_it_computes_in(
    model: Path, films: Path, tmp_path: Path
) -> None:
    out = tmp_path / "found.json"
    done = run_training(
        "training.evaluate.precision_evaluation",
        model,
        films,
        "--json",
        out,
        "--calibration",
        "16",
    )
    assert done.returncode == 0
    found = json.loads(out.read_text())
    rows = {row["name"]: row for row in found["precisions"]}
    assert list(rows)[:3] == ["f32", "bf16", "int8"]
    assert rows["f32"]["loss"] == 0
    assert rows["f32"]["ratio_8"] == 1
    assert rows["f32"]["computes"] == "OpenVINO f32"
    assert rows["bf16"]["computes"] in {"OpenVINO bf16", "OpenVINO f32"}
    assert rows["f32"]["macro_auroc"] > 0.9
    assert rows["f32, ONNX Runtime"]["embedding_cosine"] > 0.9999
    # Truly other numbers, and near ones.
    assert 0.98 < rows["int8"]["embedding_cosine"] < 0.999999
    assert abs(rows["int8"]["loss"]) < 0.02
    assert found["int8_allowed"] == (rows["int8"]["loss"] <= 0.005)
    assert "| int8 | OpenVINO" in done.stdout
    assert all(row["ms_1"] > 0 and row["ms_8"] > 0 for row in rows.values())


def test_with_too_few_films_to_calibrate_and_score_it_says_so(model: Path, films: Path) -> None:
    done = run_training(
        "training.evaluate.precision_evaluation", model, films, "--calibration", "150"
    )
    assert done.returncode != 0
    assert "wanted more than 300 films to fit" in done.stderr
