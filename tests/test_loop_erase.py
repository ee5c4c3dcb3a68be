"""Erasure on its whole way in memory, killed at every step: nothing of the film is left.

Films flow as in tests/test_loop.py; then some are erased, one while a drop of it is still under
way, and each moment before and after an effect kills a program once.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from typing import Any

import pytest

from schemas.errors import Conflict
from schemas.identities import film_id
from store.ports import rendition_key
from store.records import Receipt
from tests.fakes.rows_tables import now
from tests.test_loop import System, Watched
from tests.workers.making import png, samples
from workers.erase import EraseHandler, SecondPass

ERASED, STAYS = film_id(samples(0)), film_id(samples(1))
EFFECTS = {"remove", "forget", "done", "end"}


class WatchedErase(Watched):
    """A store whose effects of erasing pass the wire."""

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


class Erasing(System):
    """The whole system with the worker `erase` and its clock."""

    def __init__(self, kill_at: int | None = None) -> None:
        super().__init__(None)
        self.rows.tables.operator = True
        self.starts |= {"erase": self._erase, "second pass": self._second_pass}
        self.drop()
        self.come_to_rest()
        # Moments are counted from the erasure on.
        self.wire.count, self.wire.kill_at = 0, kill_at

    def _handler(self) -> EraseHandler:
        stores = (self.rows.erasures, self.objects, self.cache)
        return EraseHandler(*(WatchedErase(store, self.wire) for store in stores))

    def _erase(self) -> Callable[[], None]:
        return self._worker("erase", self._handler()).turn

    def _second_pass(self) -> Callable[[], Any]:
        erasures: Any = WatchedErase(self.rows.erasures, self.wire)
        return SecondPass(self._handler(), erasures).once

    def come_to_rest(self) -> None:
        for name in self.starts:
            self.programs.setdefault(name, self.starts[name]())
        super().come_to_rest()

    def again(self, key: str) -> Receipt:
        """Drop the erased film again and let everything come to its end; return the receipt."""
        self.objects.put("dropzone", key, png(samples(0)))
        self.come_to_rest()
        return next(one for one in self.rows.tables.receipts.values() if one.key == key)

    def ten_minutes_later(self) -> None:
        for film, row in self.rows.tables.erasures.items():
            self.rows.tables.erasures[film] = replace(row, again_at=now() - timedelta(seconds=1))

    def left(self) -> list[str]:
        """Return what is left of the erased film in any store."""
        tables = self.rows.tables
        places: dict[str, Any] = {
            "objects": [
                key
                for bucket in ("dropzone", "quarantine", "radiographs")
                for key, *_ in self.objects.versions(bucket)
            ],
            "cache": self.cache.kept,
            **{name: rows for name, rows in vars(tables).items() if name not in KEPT},
        }
        return [name for name, rows in places.items() if ERASED in repr(rows)]


#: What was said stays said; who did what stays; the tombstone is an HMAC in the real rows.
KEPT = {"messages", "outbox", "audit", "tombstones", "tombstone_sites", "signals"}


def erase_and_drop_again(system: Erasing) -> None:
    """Erase a film; a drop of it comes in, and ten minutes pass."""
    assert len(system.left()) > 3
    system.rows.films.erase(ERASED, account=None)
    refused = system.again("late.png")
    assert (refused.state, refused.code) == ("rejected", "erased")
    with pytest.raises(Conflict):
        system.rows.films.lift_erasure(ERASED, account=None)
    # A writer that was under way puts an object after the first pass.
    system.objects.put("radiographs", rendition_key(ERASED, "full"), b"late")
    system.ten_minutes_later()
    system.come_to_rest()


@cache
def moments() -> int:
    """Return how many moments a run without a kill passes."""
    system = Erasing()
    erase_and_drop_again(system)
    return system.wire.count


def test_an_erased_film_leaves_no_trace_and_the_others_stay() -> None:
    system = Erasing()
    others = len(system.objects.keys("radiographs")) - 3

    erase_and_drop_again(system)

    assert system.left() == []
    assert len(system.objects.keys("radiographs")) == others
    assert list(system.objects.versions("dropzone")) == []
    assert system.rows.letters.list(None) == []
    assert STAYS in system.rows.tables.films
    assert len(system.log.all("radiograph.erased")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_moment_of_an_erasure_nothing_is_left(part: int) -> None:
    assert moments() > 30
    for moment in range(1 + part, moments() + 1, 4):
        system = Erasing(kill_at=moment)

        erase_and_drop_again(system)

        assert system.left() == [], f"moment {moment}"
        assert system.kills == int(system.wire.count >= moment), f"moment {moment}"
        assert system.rows.letters.list(None) == [], f"moment {moment}"


def test_a_lifted_film_comes_back_whole_and_no_late_record_harms_it() -> None:
    system = Erasing()
    erase_and_drop_again(system)
    system.rows.films.lift_erasure(ERASED, account=None)

    assert system.again("once-more.png").state == "analysed"
    for record in system.log.all("radiograph.erased"):
        system.log.append(record.topic, record.value, record.key, tuple(record.headers.items()))
    system.ten_minutes_later()
    system.come_to_rest()

    read = partial(system.objects.read, "radiographs")
    assert all(read(rendition_key(ERASED, name)) for name in ("full", "display", "thumbnail"))
    assert (ERASED, 1) in system.rows.tables.analyses
    assert system.rows.letters.list(None) == []
