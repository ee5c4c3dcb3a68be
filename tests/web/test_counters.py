"""How requests are counted: windows that end, and none that stays."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import RateLimitItemPerSecond
from limits.strategies import FixedWindowRateLimiter

from web.counters import Counters


class Wall:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


def test_a_window_begins_with_its_first_count_and_ends(wall: Wall) -> None:
    counters = Counters(wall)
    assert (counters.get("a"), counters.get_expiry("a")) == (0, 1000.0)
    assert [counters.incr("a", 10), counters.incr("a", 10, 2), counters.incr("b", 10)] == [1, 3, 1]
    wall.now = 1009.9
    assert (counters.get("a"), counters.get_expiry("a")) == (3, 1010.0)
    wall.now = 1010.0
    assert counters.get("a") == 0
    assert counters.incr("a", 10) == 1
    assert counters.get_expiry("a") == 1020.0


def test_the_library_counts_by_it(wall: Wall) -> None:
    limiter = FixedWindowRateLimiter(Counters(wall))
    three = RateLimitItemPerSecond(3)
    assert [limiter.hit(three, "token", "x") for _ in range(4)] == [True, True, True, False]
    assert limiter.get_window_stats(three, "token", "x").reset_time == 1001.0
    assert limiter.hit(three, "token", "y")
    wall.now += 1
    assert limiter.hit(three, "token", "x")


def test_what_has_ended_is_thrown_away_and_no_thread_is_started(wall: Wall) -> None:
    before = threading.active_count()
    counters = Counters(wall)
    for number in range(1000):
        counters.incr(f"guess {number}", 1)
    wall.now += 1
    counters.incr("somebody", 1)
    assert counters.reset() == 1
    assert threading.active_count() == before


def test_nothing_counted_by_many_threads_is_lost() -> None:
    counters = Counters()
    with ThreadPoolExecutor(8) as threads:
        for _ in range(4000):
            threads.submit(counters.incr, "a", 3600)
    assert counters.get("a") == 4000
    counters.clear("a")
    assert counters.get("a") == 0
