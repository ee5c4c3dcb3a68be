"""analyse, on stores in memory and a Triton that answers from the pixels."""

import json
import threading
from concurrent.futures import Future
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.errors import Dead, Unavailable
from schemas.events import RadiographAnalysed
from schemas.facts import KnownFacts
from schemas.film_tensor import PREPROCESSING_HASH, preprocessing_hash, to_tensor
from schemas.findings import FINDINGS
from schemas.presentation import Presentation
from store.log import Record
from store.ports import rendition_key
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.triton import NOT_ASSESSED, FakeTriton
from tests.store.made import with_specific
from tests.workers.making import (
    manifest,
    record_of,
    request,
    samples,
    settings,
    store_film,
)
from workers.analyse import AnalyseHandler, to_map
from workers.fates import Fates
from workers.triton import URGENT, Scores


class World:
    """The stores and a handler on them, with a live model."""

    def __init__(self, triton: FakeTriton | None = None, *, live: bool = True) -> None:
        self.rows = FakeRows("test", operator=True)
        self.objects = FakeObjects()
        self.triton = triton or FakeTriton()
        if live:
            self.rows.models.register(manifest(), "live")
        self.handler = AnalyseHandler(settings(), self.rows, self.objects, self.triton)

    def drop(self, seed: int, lane: str = "bulk") -> Record:
        film, receipt = store_film(self.rows, self.objects, samples(seed), lane=lane)
        return record_of(request(film, receipt, lane=lane))

    def analysed(self) -> list[dict[str, object]]:
        return [
            json.loads(message.value)
            for message in self.rows.outbox.messages
            if message.topic == "radiograph.analysed"
        ]


def test_films_end_analysed_with_one_row_one_event_and_their_receipts_say_so() -> None:
    world = World()
    records = [world.drop(seed) for seed in range(20)]

    world.handler.handle(records)

    assert len(world.rows.tables.analyses) == len(world.analysed()) == 20
    assert {receipt.state for receipt in world.rows.tables.receipts.values()} == {"analysed"}
    assert [films for films, _, _ in world.triton.calls] == [1] * 20


class SlowTriton(FakeTriton):
    """Answers nothing before it has been asked about so many films."""

    def __init__(self, films: int) -> None:
        super().__init__()
        self._films = films
        self._flying: list[tuple[Future[Scores], Future[Scores]]] = []

    def submit(
        self, images: NDArray[np.uint8], version: str, priority: int = URGENT
    ) -> Future[Scores]:
        future: Future[Scores] = Future()
        self._flying.append((future, super().submit(images, version, priority)))
        if len(self._flying) == self._films:
            for waiting, answered in self._flying:
                waiting.set_result(answered.result())
        return future


def test_each_film_is_a_request_and_all_are_sent_before_any_is_answered() -> None:
    world = World(SlowTriton(12))
    world.handler.handle([world.drop(seed) for seed in range(12)])
    assert len(world.analysed()) == 12


@pytest.mark.parametrize(
    ("known", "lateral"),
    [
        ({"view": "LATERAL"}, True),
        ({"checks": {"lateral": 1.0}}, True),
        ({"view": "LATERAL", "checks": {"lateral": 0.0}}, False),
        ({"view": "PA", "checks": {"inverted": 1.0}}, False),
    ],
)
def test_of_a_lateral_film_nothing_is_assessed_but_it_is_embedded(
    known: dict[str, Any], *, lateral: bool
) -> None:
    world = World()
    record = world.drop(1)
    [(name, film)] = world.rows.tables.films.items()
    world.rows.tables.films[name] = replace(film, **known)

    world.handler.handle([record])

    row = world.rows.analyses.get(name)
    assert row is not None
    assert bool(np.isnan(row.probabilities).all()) == lateral
    assert bool((row.activation == 0).all()) == lateral
    assert np.linalg.norm(row.embedding) == pytest.approx(1, abs=1e-5)
    [event] = [RadiographAnalysed.model_validate(one) for one in world.analysed()]
    states = {finding.state for finding in event.findings}
    assert (states == {"not_assessed"}) == lateral
    assert event.checks == dict(known.get("checks", {}))
    assert event.flags == world.rows.tables.films[name].flagged


def test_a_film_is_analysed_as_it_is_shown() -> None:
    world, upright = World(), World()
    how = Presentation(orientation=6, pixel_aspect=0.5)
    record = world.drop(1)
    [(name, film)] = world.rows.tables.films.items()
    world.rows.tables.films[name] = replace(film, facts=KnownFacts(presentation=how))
    world.handler.handle([record])

    asked = world.rows.analyses.get(name)
    assert asked is not None
    image = to_tensor(samples(1), 64, how)
    expected = upright.triton.score(image[None], "1")
    np.testing.assert_array_equal(asked.embedding, expected.embedding[0])
    assert asked.preprocessing == preprocessing_hash(how) != PREPROCESSING_HASH


def test_an_inverted_film_is_scored_turned_over() -> None:
    world, other = World(), World()
    record = world.drop(1)
    [(name, film)] = world.rows.tables.films.items()
    world.rows.tables.films[name] = replace(film, checks={"inverted": 0.9})
    negative = 255 - samples(1)
    positive, receipt = store_film(other.rows, other.objects, negative)

    world.handler.handle([record])
    other.handler.handle([record_of(request(positive, receipt))])

    scored, wanted = world.rows.analyses.get(name), other.rows.analyses.get(positive)
    assert scored is not None
    assert wanted is not None
    np.testing.assert_allclose(scored.probabilities, wanted.probabilities, atol=0.02)
    np.testing.assert_allclose(scored.embedding, wanted.embedding, atol=0.02)


def test_what_is_said_of_a_film_that_became_lateral_is_news_under_an_id_of_its_own() -> None:
    """A subscriber that passes over ids it knows would keep the findings of before."""
    world = World()
    record = world.drop(1)
    film = next(iter(world.rows.tables.films))
    ids = []
    for holds in (None, True, False):
        if holds is not None:
            world.rows.films.overrule(film, "lateral", holds=holds, account=None)
        world.handler.handle([record])
        said = [each for each in world.rows.outbox.messages if each.topic == "radiograph.analysed"]
        ids.append(said[-1].id)
    assert [event["anew"] for event in world.analysed()] == [0, 1, 2]
    assert len(set(ids)) == 3


def test_done_twice_it_asks_triton_once_and_says_nothing_new() -> None:
    world = World()
    records = [world.drop(1)]

    world.handler.handle(records)
    world.handler.handle([*records, *records])

    assert len(world.triton.calls) == len(world.analysed()) == 1


def test_what_a_person_waits_for_asks_with_priority_one_and_bulk_with_two() -> None:
    world = World()

    world.handler.handle([world.drop(1, "first")])
    world.handler.handle([world.drop(2, "bulk")])

    assert [priority for _, _, priority in world.triton.calls] == [1, 2]


def test_the_event_stands_alone_and_not_assessed_is_null_never_nought() -> None:
    world = World()
    record = world.drop(3)

    world.handler.handle([record])

    (event,) = world.analysed()
    assert event["model"] == "fake/1"
    assert event["embedding_version"] == "e1"
    assert (event["width"], event["height"], event["bits"]) == (72, 80, 8)
    findings = event["findings"]
    assert isinstance(findings, list)
    assert [finding["name"] for finding in findings] == list(FINDINGS)
    unknown = {f["name"] for f in findings if f["state"] == "not_assessed"}
    assert unknown == {f["name"] for f in findings if f["probability"] is None}
    assert unknown == set(NOT_ASSESSED)
    message = next(m for m in world.rows.outbox.messages if m.topic == "radiograph.analysed")
    assert message.headers["ce_causeid"] == record.headers["ce_id"].decode()


def test_an_unreliable_finding_alerts_no_reader_of_events_old_or_new() -> None:
    world = World(live=False)
    world.rows.models.register(with_specific(manifest(), "Edema"), "live")
    record = world.drop(3)

    world.handler.handle([record])

    (event,) = world.analysed()
    findings = event["findings"]
    assert isinstance(findings, list)
    said = {finding["name"]: finding for finding in findings}
    assert said["Edema"]["shown_as"] == "unreliable"
    # One of the four words that readers of before know, and the one that says nothing.
    assert said["Edema"]["state"] == "not_assessed"
    assert said["Edema"]["probability"] is not None
    others = [finding for finding in findings if finding["name"] != "Edema"]
    assert all(finding["shown_as"] == finding["state"] for finding in others)


def test_what_is_known_of_the_film_goes_into_the_event() -> None:
    world = World()
    record = world.drop(1)
    [film] = world.rows.tables.films.values()
    facts = KnownFacts(sex="F", age=61, study_date=date(2020, 2, 3), method=("113100",))
    world.rows.tables.films[film.id] = replace(film, study="s1", view="AP", facts=facts)

    world.handler.handle([record])

    [event] = world.analysed()
    assert (event["study"], event["view"]) == ("s1", "AP")
    assert KnownFacts.model_validate(event["facts"]) == facts


def test_without_a_live_model_it_waits() -> None:
    world = World(live=False)
    record = world.drop(1)

    with pytest.raises(Unavailable, match="no model is live"):
        world.handler.handle([record])


def test_while_triton_lacks_the_live_version_it_waits_and_saves_nothing() -> None:
    world = World()
    world.triton.versions = {"2"}
    record = world.drop(1)

    with pytest.raises(Unavailable):
        world.handler.handle([record])

    assert world.rows.tables.analyses == {}


def test_a_film_erased_meanwhile_is_done() -> None:
    world = World()
    gone, stays = world.drop(1), world.drop(2)
    film = json.loads(gone.value or b"")["radiograph"]
    with world.rows.tables.lock:
        del world.rows.tables.films[film]

    world.handler.handle([gone, stays])

    assert len(world.rows.tables.analyses) == 1


def test_a_film_whose_stored_picture_is_missing_is_a_wrong_record_and_is_named() -> None:
    world = World()
    record = world.drop(1)
    film = json.loads(record.value or b"")["radiograph"]
    world.objects.remove("radiographs", rendition_key(film, "full"))

    with pytest.raises(Dead, match=film):
        world.handler.handle([record])


def test_a_film_whose_stored_picture_cannot_be_read_is_set_aside_and_the_others_go_on() -> None:
    world = World()
    bad, good = world.drop(1), world.drop(2)
    film = json.loads(bad.value or b"")["radiograph"]
    world.objects.bad.add(("radiographs", rendition_key(film, "full")))
    fates = Fates(
        "analyse", world.handler, world.rows.letters, site="test", tell_waiting=lambda _: None
    )

    ends = fates.bring_to_end([bad, good], threading.Event())

    assert (ends.done, ends.dead, ends.dead_in_a_row) == (1, 1, 0)
    [letter] = world.rows.letters.list()
    assert letter.value == bad.value
    assert len(world.analysed()) == 1


def test_a_record_that_is_no_request_is_dead() -> None:
    world = World()
    record = world.drop(1)
    strange = Record(record.topic, 0, 0, b"k", {}, b"not JSON", 0)
    empty = Record(record.topic, 0, 0, b"k", record.headers, None, 0)

    for wrong in (strange, empty):
        with pytest.raises(Dead):
            world.handler.handle([wrong])


def test_a_dead_request_names_its_receipt() -> None:
    world = World()
    record = world.drop(1)

    (receipt,) = world.rows.tables.receipts

    assert world.handler.receipt_of(record) == receipt


def test_maps_show_where_by_finding_and_hold_no_negative_evidence() -> None:
    activation = np.zeros((14, 2, 2), np.float32)
    activation[3] = [[-5, 0], [1, 2]]
    activation[4, 0, 0] = np.nan

    kept = to_map(activation)

    assert kept.dtype == np.uint8
    assert kept[3].tolist() == [[0, 0], [128, 255]]
    assert kept[4].max() == 0
