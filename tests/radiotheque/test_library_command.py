"""`radiotheque train library` on real services: two validated films and one of a manifest."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.renditions import develop
from radiotheque.__main__ import main
from schemas.findings import FINDINGS
from stack.phantoms import draw, to_8_bits
from stack.state import State
from store.grants import OPERATOR
from store.objects import connect as connect_objects
from store.ports import rendition_key
from store.records import Drop, Film, LabelRow
from store.rows import PostgresRows, connect
from store.settings import Settings
from tests.training.environment import run_training, training_python
from training.data.collection import read_collection

pytestmark = [pytest.mark.services, pytest.mark.training]

LABELS = {"Cardiomegaly": 1, "Edema": -1, "Pneumothorax": 0}


@pytest.fixture
def running(
    module_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgresRows]:
    """Yield the rows of an installation of this module's own, whose state folder is tmp_path."""
    settings = module_settings.model_copy(update={"postgres_user": OPERATOR})
    (tmp_path / "settings.env").touch()
    monkeypatch.setattr("stack.state.current_state", lambda: State(tmp_path))
    monkeypatch.setattr("radiotheque.preparation.program_settings", lambda _: settings)
    rows = connect(settings)
    yield rows
    rows.close()


def keep(rows: PostgresRows, settings: Settings, seed: int) -> Film:
    """Do what ingest does with a phantom of a patient of its own, shared within the library."""
    drawn = draw(seed, 128)
    made = develop(drawn if seed == 2 else to_8_bits(drawn))
    film = Film(
        id=made.film,
        width=made.width,
        height=made.height,
        bits=made.bits,
        site="local",
        source="drop",
        signature=made.signature,
        patient=f"p{seed}",
        view="PA",
        text_check="clean",
        sharing="library",
    )
    (receipt,) = rows.receipts.open_many(
        [Drop("dropzone", f"{seed}.png", "v1", 1, "bulk", "local", "drop")]
    )
    rows.receipts.accept(receipt, film, [])
    connect_objects(settings).put("radiographs", rendition_key(film.id, "full"), made.full)
    return film


def test_three_films_are_fetched_with_their_labels_and_are_too_few_to_fit(
    running: PostgresRows,
    module_settings: Settings,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, third, _ = (keep(running, module_settings, seed) for seed in (1, 2, 3, 4))
    reader = running.accounts.add("a reader", "radiologist", "hash", by=None)
    now = datetime.now(UTC)
    imported = [LabelRow(name, 1, "imported", "manifest", now) for name in LABELS]
    for film in (first, second):
        running.readings.record(
            film.id, LABELS, account=reader.id, answer_visible=False, model=None
        )
    for film in (second, third):
        running.films.add_labels(film.id, imported)

    words: list[list[str]] = []
    monkeypatch.setattr("stack.installs.training_env", lambda: training_python().parent.parent)

    def run_in_terminal(command: list[object], settings: dict[str, str]) -> int:
        words.append([str(word) for word in command[2:]])
        return 0

    monkeypatch.setattr("stack.run.run_in_terminal", run_in_terminal)
    asked = ["train", "library", "--backbone", "EfficientNetLite0", "--weights", "none"]
    assert main([*asked, "--side", "64", "--out", str(tmp_path / "run")]) == 0
    assert "labelled films: 3, new ones: 3" in capfd.readouterr().err
    assert main([*asked, "--side", "64", "--out", str(tmp_path / "run")]) == 0
    assert "labelled films: 3, new ones: 0" in capfd.readouterr().err

    assert words[0] == words[1]
    folder = Path(words[0][2])
    table = read_collection(folder).table
    assert table.patients.tolist() == ["p1", "p2", "p3"]
    said = [[int(row[FINDINGS.index(name)]) for name in LABELS] for row in table.labels]
    assert said == [[1, -1, 0], [1, -1, 0], [1, 1, 1]]

    done = run_training(*words[0])
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith(
        "radiotheque train: no finding has films enough to be fitted on; "
    )
