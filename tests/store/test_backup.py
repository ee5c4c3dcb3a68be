"""Save, restore and export on a real database."""

import csv
import hashlib
import io
import json
import uuid
import zipfile
from pathlib import Path

import pytest

from schemas.errors import Conflict
from stack.postgres_server import binaries
from store.backup import export, restore, save
from store.migrate import drop_database
from store.records import LabelRow
from store.rows import connect
from store.settings import Settings
from tests.fakes.rows_tables import now
from tests.store.made import film, library

pytestmark = pytest.mark.services


def fill(settings: Settings) -> None:
    rows = connect(settings)
    shelf = library(rows)
    for seed in range(3):
        shelf.accept(film(seed))
        shelf.analyse(film(seed), seed=seed, Edema=0.9)
    rows.films.add_labels(film(0).id, [LabelRow("Edema", -1, "imported", "nih", now())])
    rows.readings.record(
        film(1).id, {"Edema": 1}, account=shelf.admin.id, answer_visible=False, model="starter/1"
    )
    # A film in conflict stays out of exports.
    shelf.accept(film(3, patient="p1"), seed=1)
    shelf.accept(film(3, patient="p2"), seed=2)
    rows.close()


def test_an_export_holds_the_library_and_its_own_check_sums(
    database: Settings, tmp_path: Path
) -> None:
    fill(database)
    counts = export(database, tmp_path / "library.zip")
    expected = {"films.csv": 3, "labels.csv": 2, "verdicts.csv": 1, "embeddings.csv": 3}
    assert counts == expected
    with zipfile.ZipFile(tmp_path / "library.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        tables = {name: archive.read(name) for name in expected}
    for name, content in tables.items():
        assert hashlib.sha256(content).hexdigest() == manifest["sha256"][name]
    labels = list(csv.DictReader(io.StringIO(tables["labels.csv"].decode())))
    assert {(row["film"], row["value"], row["source"]) for row in labels} == {
        (film(0).id, "-1", "imported"),
        (film(1).id, "1", "physician"),
    }
    embeddings = list(csv.DictReader(io.StringIO(tables["embeddings.csv"].decode())))
    assert {len(json.loads(row["embedding"])) for row in embeddings} == {512}
    everything = b"".join(tables.values()).decode()
    assert "Ada" not in everything
    assert film(3).id not in everything


def test_what_was_saved_is_restored_whole_into_an_empty_database_only(
    database: Settings, tmp_path: Path
) -> None:
    fill(database)
    saved = tmp_path / "radiotheque.dump"
    save(database, saved, binaries() / "pg_dump")
    assert saved.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict, match="empty"):
        restore(database, saved, binaries() / "pg_restore")

    name = f"s{uuid.uuid4().hex[:12]}"
    other = database.model_copy(update={"postgres_database": name})
    try:
        restore(other, saved, binaries() / "pg_restore")
        before, after = connect(database), connect(other)
        account = after.accounts.for_sign_in("ada")
        assert account == before.accounts.for_sign_in("ada")
        assert account is not None
        one = before.films.detail(film(1).id, account=account[0].id)
        two = after.films.detail(film(1).id, account=account[0].id)
        assert two.readings == one.readings
        assert two.row == one.row
        near = [rows.vectors.nearest(film(1).id, count=5) for rows in (before, after)]
        assert near[0] == near[1]
        assert before.audit.list(by=None, limit=2)[1].action == "database.saved"
        for rows in (before, after):
            rows.close()
    finally:
        drop_database(database, name)
