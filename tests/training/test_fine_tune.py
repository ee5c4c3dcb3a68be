"""Fine-tuning for real, on small drawn films, in the training environment (TensorFlow)."""

from pathlib import Path

import numpy as np
import pytest

from schemas.findings import INDEX
from tests.training.environment import run_training
from training.data import nih
from training.evaluate.metrics import macro_auroc

pytestmark = [pytest.mark.training, pytest.mark.timeout(400)]


def test_a_fold_is_judged_on_patients_it_never_saw_and_none_of_them_is_held_out(
    tuned: Path,
) -> None:
    mine = [row for row in nih.read_rows(tuned / "films") if not nih.held_out(row.patient)]
    with np.load(tuned / "work" / "fold0.npz") as fold:
        fitted_on, left_out, logits = fold["fitted_on"], fold["left_out"], fold["logits"]
    assert sorted([*fitted_on, *left_out]) == list(range(len(mine)))
    patients = [{mine[number].patient for number in part} for part in (fitted_on, left_out)]
    assert not patients[0] & patients[1]
    truth = nih.label_table(mine)[:, [INDEX[name] for name in nih.ASSESSED]]
    # Bars are easy: a fit that mixed up films or columns would be near 0.5.
    assert macro_auroc(truth[left_out], logits[left_out]) > 0.65


def test_kernels_from_the_first_block_on_are_changed_and_half_precision_holds_them(
    tuned: Path,
) -> None:
    with np.load(tuned / "work" / "final.npz") as final:
        names = [name for name in final.files if name.startswith("kernel:")]
        kinds = {final[name].dtype for name in names}
        films = len(final["features"])
    assert kinds == {np.dtype(np.float16)}
    assert films == 100
    assert {name.split(".")[1] for name in names if "." in name} == {"14", "15"}
    assert "kernel:_conv_head" in names


def test_the_network_that_was_trained_is_the_one_that_is_served(tuned: Path) -> None:
    rows = nih.read_rows(tuned / "films")[:4]
    with np.load(tuned / "work" / "final.npz") as final:
        trained = final["features"][:4].astype(np.float32)
    np.save(tuned / "films.npy", np.stack([nih.film(row, 64) for row in rows]))
    words = (tuned / "work", tuned / "films.npy", tuned / "served.npy")
    done = run_training("tests.training.served", *words)
    assert done.returncode == 0
    served = np.load(tuned / "served.npy")
    assert np.abs(served - trained).max() < 2e-3 * np.abs(trained).max()


def test_a_folder_of_another_recipe_is_refused(tuned: Path) -> None:
    words = (tuned / "films", tuned / "work", "--set", "side=96")
    done = run_training("training.starter.tune", *words)
    assert done.returncode != 0
    assert "wanted a folder of this recipe" in done.stderr


def test_in_bf16_the_backbone_answers_nearly_the_same_and_not_the_same(tuned: Path) -> None:
    done = run_training("tests.training.rounded", tuned / "films")
    assert done.returncode == 0
    gap = float(done.stdout.split()[-1])
    assert 1e-5 < gap < 0.05
