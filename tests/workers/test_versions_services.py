"""A new embedding version on the real services: searches find every film at every moment.

Two small models that truly look at the pixels, each with an embedding space of its own, are
served by the real Triton, while films are dropped, analysed and searched for without a pause.
"""

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from schemas.errors import Unavailable
from schemas.identities import film_id
from schemas.models import ModelManifest, model_key
from store.log import Record
from store.objects import connect as connect_objects
from store.ports import Objects, Rows, rendition_key
from store.records import Drop, Film
from store.rows import admin_connection
from store.rows import connect as connect_rows
from store.settings import Settings
from tests.own_triton import own_triton
from tests.services import admin_settings, as_role
from tests.waiting import eventually
from tests.workers.making import manifest, png, record_of, request, samples
from tests.workers.pixel_model import pixel_model
from workers.analyse import AnalyseHandler
from workers.models import BUCKET, ModelsProcess
from workers.triton import TritonControl, TritonModel
from workers.triton_config import render

pytestmark = [pytest.mark.services]

FIRST, SECOND = 101, 102
NEVER = threading.Event()


def said(version: int) -> ModelManifest:
    bare = manifest(version, f"e{version}")
    sha256 = hashlib.sha256(pixel_model(bare, version)).hexdigest()
    return bare.model_copy(update={"sha256": sha256})


def patiently(work: Callable[[], None], paused: Callable[[], None] = lambda: None) -> None:
    """Do it again until no service is away, as a worker would; tell each pause."""
    for _ in range(500):
        try:
            return work()
        except Unavailable:
            paused()
            NEVER.wait(0.02)
    raise AssertionError("a service stayed away")


@dataclass
class House:
    """The stores, Triton, and what works on them."""

    settings: Settings
    rows: Rows
    worker_rows: Rows
    own_rows: Rows
    objects: Objects
    triton: TritonModel
    process: ModelsProcess
    control: TritonControl
    pairs: list[tuple[str, str]] = field(default_factory=list)
    paused: int = 0

    def register(self, version: int) -> None:
        model = said(version)
        weights = pixel_model(model, version)
        self.objects.put(BUCKET, model_key(model, "model.onnx"), weights)
        self.rows.models.register(model, "candidate")

    def handler(self) -> AnalyseHandler:
        return AnalyseHandler(self.settings, self.worker_rows, self.objects, self.triton)

    def drop(self, picture: NDArray[np.uint8]) -> Record:
        film = film_id(picture)
        drop = Drop("dropzone", film, str(uuid.uuid4()), 1, "bulk", "test", "dropzone")
        (receipt,) = self.rows.receipts.open_many([drop])
        self.objects.put("radiographs", rendition_key(film, "full"), png(picture), "image/png")
        small = np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX))
        height, width = picture.shape
        row = Film(film, width, height, 8, "test", "dropzone", small.tobytes())
        asked = request(film, receipt.id)
        self.rows.receipts.accept(receipt, row, [asked])
        return record_of(asked)

    def load(self) -> None:
        """What the process beside Triton does every ten seconds."""
        self.process.step()

    def pause(self) -> None:
        self.paused += 1

    def drop_pair(self, handler: AnalyseHandler, number: int) -> None:
        """A film and its look-alike, analysed; known to who searches when both are done."""
        first = samples(5000 + number)
        noise = np.random.default_rng(number).integers(-3, 4, first.shape)
        second = np.clip(first.astype(int) + noise, 0, 255).astype(np.uint8)
        batch = [self.drop(first), self.drop(second)]
        patiently(lambda: handler.handle(batch), self.pause)
        self.pairs.append((film_id(first), film_id(second)))

    def write(self, text: bytes) -> None:
        """Change a row that no function of ours changes so."""
        admin = admin_settings(self.settings)
        with admin_connection(admin, self.settings.postgres_database) as connection:
            connection.execute(text)

    def fill(self, handler: AnalyseHandler) -> None:
        """Ask for old films as the reconciler does, minutes apart, until searches have moved."""
        while self.rows.models.filling() is not None:
            self.write(b"UPDATE rad.film SET requested_at = NULL")
            asked = [record_of(request(film)) for film in self.rows.films.without_analysis(6)]
            patiently(lambda batch=asked: handler.handle(batch) if batch else None)  # type: ignore[misc]


@pytest.fixture(scope="module")
def alone(
    module_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Return the settings with a Triton that no other models process loads into."""
    with own_triton(module_settings, tmp_path_factory.mktemp("triton")) as settings:
        yield settings


@pytest.fixture
def house(alone: Settings) -> Iterator[House]:
    rows = connect_rows(as_role(alone, "operator"))
    worker_rows = connect_rows(as_role(alone, "analyse"))
    own_rows = connect_rows(as_role(alone, "models"))
    objects = connect_objects(alone)
    secret = alone.triton_secret.get_secret_value()
    control = TritonControl(alone.triton_grpc, secret)
    assert alone.triton_repository is not None
    process = ModelsProcess(
        own_rows.models,
        objects,
        control,
        repository=alone.triton_repository,
        backend=alone.triton_backend,
    )
    with TritonModel(alone.triton_grpc) as triton:
        yield House(alone, rows, worker_rows, own_rows, objects, triton, process, control)
    for each in (rows, worker_rows, own_rows, control):
        each.close()


class Searcher:
    """Searches for every known film by its look-alike, again and again."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.searches = 0
        self.versions: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.once()

    def once(self) -> None:
        for pair in list(self._house.pairs):
            for asked, wanted in (pair, pair[::-1]):
                version, (found, *_) = self._house.rows.vectors.nearest(asked, count=1)
                assert found.film == wanted, f"by {version}"
                self.searches += 1
                self.versions.add(version)


@pytest.mark.timeout(240)
def test_no_film_is_missed_while_a_second_embedding_version_goes_live_and_back(
    house: House,
) -> None:
    house.register(FIRST)
    house.rows.models.set_live(FIRST)
    assert house.process.step() == frozenset()
    stop = threading.Event()
    searcher = Searcher(house)
    worker, other = house.handler(), house.handler()

    def dropping() -> None:
        number = 0
        while not stop.is_set():
            house.drop_pair(worker, number)
            number += 1

    with ThreadPoolExecutor(2) as beside:
        running = [beside.submit(dropping), beside.submit(searcher.run, stop)]
        try:
            eventually(lambda: len(house.pairs) >= 6 or running[0].done())
            house.register(SECOND)
            # Live before Triton has it: the worker waits, and nothing is set aside.
            house.rows.models.set_live(SECOND)
            eventually(lambda: house.paused or running[0].done())
            known = len(house.pairs)
            patiently(house.load)
            eventually(lambda: len(house.pairs) >= known + 4 or running[0].done())
            assert house.rows.vectors.version() == f"e{FIRST}"
            house.fill(other)
            assert house.rows.vectors.version() == f"e{SECOND}"
            known = len(house.pairs)
            eventually(lambda: len(house.pairs) >= known + 4 or running[0].done())
            house.rows.models.set_live(FIRST)
            house.fill(other)
            assert house.rows.vectors.version() == f"e{FIRST}"
        finally:
            stop.set()
        for each in running:
            each.result()
    searcher.once()
    assert house.paused
    assert house.rows.letters.open_count() == 0
    assert searcher.versions == {f"e{FIRST}", f"e{SECOND}"}
    assert searcher.searches > 4 * len(house.pairs)
    films = [film for pair in house.pairs for film in pair]
    assert house.rows.analyses.done(films, FIRST) == set(films)
    both = house.rows.analyses.done(films, SECOND)
    assert len(both) >= 2 * 10
    one = next(iter(both))
    kept = [house.rows.analyses.get(one, version) for version in (FIRST, SECOND)]
    assert [row.model_label for row in kept if row] == [f"fake/{FIRST}", f"fake/{SECOND}"]
    for handler in (worker, other):
        handler.close()


@pytest.mark.timeout(120)
def test_triton_that_lost_a_version_gets_it_back_and_a_retired_one_goes(house: House) -> None:
    for version in (FIRST, SECOND):
        house.register(version)
    house.rows.models.set_live(FIRST)
    house.process.step()
    # As a Triton that was restarted and has loaded one so far.
    house.control.load(render(house.settings.triton_backend, [said(FIRST)]))
    assert house.control.ready_versions() == {FIRST}
    with pytest.raises(Unavailable):
        house.triton.score(np.zeros((1, 64, 64), np.uint8), str(SECOND))
    assert house.process.step() == frozenset()
    assert house.control.ready_versions() == {FIRST, SECOND}
    house.write(b"UPDATE rad.model SET state = 'retired' WHERE version = 102")
    assert house.process.step() == frozenset()
    assert house.control.ready_versions() == {FIRST}
