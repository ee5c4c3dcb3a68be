"""The worker that fills the cache for uploads."""

import json

import pytest

from schemas.errors import Dead
from store.log import Record
from store.similar import Similar
from tests.fakes.cache import FakeCache
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.triton import FakeTriton
from tests.workers.making import manifest, record_of, request, samples, settings, store_film
from workers.analyse import AnalyseHandler
from workers.similar import SimilarHandler


class World:
    """Three bulk films and one upload, analysed."""

    def __init__(self) -> None:
        self.rows, self.objects, self.cache = FakeRows("test"), FakeObjects(), FakeCache()
        self.rows.models.register(manifest(), "live")
        analyse = AnalyseHandler(settings(), self.rows, self.objects, FakeTriton())
        for seed in range(4):
            lane = "first" if seed == 3 else "bulk"
            film, receipt = store_film(self.rows, self.objects, samples(seed), lane=lane)
            analyse.handle([record_of(request(film, receipt, lane=lane))])
        self.upload = film
        self.handler = SimilarHandler(Similar(settings(), self.rows, self.cache))

    def facts(self) -> list[Record]:
        return [
            record_of(message)
            for message in self.rows.outbox.messages
            if message.topic == "radiograph.analysed"
        ]


def test_only_an_uploads_answer_is_made_ready_and_it_is_what_web_asks() -> None:
    world = World()

    world.handler.handle(world.facts())

    (key,) = world.cache.kept
    assert key.startswith(world.upload)
    answer = Similar(settings(), world.rows, world.cache).answer(
        world.upload, site="test", account=None
    )
    assert world.cache.hits == 1
    assert len(answer) == 3


def test_a_film_erased_meanwhile_is_done() -> None:
    world = World()
    facts = world.facts()
    world.rows.tables.embeddings.clear()

    world.handler.handle(facts)

    assert world.cache.kept == {}


def test_a_record_that_is_no_such_fact_is_dead() -> None:
    world = World()
    fact = world.facts()[0]
    broken = json.loads(fact.value or b"") | {"bits": 7}
    wrong = Record(fact.topic, 0, 0, b"k", fact.headers, json.dumps(broken).encode(), 0)

    with pytest.raises(Dead, match="bits"):
        world.handler.handle([wrong])

    assert world.handler.receipt_of(wrong) is None
