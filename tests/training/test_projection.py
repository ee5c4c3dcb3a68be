"""The whitened projection."""

import numpy as np
import pytest

from training.fit.projection import whitening


def films(count: int = 60) -> np.ndarray:
    rng = np.random.default_rng(5)
    turned = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    table = rng.normal(size=(count, 6)) * [9, 5, 3, 2, 1, 0.5] @ turned
    return np.asarray(table - table.mean(axis=0))


def test_whitening_makes_the_spread_equal_and_shrinkage_of_one_only_turns() -> None:
    table = films()
    white = table @ whitening(table, 6, 0.0)
    np.testing.assert_allclose(white.std(axis=0, ddof=1), 1, rtol=1e-6)
    turned = table @ whitening(table, 6, 1.0)
    lengths = np.linalg.norm(turned, axis=1) / np.linalg.norm(table, axis=1)
    assert lengths.std() / lengths.mean() < 1e-6


def test_axes_come_from_the_widest_on_and_of_few_films_the_last_columns_are_nothing() -> None:
    table = films()
    two = whitening(table, 2, 0.3)
    np.testing.assert_allclose(two, whitening(table, 6, 0.3)[:, :2])
    few = whitening(table[:4] - table[:4].mean(axis=0), 5, 0.3)
    assert few.shape == (6, 5)
    assert (few[:, 3:] == 0).all()
    assert (np.abs(few[:, :3]).max(axis=0) > 0).all()


@pytest.mark.parametrize("turn", [1, -1])
def test_an_axis_looks_the_same_way_whatever_the_library_s_sign(turn: int) -> None:
    found = whitening(turn * films(), 6)
    assert (found[np.abs(found).argmax(axis=0), np.arange(6)] > 0).all()
