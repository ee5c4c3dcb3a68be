"""The input check's fit, for real, on a handful of drawn films: in the training environment."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from schemas.film_check import CheckNumbers
from schemas.models import ModelManifest
from stack.installs import starter_model
from stack.other_films import draw_other
from stack.phantoms import draw, to_8_bits
from tests.requirements import ROOT
from tests.training.environment import run_training
from tests.training.nifti_file import body
from training.data import nih

pytestmark = [pytest.mark.training, pytest.mark.timeout(400)]

KEPT = ROOT / "triton_models" / "starter"
FILMS = 20


def phantoms(folder: Path) -> None:
    """Draw phantoms as NIH's films lie: each a patient of its own."""
    folder.mkdir()
    lines = ["file,findings,patient_id,view,sex,age,licence,source"]
    for seed in range(FILMS):
        Image.fromarray(to_8_bits(draw(seed, 192))).save(folder / f"{seed}.png")
        lines.append(f"{seed}.png,No Finding,{seed:08d},PA,M,50,drawn,drawn")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")


def others(folder: Path) -> None:
    for kind in ("hand", "noise"):
        (folder / kind).mkdir(parents=True)
        for seed in range(3):
            Image.fromarray(draw_other(kind, seed, 192)).save(folder / kind / f"{seed}.png")


def pictures(folder: Path) -> None:
    """Draw other things as real pictures lie, of two collections, one of them of prints."""
    folder.mkdir()
    lines = ["file,what,view,source,licence"]
    for seed in range(8):
        kind, what = ("knee", "radiograph: knee") if seed % 2 else ("page", "historical print")
        Image.fromarray(draw_other(kind, seed, 160)).save(folder / f"{seed}.png")
        lines.append(f"{seed}.png,{what},,{kind}:{seed},CC0-1.0")
    (folder / "files.csv").write_text("\n".join(lines) + "\n")


def test_a_fit_on_films_of_one_kind_tells_others_apart_and_writes_what_belongs_to_it(
    tmp_path: Path,
) -> None:
    phantoms(tmp_path / "films")
    others(tmp_path / "drawn")
    pictures(tmp_path / "not-chest")
    (tmp_path / "ct.nii.gz").write_bytes(body())
    out, card = tmp_path / "out", tmp_path / "card.md"
    out.mkdir()
    shutil.copy(KEPT / "model.json", out)
    card.write_text("# A card\n\n## The input check\n\nof an older fit\n")

    done = run_training(
        "training.starter.check.fit", tmp_path / "films", "--drawn", tmp_path / "drawn",
        "--not-chest", tmp_path / "not-chest", "--ct", tmp_path / "ct.nii.gz", "--through-ct", "6",
        "--laterals", tmp_path / "drawn" / "hand",
        "--model", starter_model(), "--out", out, "--card", card,
    )  # fmt: skip

    assert done.returncode == 0
    said = ModelManifest.model_validate_json((out / "model.json").read_bytes())
    check = said.check
    assert check is not None
    data = (out / "check.npz").read_bytes()
    assert hashlib.sha256(data).hexdigest() == check.sha256
    assert CheckNumbers.from_bytes(data).mean.shape == (said.features,)
    figures = check.figures
    apart = sum(nih.held_out(f"{seed:08d}") for seed in range(FILMS))
    assert (figures["cross_validation.films"], figures["held_out.films"]) == (FILMS - apart, apart)
    assert figures["cross_validation.passed"] >= 0.995
    assert 0 < check.in_doubt <= check.sure
    for kind in ("hand", "noise"):
        caught = figures[f"drawn.rejected:{kind}"] + figures[f"drawn.quarantined:{kind}"]
        assert caught == 1, kind
    kept = CheckNumbers.from_bytes(data)
    assert kept.kind_weights is not None
    assert kept.kind_weights.shape == (said.features, 2)
    # By a head that has seen none of their collection: a knee by pages, a page by knees.
    for name in ("modern", "historical"):
        assert figures[f"pictures.films:{name}"] == 4
        fates = [figures[f"pictures.{fate}:{name}"] for fate in ("rejected", "quarantined")]
        assert sum(fates) == 1
    assert figures["lateral.films"] == 3
    assert figures["held_out.alarms"] <= 0.5
    assert 0.5 < check.sure_not_chest <= 1
    # Turned and inverted phantoms are far from upright ones: a fit that mixed them up is at 0.5.
    assert figures["held_out.auroc:inverted"] > 0.9
    assert figures["held_out.auroc:rotated"] > 0.9
    text = card.read_text()
    assert text.startswith("# A card\n\n## The input check\n")
    assert "of an older fit" not in text
    assert f"Beyond {check.in_doubt:.3f} it waits" in text
    # What else the manifest says is left as it was.
    before = json.loads((KEPT / "model.json").read_bytes())
    assert {**said.model_dump(mode="json"), "check": None} == {**before, "check": None}
