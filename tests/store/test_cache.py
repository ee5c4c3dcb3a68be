"""The cache: the same promises of the fake and, marked `services`, of Valkey."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from schemas.errors import Unavailable
from store.cache import RedisCache
from store.records import Neighbour
from tests.fakes.cache import FakeCache
from tests.workers.making import settings

ANSWER = (Neighbour("b" * 64, 0.93, ("c" * 64, "d" * 64)), Neighbour("e" * 64, -0.25))
FILM = "a" * 64


@dataclass
class Kept:
    """A cache under test, and its clock."""

    cache: Any
    pass_time: Callable[[float], None]


@pytest.fixture(params=["fake", pytest.param("valkey", marks=pytest.mark.services)])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    if request.param == "fake":
        fake = FakeCache()

        def later(seconds: float) -> None:
            fake.now += seconds

        yield Kept(fake, later)
        return
    now = 1_000_000.0

    def shift(seconds: float) -> None:
        nonlocal now
        now += seconds

    own = request.getfixturevalue("module_settings").model_copy(
        update={"cache_prefix": f"t{uuid.uuid4().hex[:8]}"}
    )
    with closing(RedisCache(own, clock=lambda: now)) as cache:
        yield Kept(cache, shift)


def test_an_answer_comes_back_as_it_was_kept(kept: Kept) -> None:
    assert kept.cache.get_similar(f"{FILM}:e1:12:-:0") is None

    kept.cache.put_similar(f"{FILM}:e1:12:-:0", ANSWER, 45)

    assert kept.cache.get_similar(f"{FILM}:e1:12:-:0") == ANSWER
    assert kept.cache.get_similar(f"{FILM}:e1:12:-:1") is None
    assert kept.cache.get_similar(f"{'f' * 64}:e1:12:-:0") is None


def test_an_answer_ends_with_its_own_time_although_a_newer_one_lives(kept: Kept) -> None:
    kept.cache.put_similar(f"{FILM}:e1:12:-:0", ANSWER, 45)
    kept.pass_time(30)
    kept.cache.put_similar(f"{FILM}:e1:12:3:0", ANSWER, 45)
    kept.pass_time(20)

    assert kept.cache.get_similar(f"{FILM}:e1:12:-:0") is None
    assert kept.cache.get_similar(f"{FILM}:e1:12:3:0") == ANSWER


def test_a_film_is_forgotten_with_all_its_answers_and_no_others(kept: Kept) -> None:
    other = "f" * 64
    for question in ("e1:12:-:0", "e1:5:2:1"):
        kept.cache.put_similar(f"{FILM}:{question}", ANSWER, 45)
    kept.cache.put_similar(f"{other}:e1:12:-:0", ANSWER, 45)

    kept.cache.forget(FILM)

    assert kept.cache.get_similar(f"{FILM}:e1:12:-:0") is None
    assert kept.cache.get_similar(f"{FILM}:e1:5:2:1") is None
    assert kept.cache.get_similar(f"{other}:e1:12:-:0") == ANSWER


def test_an_erased_film_is_in_no_answer_any_more(kept: Kept) -> None:
    nearest, under, stranger = ("b" * 64, "c" * 64, "f" * 64)
    asking = [str(number) * 64 for number in range(10)]
    for film in asking:
        kept.cache.put_similar(f"{film}:e1:12:-:0", ANSWER, 45)
    kept.cache.put_similar(f"{stranger}:e1:12:-:0", (Neighbour("9" * 64, 0.5),), 45)

    kept.cache.forget(under)

    assert [kept.cache.get_similar(f"{film}:e1:12:-:0") for film in asking] == [None] * 10
    assert kept.cache.get_similar(f"{stranger}:e1:12:-:0") is not None
    kept.cache.put_similar(f"{FILM}:e1:12:-:0", ANSWER, 45)
    kept.cache.forget(nearest)
    assert kept.cache.get_similar(f"{FILM}:e1:12:-:0") is None


def test_forgetting_says_when_the_cache_is_down() -> None:
    fake = FakeCache()
    fake.down = True
    for cache in (fake, RedisCache(settings())):
        with pytest.raises(Unavailable):
            cache.forget(FILM)
        cache.close()


def test_it_answers_a_ping(kept: Kept) -> None:
    kept.cache.ping()


def test_a_cache_that_is_down_fails_no_question_and_is_left_alone_for_a_while() -> None:
    timer = 0.0
    cache = RedisCache(settings(), timer=lambda: timer)
    asked = 0
    connect = cache._redis.connection_pool.get_connection

    def counted(*values: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        return connect(*values, **named)

    cache._redis.connection_pool.get_connection = counted
    for _ in range(5):
        assert cache.get_similar(f"{FILM}:q") is None
        cache.put_similar(f"{FILM}:q", ANSWER, 45)
    assert asked == 1

    timer = 2.5
    cache.get_similar(f"{FILM}:q")
    assert asked == 2
    with pytest.raises(Unavailable):
        cache.ping()
    cache.close()


def test_the_cache_may_be_shared_by_threads(kept: Kept) -> None:
    errors: list[BaseException] = []

    def use(number: int) -> None:
        try:
            for step in range(20):
                kept.cache.put_similar(f"{FILM}:{number}:{step}", ANSWER, 45)
                assert kept.cache.get_similar(f"{FILM}:{number}:{step}") == ANSWER
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert errors == []
