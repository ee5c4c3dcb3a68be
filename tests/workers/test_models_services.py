"""The starter model on the real services: stored, loaded, answering; and refusals for real."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from schemas.errors import Unavailable
from schemas.models import ModelManifest, model_key
from stack.installs import starter_model
from stack.state import State
from store.objects import connect as connect_objects
from store.ports import Objects, Rows
from store.records import ModelRow
from store.rows import connect as connect_rows
from store.settings import Settings
from tests.computed import computed
from tests.requirements import ROOT
from tests.services import as_role
from tests.training.environment import run_training
from tests.waiting import eventually
from workers.models import BUCKET, ModelsProcess, seed_starter
from workers.triton import BULK, URGENT, Scores, TritonControl, TritonModel
from workers.triton_config import render

T = TypeVar("T")
#: The version of the starter that is built.
VERSION = ModelManifest.model_validate_json(
    (ROOT / "triton_models" / "starter" / "model.json").read_bytes()
).version
LIVE = str(VERSION)
NONE_READY: frozenset[int] = frozenset()

pytestmark = [pytest.mark.services]


@pytest.fixture(scope="module")
def rows(module_settings: Settings) -> Iterator[Rows]:
    """Return the rows as the command line may use them: it alone registers models."""
    found = connect_rows(as_role(module_settings, "operator"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def own_rows(module_settings: Settings) -> Iterator[Rows]:
    """Return the rows as the models process may use them."""
    found = connect_rows(as_role(module_settings, "models"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def objects(module_settings: Settings) -> Objects:
    return connect_objects(module_settings)


@pytest.fixture(scope="module")
def control(module_settings: Settings) -> Iterator[TritonControl]:
    found = TritonControl(
        module_settings.triton_grpc, module_settings.triton_secret.get_secret_value()
    )
    yield found
    found.close()


@pytest.fixture(scope="module")
def process(
    module_settings: Settings, own_rows: Rows, objects: Objects, control: TritonControl
) -> ModelsProcess:
    repository = module_settings.triton_repository
    assert repository is not None
    return ModelsProcess(
        own_rows.models,
        objects,
        control,
        repository=repository,
        backend=module_settings.triton_backend,
    )


@pytest.fixture(scope="module")
def built() -> Path:
    """Return the built starter model's folder."""
    return starter_model()


@pytest.fixture(scope="module")
def live(
    module_settings: Settings, rows: Rows, objects: Objects, process: ModelsProcess, built: Path
) -> Iterator[ModelRow]:
    """Seed and serve the starter; leave Triton with that version alone, as it was found."""
    settings = module_settings.model_copy(update={"starter_model": built})
    seeded = seed_starter(settings, rows.models, objects)
    assert process.step() == frozenset()
    yield seeded
    control = TritonControl(
        module_settings.triton_grpc, module_settings.triton_secret.get_secret_value()
    )
    control.load(render(module_settings.triton_backend, [seeded.manifest]))
    control.close()


@pytest.fixture
def model(module_settings: Settings, live: ModelRow) -> Iterator[TritonModel]:
    del live
    with TritonModel(module_settings.triton_grpc) as found:
        yield found


def films(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, side, side), np.uint8)


def unseen(count: int, side: int) -> np.ndarray:
    """Return films that no Triton has an answer for, also one that an earlier run left up."""
    return np.random.default_rng().integers(0, 256, (count, side, side), np.uint8)


def test_the_seeded_model_is_live_whole_and_served(
    live: ModelRow, rows: Rows, objects: Objects, control: TritonControl, model: TritonModel
) -> None:
    now_live = rows.models.live()
    assert now_live is not None
    assert now_live.manifest == live.manifest
    kept = ModelManifest.model_validate_json(
        objects.read(BUCKET, model_key(live.manifest, "model.json"))
    )
    assert kept == live.manifest
    assert control.ready_versions() == {live.manifest.version}
    assert model.side(LIVE) == live.manifest.side


@pytest.mark.training
@pytest.mark.timeout(200)
def test_triton_over_grpc_answers_what_onnx_runtime_answers(
    built: Path, model: TritonModel, tmp_path: Path
) -> None:
    images = films(12, model.side(LIVE))
    flying = [model.submit(images[row : row + 1], LIVE, BULK) for row in range(len(images))]
    answers = [each.result(30) for each in flying]
    names = ("probabilities", "embedding", "features", "activation")
    together = {
        name: np.concatenate([getattr(answer, name) for answer in answers]) for name in names
    }
    np.savez(tmp_path / "answers.npz", image=images, **together)  # type: ignore[arg-type]
    done = run_training("training.export.parity", built, "--served", tmp_path / "answers.npz")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["films"] == len(images)
    assert found["nan_equal"]
    for name in names:
        assert found[name] < 1e-3, name


def test_requests_in_flight_are_batched_and_keep_their_own_rows(
    model: TritonModel, module_settings: Settings
) -> None:
    images = unseen(24, model.side(LIVE))
    state = State(module_settings.state_dir)
    before = computed(state)
    flying: list[Future[Scores]] = [
        model.submit(images[row : row + 1], LIVE, BULK) for row in range(len(images))
    ]
    wait(flying)
    eventually(lambda: computed(state).films == before.films + len(images), what="24 counted")
    # One by one it would be 1; the first may be alone, while the others are still sent.
    assert len(images) / (computed(state).executions - before.executions) > 1.5
    alone = model.score(images[:2], LIVE, URGENT)
    many = model.score(images[:8], LIVE, URGENT)
    for row, future in enumerate(flying[:8]):
        np.testing.assert_allclose(future.result().embedding[0], many.embedding[row], atol=1e-4)
    np.testing.assert_allclose(alone.probabilities[0], many.probabilities[0], atol=1e-4)


def test_a_film_that_is_asked_about_again_is_answered_from_the_cache(
    model: TritonModel, module_settings: Settings
) -> None:
    image, another = np.split(unseen(2, model.side(LIVE)), 2)
    state = State(module_settings.state_dir)
    start = computed(state)
    first = model.score(image, LIVE, URGENT)
    eventually(lambda: computed(state).films == start.films + 1, what="the film counted")
    again = model.score(image, LIVE, BULK)
    hits = start.answered_from_cache + 1
    eventually(lambda: computed(state).answered_from_cache == hits, what="an answer kept")
    for name in ("probabilities", "embedding", "features", "activation"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    # Another film is never given this one's answer.
    other = model.score(another, LIVE, BULK)
    eventually(lambda: computed(state).films == start.films + 2, what="the other counted")
    assert computed(state).answered_from_cache == hits
    assert not np.array_equal(other.embedding, first.embedding)


def test_a_version_that_is_not_loaded_is_waited_for(model: TritonModel) -> None:
    with pytest.raises(Unavailable, match="version 77"):
        model.score(films(1, 320), "77")
    assert not model.ready("77")


def test_without_the_secret_nothing_is_loaded(
    module_settings: Settings, live: ModelRow, control: TritonControl
) -> None:
    stranger = TritonControl(module_settings.triton_grpc, f"guess-{uuid.uuid4()}")
    config = render(module_settings.triton_backend, [live.manifest])
    with pytest.raises(Unavailable, match="restricted"):
        stranger.load(config)
    with pytest.raises(Unavailable, match="restricted"):
        stranger.ready_versions()
    stranger.close()
    assert control.ready_versions() == {VERSION}


def register_candidate(
    live: ModelRow, rows: Rows, objects: Objects, version: int, weights: bytes
) -> None:
    sha256 = hashlib.sha256(weights).hexdigest()
    said = live.manifest.model_copy(update={"version": version, "sha256": sha256})
    objects.put(BUCKET, model_key(said, "model.onnx"), weights)
    rows.models.register(said, "candidate")


@pytest.fixture
def with_candidate(live: ModelRow, rows: Rows, objects: Objects) -> None:
    weights = objects.read(BUCKET, model_key(live.manifest, "model.onnx"))
    register_candidate(live, rows, objects, VERSION + 1, weights)


@pytest.fixture
def with_broken_candidate(live: ModelRow, rows: Rows, objects: Objects) -> None:
    register_candidate(live, rows, objects, VERSION + 2, b"this is no model")


@pytest.mark.usefixtures("with_candidate")
def test_a_candidate_is_loaded_beside_while_the_live_one_answers_every_request(
    process: ModelsProcess, control: TritonControl, model: TritonModel
) -> None:
    one = films(1, model.side(LIVE))
    answered = 0
    with ThreadPoolExecutor(1) as beside:
        step = beside.submit(process.step)
        while not step.done():
            answered += len(model.score(one, LIVE, URGENT))
    assert step.result() == frozenset()
    assert answered
    assert control.ready_versions() == {VERSION, VERSION + 1}
    first, second = model.score(one, LIVE), model.score(one, str(VERSION + 1))
    np.testing.assert_array_equal(first.embedding, second.embedding)


@pytest.mark.usefixtures("with_broken_candidate")
def test_a_broken_candidate_never_reaches_triton_and_the_live_version_answers(
    process: ModelsProcess, control: TritonControl, model: TritonModel
) -> None:
    assert VERSION + 2 in process.step()
    assert VERSION + 2 not in control.ready_versions()
    assert len(model.score(films(1, model.side(LIVE)), LIVE, URGENT)) == 1
