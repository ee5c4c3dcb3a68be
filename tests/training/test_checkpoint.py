"""Where a fine-tuning is, and when it ends: plain numpy."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.errors import WrongInput
from training.fit import checkpoint
from training.fit.checkpoint import Place

_START = Place(of="this run", precision="float32")


def test_epochs_without_a_better_score_end_a_run_when_patience_does() -> None:
    place, ends = _START, []
    for score in (0.6, 0.7, 0.7, 0.65, 0.9):
        place = place.after_epoch(score, patience=2, epochs=9)
        ends.append(place.done)
    assert ends[:4] == [False, False, False, True]
    place = _START.after_epoch(0.7, 2, 9).after_epoch(0.6, 2, 9)
    assert (place.waited, place.best, place.best_epoch) == (1, 0.7, 0)
    place = place.after_epoch(0.8, 2, 9)
    assert (place.waited, place.best, place.best_epoch, place.epoch) == (0, 0.8, 2, 3)


def test_a_score_that_nobody_knows_ends_nothing_and_is_no_best() -> None:
    place = _START
    for _ in range(4):
        place = place.after_epoch(math.nan, patience=1, epochs=4)
    assert (place.best, place.best_epoch, place.waited) == (None, None, 0)
    assert place.done
    assert place.epoch == 4


def test_a_state_comes_back_as_it_was_and_none_is_none(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path, "this run") is None
    place = _START.after_epoch(0.123456789012345678, 3, 9)
    arrays: list[Any] = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, np.int64)]
    checkpoint.save(tmp_path / "new", place, arrays)
    found = checkpoint.load(tmp_path / "new", "this run")
    assert found is not None
    assert found[0] == place
    assert [each.dtype for each in found[1]] == [np.float32, np.int64]
    assert all((old == new).all() for old, new in zip(arrays, found[1], strict=True))


def test_what_a_killed_writer_left_half_done_is_not_read(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, _START, [np.ones(3)])
    (tmp_path / "state.growing").write_bytes(b"half")
    found = checkpoint.load(tmp_path, "this run")
    assert found is not None
    assert found[0] == _START


def test_another_run_s_checkpoint_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, _START, [np.ones(3)])
    with pytest.raises(WrongInput, match="another run's"):
        checkpoint.load(tmp_path, "that run")


def test_only_the_best_weights_are_kept(tmp_path: Path) -> None:
    for epoch in (0, 3):
        checkpoint.save_best(tmp_path, epoch, [np.full(2, epoch)])
    checkpoint.forget_worse(tmp_path, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["best-3.npz"]
    assert checkpoint.load_best(tmp_path, 3)[0].tolist() == [3, 3]
