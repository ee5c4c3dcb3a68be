"""`radiotheque models`: what it prints and does, on stores in memory."""

import argparse
import hashlib
import json
from pathlib import Path

import pytest

from radiotheque import model_commands as commands
from schemas.errors import Conflict, NotFound
from schemas.models import RUN_VERSIONS, ModelManifest, model_key
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.workers.making import manifest, samples, store_film
from tests.workers.pixel_model import pixel_model
from workers.models import BUCKET, store_model


@pytest.fixture
def rows() -> FakeRows:
    """Return a live model with one film, and a candidate of another embedding version."""
    rows = FakeRows("test", operator=True)
    rows.models.register(manifest(1, "e1"), "live")
    film, _ = store_film(rows, FakeObjects(), samples(1))
    rows.tables.embeddings[film, "e1"] = [0.0]
    rows.models.register(manifest(2, "e2"), "candidate")
    return rows


def ask(*words: str) -> argparse.Namespace:
    top = argparse.ArgumentParser()
    commands.register(top.add_subparsers())
    return top.parse_args(["models", *words])


def test_every_version_is_listed_with_what_searches_use_and_how_far_the_next_is(
    rows: FakeRows, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.run_list(rows, ask("list"))
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["model"], first["state"], first["searched"]) == ("fake/1", "live", True)
    assert (second["state"], second["searched"], second["checks_films"]) == (
        "candidate",
        False,
        False,
    )
    assert first["filling"] is None

    commands.run_live(rows, ask("live", "2"))
    said = capsys.readouterr().out
    assert "fake/2 is live" in said
    assert "(1 of 1)" in said

    commands.run_list(rows, ask("list"))
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["state"], first["searched"]) == ("former", True)
    assert second["filling"] == {"wanted": "e2", "used": "e1", "films": 1, "missing": 1}


def test_a_former_version_is_made_live_again_at_once(rows: FakeRows) -> None:
    commands.run_live(rows, ask("live", "2"))
    commands.run_live(rows, ask("live", "1"))
    live = rows.models.live()
    assert live is not None
    assert live.manifest.version == 1
    assert rows.models.filling() is None
    with pytest.raises(NotFound):
        commands.run_live(rows, ask("live", "9"))


def test_a_built_model_is_stored_as_a_candidate_and_never_over_another_one(
    rows: FakeRows, tmp_path: Path
) -> None:
    objects = FakeObjects()
    weights = pixel_model(manifest(3, "e3"), 3)
    said = manifest(3, "e3").model_copy(update={"sha256": hashlib.sha256(weights).hexdigest()})
    (tmp_path / "model.onnx").write_bytes(weights)
    (tmp_path / "model.json").write_text(said.model_dump_json())
    for _ in range(2):
        assert store_model(tmp_path, rows.models, objects, "candidate").state == "candidate"
    assert objects.read(BUCKET, model_key(said, "model.onnx")) == weights

    other = said.model_copy(update={"version": 1})
    (tmp_path / "model.json").write_text(other.model_dump_json())
    stored = len(objects.calls)
    with pytest.raises(Conflict, match="another manifest"):
        store_model(tmp_path, rows.models, objects, "candidate")
    assert len(objects.calls) == stored


def run_folder(folder: Path, name: str, seed: int) -> Path:
    """Return what an export leaves: each run says the same number."""
    folder.mkdir()
    bare = manifest(RUN_VERSIONS, f"e{seed}").model_copy(update={"name": name})
    weights = pixel_model(bare, seed)
    said = bare.model_copy(update={"sha256": hashlib.sha256(weights).hexdigest()})
    (folder / "model.onnx").write_bytes(weights)
    (folder / "model.json").write_text(said.model_dump_json())
    return folder


def test_runs_are_numbered_from_1001_on_and_the_same_run_keeps_its_number(
    rows: FakeRows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = FakeObjects()
    first = run_folder(tmp_path / "first", "mobilenetv2", 5)
    second = run_folder(tmp_path / "second", "densenet121", 6)
    stored = [
        store_model(folder, rows.models, objects, "candidate").manifest
        for folder in (first, second, first, second)
    ]
    labels = ["mobilenetv2/1001", "densenet121/1002"]
    assert [said.label for said in stored] == labels * 2
    for said in stored[:2]:
        weights = objects.read(BUCKET, model_key(said, "model.onnx"))
        assert hashlib.sha256(weights).hexdigest() == said.sha256
        kept = objects.read(BUCKET, model_key(said, "model.json"))
        assert ModelManifest.model_validate_json(kept) == said
    assert [row.manifest.label for row in rows.models.all()] == ["fake/1", "fake/2", *labels]
    commands.run_live(rows, ask("live", "1002"))
    assert "densenet121/1002 is live" in capsys.readouterr().out


def test_the_project_s_own_next_version_is_added_beside_runs_under_its_own_number(
    rows: FakeRows, tmp_path: Path
) -> None:
    objects = FakeObjects()
    run = run_folder(tmp_path / "run", "mobilenetv2", 5)
    store_model(run, rows.models, objects, "candidate")
    built = run_folder(tmp_path / "built", "starter", 7)
    said = ModelManifest.model_validate_json((built / "model.json").read_bytes())
    (built / "model.json").write_text(said.model_copy(update={"version": 3}).model_dump_json())
    assert store_model(built, rows.models, objects, "candidate").manifest.label == "starter/3"
