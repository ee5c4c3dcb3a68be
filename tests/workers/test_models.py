"""The process beside Triton, against rows, objects and a Triton in memory."""

import hashlib
import logging
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from schemas.models import CARD_FILE, CHECK_FILE, ModelManifest, model_key
from store.records import ModelState
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.settings import fake_settings
from tests.fakes.triton import FakeControl
from tests.requirements import ROOT
from tests.waiting import eventually
from tests.workers.model_files import model_file
from workers.health import Health
from workers.models import BUCKET, ModelsProcess, seed_starter


def weights(version: int) -> bytes:
    return model_file(said_of(version))


def said_of(version: int) -> ModelManifest:
    kept = (ROOT / "triton_models" / "starter" / "model.json").read_bytes()
    return ModelManifest.model_validate_json(kept).model_copy(update={"version": version})


def manifest(version: int = 1) -> ModelManifest:
    sha256 = hashlib.sha256(weights(version)).hexdigest()
    return said_of(version).model_copy(update={"sha256": sha256})


@dataclass
class World:
    """Everything the process meets."""

    repository: Path
    rows: FakeRows = field(default_factory=FakeRows)
    objects: FakeObjects = field(default_factory=FakeObjects)
    control: FakeControl = field(default_factory=FakeControl)

    def process(self, backend: str = "python") -> ModelsProcess:
        return ModelsProcess(
            self.rows.models,
            self.objects,
            self.control,
            repository=self.repository,
            backend=backend,
        )

    def register(self, version: int, state: ModelState) -> ModelManifest:
        said = manifest(version)
        self.objects.put(BUCKET, model_key(said, "model.onnx"), weights(version))
        self.rows.models.register(said, state)
        return said

    def folders(self) -> set[str]:
        chest = self.repository / "chest"
        return {each.name for each in chest.iterdir() if each.is_dir()}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "repository")


def test_the_live_version_is_fetched_laid_out_and_loaded(world: World) -> None:
    said = world.register(1, "live")
    assert world.process().step() == frozenset()
    assert world.control.served == {1}
    place = world.repository / "chest" / "1"
    assert (place / "model.onnx").read_bytes() == weights(1)
    assert ModelManifest.model_validate_json((place / "model.json").read_bytes()) == said
    assert "class TritonPythonModel" in (place / "model.py").read_text()
    assert 'backend: "python"' in (world.repository / "chest" / "config.pbtxt").read_text()


def test_in_a_container_the_backend_is_its_own_and_no_code_is_laid_out(world: World) -> None:
    world.register(1, "live")
    world.process("openvino").step()
    assert not (world.repository / "chest" / "1" / "model.py").exists()
    assert 'backend: "openvino"' in (world.repository / "chest" / "config.pbtxt").read_text()


def test_nothing_is_loaded_twice_nor_fetched_twice(world: World) -> None:
    world.register(1, "live")
    process = world.process()
    for _ in range(3):
        process.step()
    assert world.control.loads == [(1,)]
    assert [call[0] for call in world.objects.calls].count("read") == 1


def test_without_any_registered_model_nothing_is_asked_of_triton(world: World) -> None:
    assert world.process().step() == frozenset()
    assert world.control.loads == []


def test_a_restarted_triton_is_filled_again_from_what_lies_there(world: World) -> None:
    world.register(1, "live")
    process = world.process()
    process.step()
    world.control.served = frozenset()
    world.objects.down = True
    process.step()
    assert world.control.served == {1}


def test_a_restarted_triton_gets_every_version_back(world: World) -> None:
    process = world.process()
    world.register(1, "live")
    world.register(2, "candidate")
    world.rows.models.set_live(2)
    world.register(3, "candidate")
    process.step()
    for lost in (frozenset(), frozenset({2})):
        world.control.served = lost
        process.step()
        assert world.control.served == {1, 2, 3}


def test_a_restarted_process_trusts_only_whole_folders(world: World) -> None:
    world.register(1, "live")
    world.process().step()
    world.control.served = frozenset()
    damaged = world.repository / "chest" / "1" / "model.onnx"
    damaged.write_bytes(b"half")
    world.process().step()
    assert damaged.read_bytes() == weights(1)
    assert world.control.served == {1}


def test_live_former_and_candidate_are_served_and_a_retired_folder_goes(world: World) -> None:
    process = world.process()
    world.register(1, "live")
    process.step()
    world.register(2, "candidate")
    process.step()
    assert world.control.served == {1, 2}
    world.rows.models.set_live(2)
    process.step()
    assert world.control.served == {1, 2}
    assert world.control.loads == [(1,), (1, 2)]
    row = world.rows.tables.models[1]
    world.rows.tables.models[1] = type(row)(row.manifest, "retired", row.registered_at)
    process.step()
    assert world.control.served == {2}
    assert world.folders() == {"2"}


def test_a_served_version_is_never_touched(world: World) -> None:
    world.register(1, "live")
    process = world.process()
    process.step()
    before = (world.repository / "chest" / "1").stat().st_ino
    world.register(2, "candidate")
    process.step()
    assert (world.repository / "chest" / "1").stat().st_ino == before


def test_a_candidate_that_triton_refuses_leaves_the_live_one_served(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.register(1, "live")
    world.register(2, "candidate")
    world.control.refuses = {2}
    process = world.process()
    with caplog.at_level(logging.ERROR):
        assert process.step() == {2}
    assert world.control.served == {1}
    assert world.control.loads == [(1, 2), (1,)]
    assert "Triton refused these versions" in caplog.text
    # It is not tried again at every look: each try would load the live one anew.
    assert process.step() == {2}
    assert len(world.control.loads) == 2
    # In time it is: what was wrong may have been mended.
    world.control.refuses = set()
    eventually(lambda: process.step() == frozenset(), every_s=0)
    assert world.control.served == {1, 2}


def test_a_version_that_triton_passes_over_in_silence_is_noticed(world: World) -> None:
    world.register(1, "live")
    world.register(2, "candidate")
    world.control.passes_over = {2}
    assert world.process().step() == {2}


def test_weights_other_than_the_registered_ones_are_never_served(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.register(1, "live")
    said = world.register(2, "candidate")
    world.objects.put(BUCKET, model_key(said, "model.onnx"), b"somebody else's")
    with caplog.at_level(logging.ERROR):
        assert world.process().step() == {2}
    assert world.control.served == {1}
    assert world.folders() == {"1"}
    assert "not those it was registered with" in caplog.text


def test_weights_that_cannot_be_read_leave_the_others_served(world: World) -> None:
    world.register(1, "live")
    said = world.register(2, "candidate")
    world.objects.bad.add((BUCKET, model_key(said, "model.onnx")))
    assert world.process().step() == {2}
    assert world.control.served == {1}


def test_weights_that_are_gone_leave_the_others_served(world: World) -> None:
    world.register(1, "live")
    said = world.register(2, "candidate")
    world.objects.remove(BUCKET, model_key(said, "model.onnx"))
    assert world.process().step() == {2}
    assert world.control.served == {1}


@pytest.mark.parametrize("service", ["rows", "objects", "control"])
def test_a_service_that_is_down_is_waited_for_and_then_all_is_well(
    world: World, service: str
) -> None:
    world.register(1, "live")
    down = getattr(world, service)
    down.down = True
    health, stop = Health("models"), threading.Event()
    thread = threading.Thread(target=world.process().run, args=(stop, health, 0.01))
    thread.start()
    try:
        eventually(lambda: "waiting for" in health.state()[1] and "start" not in health.state()[1])
        assert world.control.served == frozenset()
        down.down = False
        eventually(lambda: health.state() == (True, "healthy"))
        assert world.control.served == {1}
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()


def built(folder: Path) -> Path:
    folder.mkdir()
    (folder / "model.onnx").write_bytes(weights(1))
    (folder / "model.json").write_text(manifest().model_dump_json())
    for file in (CHECK_FILE, CARD_FILE):
        shutil.copy(ROOT / "triton_models" / "starter" / file, folder)
    return folder


def test_seeding_stores_the_starter_and_makes_it_live_once(world: World, tmp_path: Path) -> None:
    settings = fake_settings(starter_model=built(tmp_path / "built"))
    row = seed_starter(settings, world.rows.models, world.objects)
    assert (row.manifest.label, row.state) == ("starter/1", "live")
    assert world.objects.read(BUCKET, "starter/1/model.onnx") == weights(1)
    assert row.manifest.check is not None
    numbers = world.objects.read(BUCKET, "starter/1/check.npz")
    assert hashlib.sha256(numbers).hexdigest() == row.manifest.check.sha256
    assert row.manifest.card is not None
    card = world.objects.read(BUCKET, "starter/1/card.json")
    assert hashlib.sha256(card).hexdigest() == row.manifest.card.sha256
    again = seed_starter(settings, world.rows.models, world.objects)
    assert again.manifest == row.manifest
    assert [call[0] for call in world.objects.calls].count("put") == 4
    assert world.process().step() == frozenset()
    assert world.control.served == {1}


def test_seeding_keeps_another_live_model(world: World, tmp_path: Path) -> None:
    world.register(4, "live")
    settings = fake_settings(starter_model=built(tmp_path / "built"))
    assert seed_starter(settings, world.rows.models, world.objects).manifest.version == 4


def test_seeding_refuses_weights_and_numbers_that_are_not_the_manifests(
    world: World, tmp_path: Path
) -> None:
    folder = built(tmp_path / "built")
    (folder / "model.onnx").write_bytes(b"another build")
    with pytest.raises(ValueError, match=r"wanted model\.onnx of"):
        seed_starter(fake_settings(starter_model=folder), world.rows.models, world.objects)
    assert world.rows.models.live() is None
    (folder / "model.onnx").write_bytes(weights(1))
    (folder / CHECK_FILE).write_bytes(b"another fit")
    with pytest.raises(ValueError, match=r"wanted check\.npz of"):
        seed_starter(fake_settings(starter_model=folder), world.rows.models, world.objects)
    assert world.rows.models.live() is None
    shutil.copy(ROOT / "triton_models" / "starter" / CHECK_FILE, folder)
    (folder / CARD_FILE).write_text("{}")
    with pytest.raises(ValueError, match=r"wanted card\.json of"):
        seed_starter(fake_settings(starter_model=folder), world.rows.models, world.objects)
    assert world.rows.models.live() is None
    with pytest.raises(ValueError, match="RADIOTHEQUE_STARTER_MODEL"):
        seed_starter(fake_settings(), world.rows.models, world.objects)
