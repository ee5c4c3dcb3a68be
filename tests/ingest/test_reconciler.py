import threading
from datetime import timedelta

from ingest.reconciler import Reconciler, Round
from schemas.errors import Dead, Unavailable
from schemas.models import ModelManifest
from store.records import Drop, Film, FormSays, Receipt
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.settings import fake_settings

FILMS = ["a.png", "b c+é.png", "d/e.png"]


class House:
    """A reconciler on stores in memory; `behind` is what Kafka would say, `down` that it won't."""

    def __init__(self, **overrides: object) -> None:
        self.objects = FakeObjects()
        self.objects.age = timedelta(minutes=6)
        self.rows = FakeRows()
        self.behind: dict[tuple[str, str], int] = {}
        self.down = False
        settings = fake_settings(**overrides)
        self.reconciler = Reconciler(settings, self.rows, self.objects, self._lag)

    def _lag(self, topic: str, group: str) -> int:
        if self.down:
            raise Unavailable("kafka", "no brokers")
        return self.behind.get((topic, group), 0)

    def topics(self) -> list[str]:
        return [message.topic for message in self.rows.outbox.messages]


def test_forgotten_versions_get_a_receipt_and_an_event_each_once() -> None:
    house = House()
    for key in FILMS:
        house.objects.put("dropzone", key, b"film")
    house.objects.put("dropzone", FILMS[0], b"another version")
    assert house.reconciler.once() == Round(drops=4, analyses=0)
    assert house.reconciler.once() == Round(drops=0, analyses=0)
    assert house.topics() == ["object.uploaded"] * 4
    assert {row.key for row in house.rows.tables.receipts.values()} == set(FILMS)


def test_versions_that_have_a_receipt_or_are_young_are_left_alone() -> None:
    house = House()
    version = house.objects.put("dropzone", "known", b"film")
    house.rows.receipts.open_many(
        [Drop("dropzone", "known", version, 4, "bulk", "test", "bucket")]
    )
    house.objects.age = timedelta(seconds=10)
    house.objects.put("dropzone", "young", b"film")
    assert house.reconciler.once().drops == 0
    assert house.topics() == []


def test_with_10_000_films_waiting_none_is_added() -> None:
    house = House()
    house.objects.put("dropzone", "a", b"film")
    house.behind["object.created", "ingest"] = 10_000
    assert house.reconciler.once().drops == 0
    assert ("versions", "dropzone", "") not in house.objects.calls
    house.behind.clear()
    house.behind["object.uploaded", "ingest"] = 10_000
    assert house.reconciler.once().drops == 0
    house.behind.clear()
    assert house.reconciler.once().drops == 1


def test_a_lag_that_grows_during_a_long_listing_stops_it() -> None:
    house = House()
    for number in range(1200):
        house.objects.put("dropzone", f"{number:04}", b"x")
    asked: list[str] = []

    def lag(topic: str, group: str) -> int:
        del group
        asked.append(topic)
        return 5000 if asked.count("object.created") > 2 else 0

    reconciler = Reconciler(fake_settings(), house.rows, house.objects, lag)
    assert reconciler.once().drops == 500


def with_live_model(house: House) -> None:
    manifest = ModelManifest(
        name="starter", version=3, side=224, features=8, map_height=2, map_width=2,
        embedding_version="e", assessed=(), operating_points={},
    )  # fmt: skip
    house.rows.models.register(manifest, "live")


def with_film(house: House, number: int) -> Film:
    film = Film(f"{number:064x}", 100, 100, 8, "test", "bucket", bytes(1024))
    drop = Drop("dropzone", str(number), "v", 1, "bulk", "test", "bucket")
    [receipt] = house.rows.receipts.open_many([drop])
    house.rows.receipts.accept(receipt, film, [])
    return film


def test_films_the_live_model_has_not_seen_are_asked_for_up_to_the_limit() -> None:
    house = House(reanalysis_limit=2)
    with_live_model(house)
    for number in range(3):
        with_film(house, number)
    assert house.reconciler.once().analyses == 2
    assert house.topics() == ["analysis.requested.bulk"] * 2
    # Two are outstanding: the third waits for them.
    assert house.reconciler.once().analyses == 0


def test_nothing_is_asked_without_a_live_model_or_while_analysis_is_behind() -> None:
    house = House()
    with_film(house, 1)
    assert house.reconciler.once().analyses == 0
    with_live_model(house)
    house.behind["analysis.requested.bulk", "analyse"] = 101
    assert house.reconciler.once().analyses == 0
    house.behind.clear()
    assert house.reconciler.once().analyses == 1


def test_a_version_that_can_have_no_receipt_does_not_hide_the_others() -> None:
    house = House()
    for key in ("a", "bad", "z"):
        house.objects.put("dropzone", key, b"film")
    plain = house.rows.receipts.open_with_event

    def picky(drops: list[Drop]) -> list[Receipt]:
        if any(drop.key == "bad" for drop in drops):
            raise Dead("22021: no such character")
        return plain(drops)

    house.rows.receipts.open_with_event = picky  # type: ignore[assignment,method-assign]
    assert house.reconciler.once().drops == 2


def test_an_outage_is_waited_for_and_the_next_round_finds_the_film() -> None:
    house = House(reconcile_every_s=0.01)
    house.objects.put("dropzone", "a", b"film")
    house.down = True
    stop = threading.Event()
    rounds: list[bool] = []
    once = house.reconciler.once

    def counted() -> Round:
        rounds.append(house.down)
        if len(rounds) == 3:
            house.down = False
        if len(rounds) == 5:
            stop.set()
        return once()

    house.reconciler.once = counted  # type: ignore[method-assign]
    house.reconciler.run(stop)
    assert rounds == [True, True, True, False, False]
    assert house.topics() == ["object.uploaded"]


def test_a_forgotten_version_keeps_what_was_said_with_it() -> None:
    house = House()
    said = {"statement": "2026-11", "source": "nih", "sharing": "library"}
    house.objects.put("dropzone", "a", b"film", metadata=said)
    assert house.reconciler.once().drops == 1
    (receipt,) = house.rows.tables.receipts.values()
    assert receipt.statement == "2026-11"
    assert receipt.form == FormSays(source="nih", sharing="library")
