"""`radiotheque train library`: which films of the library, with which labels, in which folder."""

import csv
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from radiotheque.library_labels import settled
from radiotheque.library_snapshot import SnapshotRefusedError, write_snapshot
from schemas.errors import Unavailable
from schemas.facts import KnownFacts
from schemas.findings import FINDINGS
from schemas.presentation import Presentation
from store.ports import rendition_key
from store.records import Film, FilmRow, LabelRow, LabelSource
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.triton import FakeTriton
from tests.workers.making import png, samples, settings, store_film
from training.data.collection import Collection, read_collection
from training.data.film_file import read_film
from workers.analyse import AnalyseHandler

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def label(
    finding: str, value: int, source: LabelSource = "physician", author: str = "r1"
) -> LabelRow:
    return LabelRow(finding, value, source, author, NOW)


class Shelf:
    """Films with their pictures in a store of objects."""

    def __init__(self) -> None:
        self.rows = FakeRows()
        self.objects = FakeObjects()

    def film(
        self,
        seed: int,
        *labels: LabelRow,
        picture: NDArray[Any] | None = None,
        **known: Any,
    ) -> FilmRow:
        """Put a film there, shared and of a patient unless it is said otherwise."""
        drawn = samples(seed) if picture is None else picture
        name, _ = store_film(self.rows, self.objects, drawn.astype(np.uint8))
        film: Film = self.rows.tables.films[name]
        film = replace(
            film, **{"sharing": "library", "patient": f"p{seed}", "view": "PA", **known}
        )
        self.objects.put("radiographs", rendition_key(name, "full"), png(drawn))
        said = labels or (label("Edema", 1),)
        return FilmRow(film, seed, NOW, None, None, said, 0, 0)

    def snapshot(self, root: Path, *rows: FilmRow, by_content: bool = True) -> Path:
        return write_snapshot(rows, self.objects, root, by_content=by_content).folder


def lines(folder: Path) -> list[dict[str, str]]:
    with (folder / "train.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_physician_outranks_an_import_and_more_than_half_decide() -> None:
    def physicians(finding: str, *values: int) -> list[LabelRow]:
        return [label(finding, value, author=f"r{at}") for at, value in enumerate(values)]

    assert settled(
        [
            label("Edema", 1, "imported", "manifest"),
            label("Edema", 0),
            label("Fracture", 1, "imported", "manifest"),
            label("Lung Lesion", -1),
            *physicians("Pneumonia", 1, 1, 0),
            *physicians("Pneumothorax", 1, 0),
            *physicians("Consolidation", 1, 1, 0, -1),
            label("Cardiomegaly", 1, "imported", "a"),
            label("Cardiomegaly", 0, "imported", "b"),
            label("Atelectasis", 1, "synthetic", "phantom"),
        ]
    ) == {
        "Edema": 0,
        "Fracture": 1,
        "Lung Lesion": -1,
        "Pneumonia": 1,
        "Pneumothorax": -1,
        "Consolidation": -1,
        "Cardiomegaly": -1,
    }


def test_the_folder_is_read_as_a_collection_in_chexperts_form(tmp_path: Path) -> None:
    shelf = Shelf()
    folder = shelf.snapshot(
        tmp_path / "library",
        shelf.film(1, label("Edema", 1), label("Fracture", -1), facts=KnownFacts(sex="F", age=0)),
        shelf.film(2, label("Edema", 0, "imported"), facts=KnownFacts(sex="O", age=71), view="AP"),
        shelf.film(3, view=None),
        shelf.film(4, view="LATERAL"),
    )
    read: Collection = read_collection(folder)
    table = read.table
    assert (len(table), read.laterals, read.problems) == (3, 1, ())
    assert table.patients.tolist() == ["p1", "p2", "p3"]
    assert table.ages.tolist() == [0, 71, -1]
    assert table.sexes.tolist() == ["F", "", ""]
    assert table.views.tolist() == ["PA", "AP", ""]
    assert table.sources.tolist() == ["test"] * 3
    edema, fracture = (table.labels[:, FINDINGS.index(name)] for name in ("Edema", "Fracture"))
    assert edema.tolist() == [1, 0, 1]
    assert fracture.tolist() == [-1, -2, -2]


def grey_16_bits() -> NDArray[np.uint16]:
    drawn = samples(7).astype(np.uint16) * 200 + 300
    drawn[:9] = 65_000
    return drawn


@pytest.mark.parametrize(
    ("picture", "how", "checks"),
    [
        (samples(7), None, {}),
        (samples(7), None, {"inverted": 0.9}),
        (samples(7), Presentation(orientation=6, pixel_aspect=0.5), {"inverted": 1.0}),
        (grey_16_bits(), None, {}),
        (
            grey_16_bits(),
            Presentation(padding=(65_000, 65_000), within=(0, 9, 72, 80), orientation=3),
            {"inverted": 0.7},
        ),
    ],
)
def test_a_fit_eats_the_tensor_that_analyse_sends_to_the_model(
    picture: NDArray[Any],
    how: Presentation | None,
    checks: dict[str, float],
    tmp_path: Path,
) -> None:
    shelf = Shelf()
    row = shelf.film(7, picture=picture, facts=KnownFacts(presentation=how), checks=checks)
    folder = shelf.snapshot(tmp_path / "library", row)
    handler = AnalyseHandler(settings(), shelf.rows, shelf.objects, FakeTriton())
    served = handler._tensor(row.film, 64)
    handler.close()
    (file,) = read_collection(folder).table.files.tolist()
    fitted, _ = read_film(file, 64)
    np.testing.assert_array_equal(fitted, served)


def test_films_that_may_not_be_learned_from_are_counted(tmp_path: Path) -> None:
    shelf = Shelf()
    left = [
        shelf.film(1, sharing="private"),
        shelf.film(2, sharing="private"),
        shelf.film(3, licence="CC-BY-NC-ND-4.0"),
        shelf.film(4, flags=("conflict",)),
        shelf.film(5, patient=None),
    ]
    gone = shelf.film(6)
    shelf.objects.remove("radiographs", rendition_key(gone.film.id, "full"))
    kept = shelf.film(7, licence="CC-BY-NC-4.0")
    made = write_snapshot([*left, gone, kept], shelf.objects, tmp_path / "s", by_content=True)
    assert [line["Patient"] for line in lines(made.folder)] == ["p7"]
    assert str(made).endswith(
        "; left out: 1 of two patients (conflict), 2 private, 1 under a licence without"
        " derivatives, 1 whose picture is gone, 1 without a patient's code"
    )
    with pytest.raises(SnapshotRefusedError, match=r"no film to learn from.*2 private"):
        shelf.snapshot(tmp_path / "none", *left)


def test_a_second_snapshot_fetches_what_is_new_and_forgets_what_is_gone(tmp_path: Path) -> None:
    shelf, root = Shelf(), tmp_path / "library"
    one, two, three = (shelf.film(seed) for seed in (1, 2, 3))
    first = shelf.snapshot(root, one, two)
    assert shelf.snapshot(root, one, two) == first
    again = write_snapshot([one, two, three], shelf.objects, root, by_content=True)
    assert (again.films, again.fetched) == (3, 1)
    assert first.is_dir()
    assert first != again.folder

    erased = shelf.snapshot(root, two, three)
    assert {path.name for path in (root / "films").iterdir()} == {
        f"{row.film.id}.png" for row in (two, three)
    }
    assert {path for path in root.iterdir() if (path / "train.csv").exists()} == {erased}
    with pytest.raises(SnapshotRefusedError):
        shelf.snapshot(root)
    assert not any((root / "films").iterdir())
    assert not erased.exists()


def test_a_stewards_word_on_inverted_greys_changes_the_film_that_is_read(tmp_path: Path) -> None:
    shelf, root = Shelf(), tmp_path / "library"
    row = shelf.film(1)
    turned = replace(row, film=replace(row.film, checks={"inverted": 1.0}))
    folders = {shelf.snapshot(root, one) for one in (row, turned)}
    assert len(folders) == 2
    assert len(list((root / "films").iterdir())) == 1


def test_nobody_else_may_read_it_and_a_strangers_folder_stays_as_it_is(tmp_path: Path) -> None:
    shelf = Shelf()
    row = shelf.film(1)
    chosen = shelf.snapshot(tmp_path / "mine", row, by_content=False)
    assert chosen == tmp_path / "mine"
    assert len(read_collection(chosen).table) == 1
    for path in (chosen, *chosen.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)

    other = tmp_path / "CheXpert"
    other.mkdir()
    (other / "train.csv").write_text("Path\n")
    with pytest.raises(SnapshotRefusedError, match="holds something else"):
        shelf.snapshot(other, row, by_content=False)
    assert (other / "train.csv").read_text() == "Path\n"
    assert [path.name for path in other.iterdir()] == ["train.csv"]


def test_an_outage_of_the_store_of_objects_is_told(tmp_path: Path) -> None:
    shelf = Shelf()
    row = shelf.film(1)
    shelf.objects.down = True
    with pytest.raises(Unavailable):
        shelf.snapshot(tmp_path / "library", row)
