"""Redis (or Valkey): ids and similarities, kept for less than a minute. The only file of redis-py.

Losing the cache loses only time, so no question here fails or makes anyone wait: answers are due
in a tenth of a second, and after a failure the cache is left alone for a while. Only forgetting an
erased film says when it could not.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from schemas.errors import Unavailable
from store.records import Neighbour
from store.settings import Settings

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 0.1
#: After a failure nobody asks the cache for so long.
_LEFT_ALONE_S: Final = 2.0
#: So many answers are looked through in one round trip, well within the time-out.
_SCAN: Final = 200


class RedisCache:
    """Answers of look-alikes, by key `film:question` (store/similar.py). Threads may share it.

    All answers about one film are fields of one hash, so that erasing the film forgets them all
    at once; each field carries the time at which it ends.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open nothing yet. `clock` is the wall clock, `timer` a clock that never steps back."""
        self._prefix = settings.cache_prefix
        self._clock = clock
        self._timer = timer
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._redis: Any = redis.Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )

    def get_similar(self, key: str) -> tuple[Neighbour, ...] | None:
        """Return a cached answer; None when there is none or the cache is down."""
        name, question = self._place(key)
        kept = self._asked(lambda: self._redis.hget(name, question))
        if kept is None:
            return None
        try:
            answer = json.loads(kept)
            if answer["until"] <= self._clock():
                return None
            return tuple(
                Neighbour(film, similarity, tuple(duplicates))
                for film, similarity, duplicates in answer["neighbours"]
            )
        except (ValueError, KeyError, TypeError):
            return None

    def put_similar(self, key: str, answer: Sequence[Neighbour], ttl_s: int) -> None:
        """Keep an answer for `ttl_s` seconds; does nothing when the cache is down."""
        name, question = self._place(key)
        kept = json.dumps(
            {
                "until": self._clock() + ttl_s,
                "neighbours": [(n.film, n.similarity, n.duplicates) for n in answer],
            },
            separators=(",", ":"),
        )

        def put() -> None:
            pipe = self._redis.pipeline(transaction=False)
            pipe.hset(name, question, kept)
            pipe.expire(name, ttl_s)
            pipe.execute()

        self._asked(put)

    def forget(self, film: str) -> None:
        """Remove every answer about this film or with it in (erasure). Raises Unavailable.

        Looks through all that is kept, which lasts less than a minute: an erasure is rare, and
        an index of who is in whose answer would cost every search.
        """
        name, _ = self._place(f"{film}:")
        try:
            self._redis.delete(name)
            page: list[str] = []
            for other in self._redis.scan_iter(f"{self._prefix}:similar:*", count=_SCAN):
                page.append(other)
                if len(page) == _SCAN:
                    self._forget_with(film, page)
                    page = []
            self._forget_with(film, page)
        except (redis.RedisError, OSError) as error:
            raise Unavailable("redis", type(error).__name__) from error

    def _forget_with(self, film: str, names: Sequence[str]) -> None:
        """Remove those of the hashes in which an answer holds the film."""
        if not names:
            return
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.hvals(name)
        answers = pipe.execute()
        with_it = [
            name
            for name, kept in zip(names, answers, strict=True)
            if any(film in answer for answer in kept)
        ]
        if with_it:
            self._redis.delete(*with_it)

    def ping(self) -> None:
        """Raise Unavailable unless the cache answers."""
        try:
            self._redis.ping()
        except (redis.RedisError, OSError) as error:
            raise Unavailable("redis", type(error).__name__) from error

    def close(self) -> None:
        """Close every connection."""
        self._redis.close()

    def _place(self, key: str) -> tuple[str, str]:
        film, _, question = key.partition(":")
        return f"{self._prefix}:similar:{film}", question

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """Return what the cache says; None when it is down or left alone."""
        with self._lock:
            if self._timer() < self._closed_until:
                return None
        try:
            return ask()
        except (redis.RedisError, OSError) as error:
            with self._lock:
                self._closed_until = self._timer() + _LEFT_ALONE_S
            log.warning(
                "The cache does not answer and is left alone for a while",
                extra={"error": type(error).__name__},
            )
            return None
