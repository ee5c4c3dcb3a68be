"""A collection made ready: what a run splits, with its pixels at hand."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from stack import phantoms
from tests.training.collections import chexpert_line, chexpert_path, write_collection
from training.data.collection import read_collection
from training.data.prepared import PreparedFilms, prepare
from training.data.split import write_split

PATIENTS = 12


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedFilms:
    """Return films of twelve patients, and each again, paler and compressed, as another's.

    The film of patient n + 100 is a copy of that of patient n; one more file is no film.
    """
    folder = tmp_path_factory.mktemp("prepared")
    lines = [chexpert_line(chexpert_path(n + more)) for n in range(PATIENTS) for more in (0, 100)]
    broken = chexpert_path(200)
    data = write_collection(folder, [*lines, chexpert_line(broken)])
    for n in range(PATIENTS):
        film = phantoms.to_8_bits(phantoms.draw(n + 1, 192))
        Image.fromarray(film).save(folder / chexpert_path(n), quality=95)
        paler = (film * 0.8 + 30).astype(film.dtype)
        Image.fromarray(paler).save(folder / chexpert_path(n + 100), quality=60)
    return prepare(read_collection(data), 96, folder / "cache", test_films=4, seed=1)


def test_a_film_and_its_near_duplicate_are_on_one_side_whoever_it_is_said_to_be(
    prepared: PreparedFilms,
) -> None:
    parts = dict(zip(prepared.table.patients.tolist(), prepared.parts.tolist(), strict=True))
    for n in range(PATIENTS):
        assert parts[f"patient{n:05d}"] == parts[f"patient{n + 100:05d}"] != ""
    assert set(prepared.parts[prepared.readable].tolist()) == {"train", "valid", "test"}
    assert (prepared.parts == "test").sum() == 4


def test_a_film_that_cannot_be_read_has_no_part_and_is_named(prepared: PreparedFilms) -> None:
    assert prepared.table.paths[~prepared.readable].tolist() == [chexpert_path(200)]
    assert [each.path for each in prepared.problems] == [chexpert_path(200)]


def test_the_split_file_has_every_film_that_can_be_read(
    prepared: PreparedFilms, tmp_path: Path
) -> None:
    mine = prepared.readable
    write_split(prepared.table.take(mine), prepared.parts[mine], tmp_path / "split.csv")
    with (tmp_path / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * PATIENTS
    assert {row["part"] for row in rows} == {"train", "valid", "test"}
