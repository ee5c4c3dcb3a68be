"""Fine-tuning any backbone: what is learned from, killed and resumed, on several devices."""

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.environment import run_training, start_training

pytestmark = [pytest.mark.training, pytest.mark.timeout(400)]

#: Seconds after which a process that a test started counts as stuck.
_DEADLINE_S = 240
#: By how much losses and weights may differ when a batch is summed in two halves (float32).
_BOUND = 1e-5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fine_tuned")


@pytest.fixture(scope="module")
def pieces(folder: Path) -> dict[str, Any]:
    """Return what fine_tune_pieces.py says; its runs are `folder` / whole, mirrored, ..."""
    done = run_training("tests.training.fine_tune_pieces", folder)
    assert done.returncode == 0
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    said["stderr"] = done.stderr
    return said


def _weights(run: Path) -> list[Any]:
    with np.load(run / "weights.npz") as kept:
        return [kept[name] for name in kept.files]


def _told(run: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((run / "told.json").read_text())
    return said


def _apart(one: Path, other: Path) -> float:
    pairs = zip(_weights(one), _weights(other), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def _finished(process: Any) -> None:
    said, _ = process.communicate(timeout=_DEADLINE_S)
    assert process.returncode == 0, said[-3000:]


@pytest.mark.usefixtures("pieces")
def test_a_run_killed_within_an_epoch_and_resumed_ends_with_the_same_weights(folder: Path) -> None:
    killed = folder / "killed"
    with start_training("tests.training.fine_tuned", killed, "hold=9") as process:
        assert process.stdout is not None
        # Ends by itself when the process does.
        assert any(line == "held\n" for line in process.stdout)
        process.kill()
    assert not (killed / "weights.npz").exists()
    _finished(start_training("tests.training.fine_tuned", killed))
    whole, resumed = _told(folder / "whole")["losses"], _told(killed)["losses"]
    assert resumed == whole[8:]
    assert _apart(folder / "whole", killed) == 0.0


@pytest.mark.usefixtures("pieces")
def test_two_devices_come_to_what_one_does_within_rounding(folder: Path) -> None:
    losses = [_told(folder / run)["losses"] for run in ("whole", "mirrored")]
    assert len(losses[0]) == 18
    assert np.abs(np.subtract(*losses)).max() < _BOUND
    assert _apart(folder / "whole", folder / "mirrored") < 10 * _BOUND


@pytest.mark.usefixtures("pieces")
def test_two_processes_by_tf_config_give_the_loss_of_one_within_rounding(folder: Path) -> None:
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        workers = [f"127.0.0.1:{each.getsockname()[1]}" for each in (one, other)]
    started = []
    try:
        for index in range(2):
            task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
            run = folder / f"worker{index}"
            words = ("tests.training.fine_tuned", run)
            started.append(start_training(*words, TF_CONFIG=json.dumps(task)))
        for process in started:
            _finished(process)
    finally:
        for process in started:
            process.kill()
    losses = [_told(folder / run)["losses"] for run in ("whole", "worker0", "worker1")]
    assert losses[1] == losses[2]
    assert np.abs(np.subtract(losses[0], losses[1])).max() < _BOUND
    assert _apart(folder / "worker0", folder / "worker1") == 0.0
    # The chief alone keeps states: the other's would be the same.
    assert (folder / "worker0" / "checkpoints" / "state.npz").exists()
    assert not (folder / "worker1" / "checkpoints").exists()


def test_every_film_is_shown_once_an_epoch_in_an_order_of_its_own(pieces: dict[str, Any]) -> None:
    first, second = pieces["films"]["seen"]
    assert sorted(first) == sorted(second) == list(range(3, 45))
    assert first != second
    # From a step on, an epoch is what it would have been.
    assert pieces["films"]["later"] == second[16:24]
    assert np.allclose(pieces["films"]["sums"], 1)


def test_the_stages_before_stand_still_and_so_do_the_norms_scales(
    pieces: dict[str, Any], folder: Path
) -> None:
    changed = _told(folder / "whole")["changed"]
    kernels = {name: each for name, each in changed.items() if name.endswith("kernel")}
    assert kernels == {"conv0/kernel": False, "conv1/kernel": True, "conv2/kernel": True}
    assert not any(each for name, each in changed.items() if name.endswith(("gamma", "beta")))
    assert "conv1" in pieces["stderr"]


def test_of_the_last_layers_alone_the_kernels_change(pieces: dict[str, Any], folder: Path) -> None:
    changed = _told(folder / "last")["changed"]
    kernels = {name: each for name, each in changed.items() if name.endswith("kernel")}
    assert kernels == {"conv0/kernel": False, "conv1/kernel": False, "conv2/kernel": True}
    assert "its last 1 layers with kernels" in pieces["stderr"]


def test_no_change_of_a_film_flips_it(pieces: dict[str, Any]) -> None:
    across, down = np.array(pieces["halves"])
    assert across.min() > 20
    assert down.min() > 20
    assert "never flipped" in pieces["stderr"]


def test_the_loss_leaves_out_what_weighs_nothing_and_knows_a_third_class(
    pieces: dict[str, Any],
) -> None:
    kept = pieces["losses"]
    names = ("answers", "values", "weights", "uncertain")
    answers, values, weights, uncertain = (np.array(kept[name]) for name in names)
    wanted = 0.0
    for film in range(7):
        for finding in (0, 2):
            chance = 1 / (1 + np.exp(-answers[film, finding]))
            value = values[film, finding]
            cost = -value * np.log(chance) - (1 - value) * np.log(1 - chance)
            wanted += weights[film, finding] * cost
        three = np.exp(answers[film, [3, 1, 4]])
        absent, present, unsure = np.log(three / three.sum())
        value = values[film, 1]
        cost = -unsure if uncertain[film, 1] else -value * present - (1 - value) * absent
        wanted += weights[film, 1] * cost
    assert kept["loss"] == pytest.approx(wanted, rel=1e-5)
    columns = np.stack([answers[:, 0], answers[:, 1] - answers[:, 3], answers[:, 2]], axis=1)
    assert np.allclose(kept["scores"], columns, atol=1e-5)


@pytest.mark.usefixtures("pieces")
def test_patience_ends_a_run_and_the_best_epoch_s_weights_are_the_model_s(folder: Path) -> None:
    assert len(_told(folder / "still")["losses"]) == 2 * 6
    assert [file.name for file in (folder / "still/checkpoints").glob("best-*")] == ["best-0.npz"]
    best = next((folder / "whole" / "checkpoints").glob("best-*"))
    with np.load(best) as kept:
        arrays = [kept[str(number)] for number in range(len(kept.files))]
    pairs = zip(arrays, _weights(folder / "whole"), strict=True)
    assert all((one == other).all() for one, other in pairs)


def test_progress_says_the_time_left_and_tensorboard_has_each_epoch_s_auroc(
    pieces: dict[str, Any],
) -> None:
    assert "epoch 2 / 3: validation AUROC 0." in pieces["stderr"]
    assert "left at most" in pieces["stderr"]
    assert pieces["logged"]["validation_macro_auroc"] == 3
    assert pieces["logged"]["loss"] >= 3


@pytest.mark.usefixtures("pieces")
def test_in_bfloat16_it_learns_nearly_the_same_and_is_kept_in_float32(folder: Path) -> None:
    whole, half = _told(folder / "whole"), _told(folder / "bfloat16")
    assert half["policy"] == "mixed_bfloat16"
    assert half["kinds"] == ["float32"]
    apart = np.abs(np.subtract(whole["losses"], half["losses"]))
    assert 1e-5 < apart.max() < 0.1
