"""A new embedding version on stores in memory: searches find every film at every moment.

Films are dropped in pairs that look alike, while a model of another embedding version goes live,
is rolled back and goes live again, in an order drawn anew for every seed; also in the middle of
a batch, between what the worker read and what it saves. After each step every analysed film is
searched for, and its look-alike must be the first that comes.
"""

import random
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.reconciler import Reconciler
from schemas.errors import Unavailable
from store.log import Record
from store.similar import Similar
from tests.fakes.cache import FakeCache
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.triton import FakeTriton
from tests.workers.making import manifest, record_of, request, samples, settings, store_film
from workers.analyse import AnalyseHandler

PAIRS = 12


class World:
    """A library that is being filled anew, and what may happen to it."""

    def __init__(self, seed: int, *, in_batches: bool) -> None:
        self.rows, self.objects = FakeRows("test"), FakeObjects()
        self.triton = FakeTriton(versions=("1", "2"))
        self.triton.seeds = {"2": 7}
        self.rows.models.register(manifest(1, "e1"), "live")
        self.rows.models.register(manifest(2, "e2"), "candidate")
        self.settings = settings(reanalysis_limit=5)
        self.handler = AnalyseHandler(self.settings, self.rows, self.objects, self.triton)
        self.reconciler = Reconciler(self.settings, self.rows, self.objects, lambda *_: 0)
        self.random = random.Random(seed)
        self.waiting: list[Record] = []
        self.read = 0
        self.pairs: list[tuple[str, str]] = []
        self.searched: set[str] = set()
        if in_batches:
            self.triton.before = self._in_a_batch

    def drop(self) -> None:
        """Two films, the second the first with a little noise, as two drops."""
        number = len(self.pairs)
        first = samples(1000 + number)
        noise = np.random.default_rng(number).integers(-3, 4, first.shape)
        second = np.clip(first.astype(int) + noise, 0, 255).astype(np.uint8)
        self.pairs.append((self._store(first), self._store(second)))

    def _store(self, picture: NDArray[np.uint8]) -> str:
        film, receipt = store_film(self.rows, self.objects, picture)
        self.waiting.append(record_of(request(film, receipt)))
        return film

    def look(self) -> None:
        """What the reconciler does every minute, when its earlier questions are old."""
        self.rows.tables.requested.clear()
        said = len(self.rows.outbox.messages)
        self.reconciler.once()
        asked = [each for each in self.rows.outbox.messages[said:] if "requested" in each.topic]
        self.waiting += [record_of(message) for message in asked]

    def analyse(self) -> None:
        """One batch; what raises Unavailable stays waiting, as the runtime keeps it."""
        batch = self.waiting[: self.random.randint(1, 6)]
        if not batch:
            return
        try:
            self.handler.handle(batch)
        except Unavailable:
            return
        del self.waiting[: len(batch)]

    def swap(self) -> None:
        """Release the one that is not live, or roll back to it."""
        live = self.rows.models.live()
        assert live is not None
        self.rows.models.set_live(3 - live.manifest.version)

    def _in_a_batch(self, version: str) -> None:
        del version
        if self.random.random() < 0.3:
            self.swap()
            self.check()
        if self.random.random() < 0.3:
            self.rows.films.without_analysis(0)
            self.check()

    def check(self) -> None:
        """Every film that has been analysed is found by its look-alike, first of all."""
        used = self.rows.vectors.version()
        assert used is not None
        self.searched.add(used)
        analysed = {film for film, _ in self.rows.tables.analyses}
        for pair in self.pairs:
            if analysed.issuperset(pair):
                for asked, wanted in (pair, pair[::-1]):
                    version, (found, *_) = self.rows.vectors.nearest(asked, count=1)
                    assert (version, found.film) == (used, wanted)
                    assert found.similarity > 0.9

    def finish(self) -> None:
        while self.waiting or self.rows.models.filling() is not None:
            self.look()
            self.analyse()
            self.check()


@pytest.fixture
def calm() -> Iterator[World]:
    world = World(0, in_batches=False)
    yield world
    world.handler.close()


@pytest.mark.parametrize(
    ("seed", "in_batches"),
    [(0, False), (1, False), (1, True), (6, True), (8, True), (11, True)],
)
def test_no_film_is_ever_missed_while_another_embedding_version_is_filled(
    seed: int, *, in_batches: bool
) -> None:
    world = World(seed, in_batches=in_batches)
    steps = [world.drop, world.look, world.swap, *[world.analyse] * 6, *[world.drop] * 2]
    while len(world.pairs) < PAIRS:
        world.random.choice(steps)()
        world.check()
    world.triton.before = str
    world.finish()
    world.swap()
    world.finish()
    assert len(world.rows.tables.analyses) == 4 * PAIRS
    assert world.searched == {"e1", "e2"}
    world.handler.close()


def test_old_films_are_asked_for_in_bulk_and_searches_move_in_one_step(calm: World) -> None:
    for _ in range(6):
        calm.drop()
    while calm.waiting:
        calm.analyse()
    calm.swap()
    calm.look()
    # As many as may be outstanding, all by the bulk lane.
    assert [record.topic for record in calm.waiting] == ["analysis.requested.bulk"] * 5
    calm.drop()
    for _ in range(20):
        calm.analyse()
    filling = calm.rows.models.filling()
    assert filling is not None
    assert (filling.films, filling.missing) == (14, 7)
    assert calm.rows.vectors.version() == "e1"
    calm.finish()
    assert calm.rows.vectors.version() == "e2"
    both = {film for film, model in calm.rows.tables.analyses if model == 1}
    assert len(both) == 14


def test_an_answer_is_cached_under_the_version_that_was_searched(calm: World) -> None:
    calm.drop()
    while calm.waiting:
        calm.analyse()
    time, cache = [0.0], FakeCache()
    similar = Similar(calm.settings, calm.rows, cache, lambda: time[0])
    film, alike = calm.pairs[0]
    before = similar.answer(film, site="test", account=None)
    calm.swap()
    calm.finish()
    calm.drop()
    other, _ = calm.pairs[1]
    while calm.waiting:
        calm.analyse()
    # Within a second the old version's name is remembered: the answer is the new one's.
    late = similar.answer(other, site="test", account=None)
    time[0] = 2.0
    after = similar.answer(film, site="test", account=None)
    assert before[0].film == after[0].film == alike
    assert before != after
    assert similar.answer(other, site="test", account=None) == late
    names = {key.split(":")[0]: key.split(":")[1] for key in cache.kept}
    assert names[other] == "e2"


def test_old_films_are_filled_although_triton_serves_the_live_version_alone(calm: World) -> None:
    for _ in range(3):
        calm.drop()
    while calm.waiting:
        calm.analyse()
    calm.swap()
    # As the onnxruntime backend with two versions of different sides (docs/adr/0149).
    calm.triton.versions = {"2"}
    calm.finish()
    assert calm.rows.vectors.version() == "e2"


def test_while_triton_lacks_the_version_that_searches_need_films_wait(calm: World) -> None:
    calm.drop()
    while calm.waiting:
        calm.analyse()
    calm.swap()
    calm.triton.versions = {"2"}
    calm.drop()
    waiting = len(calm.waiting)
    for _ in range(3):
        calm.analyse()
    assert len(calm.waiting) == waiting
    assert calm.rows.letters.list() == []
    calm.triton.versions = {"1", "2"}
    calm.finish()
    calm.check()
