"""Redis in memory: the same behaviour as store.cache.RedisCache, without a server.

`down` loses every question and every answer, as an outage would. `now` is the clock, in seconds.
"""

from collections.abc import Sequence

from schemas.errors import Unavailable
from store.records import Neighbour


class FakeCache:
    """Implements store.ports.Cache. `hits` and `misses` count what was asked."""

    def __init__(self) -> None:
        self.down = False
        self.now = 1_000_000.0
        self.hits = 0
        self.misses = 0
        self.kept: dict[str, tuple[float, tuple[Neighbour, ...]]] = {}

    def get_similar(self, key: str) -> tuple[Neighbour, ...] | None:
        until, answer = self.kept.get(key, (0.0, ()))
        if self.down or until <= self.now:
            self.misses += 1
            return None
        self.hits += 1
        return answer

    def put_similar(self, key: str, answer: Sequence[Neighbour], ttl_s: int) -> None:
        if not self.down:
            self.kept[key] = (self.now + ttl_s, tuple(answer))

    def forget(self, film: str) -> None:
        self.ping()
        self.kept = {
            key: (until, answer)
            for key, (until, answer) in self.kept.items()
            if not key.startswith(film)
            and all(film != one.film and film not in one.duplicates for one in answer)
        }

    def ping(self) -> None:
        if self.down:
            raise Unavailable("redis", "connection refused")

    def close(self) -> None:
        """Nothing to close."""
