"""The fit on tuned networks, and what can be done with what it leaves: TensorFlow, drawn films."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from schemas.models import ModelManifest
from tests.training.environment import run_training
from training.data.nih import ASSESSED, held_out, read_rows
from training.starter.evidence import Evidence
from training.starter.fitted import VERSION
from training.starter.judge import judge, write
from training.starter.kept_films import FIT, HOLDOUT, KeptFilms
from training.starter.tuned_folds import RECIPE_FILE

pytestmark = [pytest.mark.training, pytest.mark.timeout(400)]


def run(*words: str | Path) -> str:
    done = run_training(*words)
    assert done.returncode == 0
    return done.stdout


@pytest.fixture(scope="module")
def fitted(tuned: Path) -> Path:
    run("training.starter.fit", tuned / "films", tuned / "work", "--out", tuned / "fitted")
    return tuned / "fitted"


def manifest(folder: Path) -> ModelManifest:
    return ModelManifest.model_validate_json((folder / "model.json").read_bytes())


def test_the_fit_learns_calibrates_and_what_it_writes_is_built(
    fitted: Path, tmp_path: Path
) -> None:
    said = manifest(fitted)
    # Bars are easy: a fit that mixed up films, labels or columns would be near 0.5.
    assert said.figures["held_out.macro_auroc"] > 0.65
    assert said.figures["cross_validation.macro_auroc"] > 0.65
    assert said.figures["cross_validation.calibration_error"] < 0.2
    assert set(said.operating_points) == set(ASSESSED)
    assert (said.side, said.version) == (64, VERSION)
    run("training.starter.build", tmp_path, "--heads", fitted)
    assert (tmp_path / "model.onnx").stat().st_size > 10_000_000


def test_what_is_kept_of_the_films_is_features_labels_and_the_patients_part(
    tuned: Path, fitted: Path
) -> None:
    rows = read_rows(tuned / "films")
    kept = KeptFilms.load(fitted / "features.npz")
    assert [*kept.names] == [row.path.stem for row in rows]
    assert kept.features.dtype == np.float16
    for row, part in zip(rows, kept.part, strict=True):
        assert part == (HOLDOUT if held_out(row.patient) else FIT)
    assert kept.out_of_fold.shape == ((kept.part == FIT).sum(), len(ASSESSED))


def test_the_evidence_is_of_folds_that_never_saw_the_patient_and_of_the_served_heads(
    tuned: Path, fitted: Path
) -> None:
    rows = read_rows(tuned / "films")
    evidence = Evidence.load(tuned / "work" / "evidence.npz")
    evidence.check(rows)
    kept = KeptFilms.load(fitted / "features.npz")
    for column in range(len(ASSESSED)):
        order = np.argsort(kept.out_of_fold[:, column], kind="stable")
        assert (np.diff(evidence.out_of_fold[order, column]) >= 0).all()


def test_without_films_the_same_heads_are_refitted_and_pass(fitted: Path, tmp_path: Path) -> None:
    said = run("training.starter.refit", tmp_path, "--kept", fitted)
    assert "passes" in said
    with np.load(fitted / "heads.npz") as before, np.load(tmp_path / "heads.npz") as after:
        for name in ("mean", "scale", "weights", "bias", "map_scale"):
            np.testing.assert_allclose(after[name], before[name], rtol=1e-4, atol=1e-6)
    assert manifest(tmp_path).embedding_version == manifest(fitted).embedding_version
    assert manifest(tmp_path).card is None


def test_points_chosen_anew_are_the_fit_s_and_leave_every_number_of_the_model(
    tuned: Path, fitted: Path, tmp_path: Path
) -> None:
    made, before = manifest(fitted), tmp_path / "before"
    shutil.copytree(fitted, before)
    evidence = Evidence.load(tuned / "work" / "evidence.npz")
    card = judge(read_rows(tuned / "films"), evidence, made)
    older = made.model_copy(
        update={
            "version": 1,
            "operating_points": {
                name: points.model_copy(update={"specific": None, "alert": points.sensitive})
                for name, points in made.operating_points.items()
            },
        }
    )
    write(card, older, before)
    run(
        "training.starter.new_points", tuned / "films",
        "--model", before, "--card", tmp_path / "card.md",
    )  # fmt: skip
    said = manifest(before)
    assert said.version == VERSION
    # Calibration is fitted again, by the same numbers: all but the last digits are the same.
    for name, points in said.operating_points.items():
        for point in ("sensitive", "alert", "specific"):
            was, now = getattr(made.operating_points[name], point), getattr(points, point)
            assert now.threshold == pytest.approx(was.threshold, rel=1e-4)
            assert now.sensitivity == pytest.approx(was.sensitivity, abs=0.02)
    assert said.card is not None
    assert said.card.reliability == card.reliability()
    for file in ("heads.npz", "projection.npz", "kernels.npz", "features.npz"):
        assert (before / file).read_bytes() == (fitted / file).read_bytes()
    assert "## By operating point" in (tmp_path / "card.md").read_text()


def test_heads_refitted_on_wrong_labels_do_not_pass(fitted: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    shutil.copytree(fitted, wrong)
    kept = KeptFilms.load(wrong / "features.npz")
    labels = kept.labels.copy()
    mine = np.flatnonzero(~kept.apart)
    labels[mine] = labels[np.random.default_rng(1).permutation(mine)]
    arrays = vars(kept) | {"labels": labels}
    KeptFilms(**arrays).save(wrong / "features.npz")
    done = run_training("training.starter.refit", tmp_path / "out", "--kept", wrong)
    assert done.returncode == 1
    assert "does not pass" in done.stdout


def test_features_of_a_patient_on_the_wrong_side_are_refused(fitted: Path, tmp_path: Path) -> None:
    kept = KeptFilms.load(fitted / "features.npz")
    moved = vars(kept) | {"part": np.where(kept.apart, FIT, kept.part)}
    KeptFilms(**moved).save(tmp_path / "features.npz")
    with pytest.raises(ValueError, match="on the other side"):
        KeptFilms.load(tmp_path / "features.npz")


def test_what_helped_is_told_of_scores_out_of_fold(tuned: Path, fitted: Path) -> None:
    assert fitted.exists()
    lines = run("training.starter.ablation", tuned / "films", tuned / "work").splitlines()
    assert lines[0].startswith("| scores | macro AUROC | gain | drawn |")
    first = lines[2].split(" | ")
    strength = manifest(fitted).figures["strength"]
    assert first[0] == f"| tuned, heads refitted, C {strength:g}"
    wanted = manifest(fitted).figures["cross_validation.macro_auroc"]
    assert abs(float(first[1].split()[0]) - wanted) < 1e-3
    told = "\n".join(lines)
    for word in ("frozen", "tuned along", "mean of crops", "Lung Opacity: "):
        assert word in told


def test_recipes_are_compared_on_the_folds_that_all_of_them_have(
    tuned: Path, tmp_path: Path
) -> None:
    # What another recipe's first fold would leave: the same films left out, features that know
    # nothing of them, and no other fold.
    other = tmp_path / "other"
    other.mkdir()
    recipe = json.loads((tuned / "work" / RECIPE_FILE).read_text())
    (other / RECIPE_FILE).write_text(json.dumps(recipe | {"side": 448}))
    with np.load(tuned / "work" / "fold0.npz") as kept:
        fold = dict(kept)
    fold["features"] = np.random.default_rng(1).normal(size=fold["features"].shape)
    np.savez(other / "fold0.npz", **fold)
    said = run(
        "training.starter.recipes_compared", tuned / "films", tuned / "work", other
    ).splitlines()
    assert said[0] == f"Folds 0: {len(fold['left_out'])} films left out."
    told = {line.split(" | ")[0]: line.split(" | ") for line in said[3:]}
    assert next(iter(told)) == "| the recipe, heads refitted"
    by_chance = told["| side 448, heads refitted"]
    assert float(told["| the recipe, heads refitted"][1].split()[0]) > 0.65
    assert float(by_chance[2].split()[0]) < -0.1


def test_recipes_without_a_fold_in_common_are_not_compared(tuned: Path, tmp_path: Path) -> None:
    done = run_training(
        "training.starter.recipes_compared", tuned / "films", tuned / "work", tmp_path
    )
    assert done.returncode != 0
    assert "wanted folders with a fold in common" in done.stderr


def test_embeddings_are_compared_by_the_folds_networks(
    tuned: Path, fitted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "found.json"
    run(
        "training.evaluate.retrieval",
        tuned / "films",
        tuned / "work",
        "--kept",
        fitted,
        "--json",
        out,
    )
    found = json.loads(out.read_text())
    names = [line["option"] for line in found]
    assert names[0] == "raw ImageNet, all levels"
    assert "tuned, whitened 512, shrinkage 0.99" in names
    # Two films a patient, bars in the same places: alike films are near ones.
    assert all(line["fitted"]["lift"]["value"] > 1 for line in found)
