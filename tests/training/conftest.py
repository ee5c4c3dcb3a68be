"""Small drawn films and what tuning leaves of them, made once for all tests that need it."""

from pathlib import Path

import pytest

from tests.training.drawn import draw_films
from tests.training.environment import run_training

RECIPE = ("side=64", "first_block=14", "epochs=2", "batch=8")
FILMS = 100


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `films`, and `work` of five folds and the final network."""
    folder = tmp_path_factory.mktemp("tuned")
    (folder / "films").mkdir()
    draw_films(folder / "films", FILMS)
    words = (folder / "films", folder / "work", "--set", *RECIPE)
    done = run_training("training.starter.tune", *words)
    assert done.returncode == 0
    return folder
