"""A film's whole way in memory: drop, ingest, relay, analyse, similar; killed at every step.

Each effect on a store (an object put, rows written, messages published, offsets committed) is
counted; one run after the other kills the process that is about to do the n-th, or has just done
it, starts it again and lets everything come to its end. Each film must end analysed, once.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from ingest.chest import ChestCheck
from ingest.film_of_file import film_of_file
from ingest.handler import IngestHandler
from ingest.manifest_reader import ManifestReader
from ingest.renditions import Developed
from ingest.taken import TakenDrops
from schemas.flow import GROUPS
from schemas.models import CHECK_FILE, model_key
from schemas.presentation import Presentation
from store.ports import rendition_key
from store.records import Drop, Part
from store.similar import Similar
from tests.fakes.cache import FakeCache
from tests.fakes.check_numbers import with_check
from tests.fakes.log import FakeConsumer, FakeLog, FakePublisher
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.triton import FakeTriton
from tests.workers.making import manifest, png, samples, settings
from workers.analyse import AnalyseHandler
from workers.relay import Relay
from workers.runtime import Runtime
from workers.similar import SimilarHandler

EFFECTS = {
    "put", "put_file", "remove", "open_many", "open_with_event", "accept", "reject", "save",
    "published", "publish", "put_similar", "commit", "add", "let_go",
}  # fmt: skip
BULK_FILMS, UPLOADED = 5, 2


class Killed(BaseException):
    """A SIGKILL: no `except Exception` sees it."""


class Wire:
    """Counts moments before and after effects, and kills at one of them."""

    def __init__(self, kill_at: int | None) -> None:
        self.count = 0
        self.kill_at = kill_at

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.kill_at:
            raise Killed

    def on(self, target: Any) -> Any:
        return Watched(target, self)


class Watched:
    """A store whose effects pass the wire."""

    def __init__(self, target: Any, wire: Wire) -> None:
        self._target = target
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if name not in EFFECTS:
            return value

        def passing(*values: Any, **named: Any) -> Any:
            self._wire()
            answer = value(*values, **named)
            self._wire()
            return answer

        return passing


class WatchedRows:
    """Rows with every subject watched."""

    def __init__(self, rows: FakeRows, wire: Wire) -> None:
        for subject in ("receipts", "analyses", "outbox", "letters"):
            setattr(self, subject, wire.on(getattr(rows, subject)))
        for subject in ("films", "vectors", "models", "signals", "quarantine", "manifests"):
            setattr(self, subject, getattr(rows, subject))

    def close(self) -> None:
        """Nothing to close."""


class Decoder:
    """Decodes in this process."""

    def develop(
        self,
        data: bytes,
        black_out: Sequence[Part] = (),
        side: int = 0,
        presentation: Presentation | None = None,
        *,
        patient: bool = False,
    ) -> Developed:
        del patient
        return film_of_file(data, 1_000_000, black_out, side, presentation)

    def close(self) -> None:
        """Nothing to close."""


class System:
    """Every store, and the programs that can be killed and started again."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.log, self.rows, self.cache = FakeLog(), FakeRows("test"), FakeCache()
        self.objects = FakeObjects(on_put=self._notify)
        # The fake model puts these pictures 3 to 5 away.
        said, numbers = with_check(manifest(), in_doubt=6.0, sure=9.0)
        self.objects.put("models", model_key(said, CHECK_FILE), numbers)
        self.rows.models.register(said, "live")
        self.wire = Wire(kill_at)
        # Bulk drops are due at once, and their versions go by the clock.
        self.settings = settings(batch_films=3, keep_taken_s=1e-6)
        self.starts: dict[str, Callable[[], Any]] = {
            "ingest": self._ingest,
            "relay": self._relay,
            "analyse": self._analyse,
            "similar": self._similar,
            "manifests": self._manifests,
            "taken": self._taken,
        }
        self.programs = {name: start() for name, start in self.starts.items()}
        self.kills = 0

    def _notify(self, key: str, value: bytes) -> None:
        # MinIO tells of dropzone only.
        self.log.append("object.created", value, f"dropzone/{key}".encode())

    def _worker(self, group: str, handler: Any) -> Runtime:
        lanes = next(lanes for lanes in GROUPS if lanes.group == group)
        consumer = self.wire.on(FakeConsumer(self.log, lanes))
        letters = WatchedRows(self.rows, self.wire).letters  # type: ignore[attr-defined]
        return Runtime(consumer, lanes, handler, letters, self.settings, idle_s=0.0)

    def _ingest(self) -> Callable[[], None]:
        rows: Any = WatchedRows(self.rows, self.wire)
        objects = self.wire.on(self.objects)
        chest = ChestCheck(rows.models, self.objects, FakeTriton())
        handler = IngestHandler(self.settings, rows, objects, Decoder(), chest)
        return self._worker("ingest", handler).turn

    def _analyse(self) -> Callable[[], None]:
        rows: Any = WatchedRows(self.rows, self.wire)
        handler = AnalyseHandler(self.settings, rows, self.objects, FakeTriton())
        return self._worker("analyse", handler).turn

    def _similar(self) -> Callable[[], None]:
        rows: Any = WatchedRows(self.rows, self.wire)
        similar = Similar(self.settings, rows, self.wire.on(self.cache))
        return self._worker("similar", SimilarHandler(similar)).turn

    def _relay(self) -> Callable[[], Any]:
        rows: Any = WatchedRows(self.rows, self.wire)
        return Relay(rows, self.wire.on(FakePublisher(self.log))).move

    def _taken(self) -> Callable[[], Any]:
        rows: Any = WatchedRows(self.rows, self.wire)
        return TakenDrops(rows.receipts, self.wire.on(self.objects)).once

    def _manifests(self) -> Callable[[], Any]:
        rows: Any = WatchedRows(self.rows, self.wire)
        return ManifestReader(self.settings, rows, self.wire.on(self.objects)).turn

    def drop(self) -> list[str]:
        """Drop films in bulk and by upload; return the keys."""
        keys = []
        for seed in range(BULK_FILMS):
            keys.append(f"site/{seed}.png")
            self.objects.put("dropzone", keys[-1], png(samples(seed)))
        for seed in range(100, 100 + UPLOADED):
            keys.append(f"uploads/{seed}")
            version = self.objects.put("dropzone", keys[-1], png(samples(seed)))
            drop = Drop("dropzone", keys[-1], version, 1, "first", "test", "upload")
            self.rows.receipts.open_with_event([drop])
        return keys

    def come_to_rest(self) -> None:
        """Let every program work until nothing is left to do; start what was killed again."""
        quiet = rounds = 0
        while quiet < 3:
            rounds += 1
            assert rounds < 500, "it never comes to rest"
            for name in self.starts:
                try:
                    self.programs[name]()
                except Killed:
                    self.kills += 1
                    self.programs[name] = self.starts[name]()
            waits = any(sum(groups.values()) for groups in self.log.lag().values())
            waits = waits or bool(self.rows.manifests.waiting(1))
            quiet = 0 if waits or self.rows.outbox.depth() else quiet + 1


@cache
def moments() -> int:
    """Return how many moments a run without a kill passes."""
    system = System()
    system.drop()
    system.come_to_rest()
    return system.wire.count


def check(system: System) -> None:
    """Every film analysed once, every receipt at its end, every fact under one id, no letters."""
    films = set(system.rows.tables.films)
    assert len(films) == BULK_FILMS + UPLOADED
    assert set(system.rows.tables.analyses) == {(film, 1) for film in films}
    receipts = system.rows.tables.receipts.values()
    assert sorted(receipt.state for receipt in receipts) == ["analysed"] * len(films)
    assert system.rows.letters.list(None) == []
    ids: dict[str, bytes] = {}
    for record in system.log.all("radiograph.analysed"):
        film = json.loads(record.value or b"")["radiograph"]
        assert ids.setdefault(film, record.headers["ce_id"]) == record.headers["ce_id"]
    assert set(ids) == films
    for film in films:
        for rendition in ("full", "display", "thumbnail"):
            assert system.objects.read("radiographs", rendition_key(film, rendition))
    assert list(system.objects.versions("dropzone")) == []


def test_films_of_both_lanes_go_their_whole_way() -> None:
    system = System()
    system.drop()

    system.come_to_rest()

    check(system)
    assert len(system.cache.kept) == UPLOADED
    assert len(system.log.all("radiograph.analysed")) == BULK_FILMS + UPLOADED
    assert len(system.log.all("radiograph.received")) == BULK_FILMS + UPLOADED


def test_a_drop_told_of_five_times_in_any_order_is_one_film() -> None:
    system = System()
    system.drop()
    told = system.log.all("object.created")
    for record in reversed(told * 4):
        system.log.append("object.created", record.value, record.key)

    system.come_to_rest()

    check(system)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_moment_each_film_ends_analysed_once(part: int) -> None:
    for moment in range(1 + part, moments() + 1, 4):
        system = System(kill_at=moment)
        system.drop()

        system.come_to_rest()

        # Threads group records as they come: a run may pass a few moments fewer than another.
        reached = system.wire.count >= moment
        assert system.kills == int(reached), f"moment {moment}"
        check(system)


def test_killed_again_and_again_each_film_ends_analysed_once() -> None:
    system = System()
    wire = system.wire
    system.drop()

    class Often(Wire):
        """Kills at every 13th moment, for a while."""

        def __call__(self) -> None:
            self.count += 1
            if self.count % 13 == 0 and self.count < 400:
                raise Killed

    system.wire = Often(None)
    assert wire.count == 0
    system.programs = {name: start() for name, start in system.starts.items()}

    system.come_to_rest()

    assert system.kills > 5
    check(system)


def test_a_film_that_comes_while_the_model_is_not_live_waits_and_is_analysed_later() -> None:
    system = System()
    live = system.rows.models.live()
    assert live is not None
    system.rows.tables.models[1] = replace(live, state="candidate")
    system.drop()
    for _ in range(20):
        for program in system.programs.values():
            program()
    assert system.rows.tables.analyses == {}

    system.rows.models.set_live(1)
    system.come_to_rest()

    check(system)
