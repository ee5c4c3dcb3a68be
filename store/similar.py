"""The most alike films of a film: from the cache, else the vectors; near-duplicates folded.

Web and the `similar` worker use the same search, so that what the worker fills in the cache is
what web asks for. The answer holds ids and similarities only: whoever shows it joins the rows,
so that an erased film never shows and labels are always current.
"""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Final
from uuid import UUID

import numpy as np

from schemas.findings import finding_index
from store.ports import Cache, Rows
from store.records import Candidate, Neighbour
from store.settings import Settings

#: What the reading page asks for, and the worker fills in.
DEFAULT_COUNT: Final = 12
#: Two films are near-duplicates when their embeddings are at least so alike …
DUPLICATE_COSINE: Final = 0.995
#: … and the grey levels (0..255) of their 32 x 32 pictures differ by less than this on average.
DUPLICATE_DIFFERENCE: Final = 4.0

_VERSION_S: Final = 1.0
_MOST: Final = 400
#: Pairs of pictures compared at once: 2 kB each.
_PAIRS: Final = 2000
#: Two vectors of that cosine differ in angle by at most this; so do their angles to a third.
_DUPLICATE_ANGLE: Final = math.acos(DUPLICATE_COSINE)


class Similar:
    """Answers "which films look like this one?". Threads may share it."""

    def __init__(
        self,
        settings: Settings,
        rows: Rows,
        cache: Cache,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ttl_s = settings.similar_ttl_s
        self._rows = rows
        self._cache = cache
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[tuple[Neighbour, ...]]] = {}
        self._version: str | None = None
        self._version_until = -math.inf

    def answer(
        self,
        film: str,
        k: int = DEFAULT_COUNT,
        finding: str | None = None,
        *,
        site: str,
        account: UUID | None,
        same_patient: bool = False,
    ) -> tuple[Neighbour, ...]:
        """Return up to `k` films, most alike first, near-duplicates under the first of them.

        `account` is of `site`: what it sees is what every account of that site sees, so one
        answer serves them all, and no other site. A worker has no account and says for whom.
        `finding` keeps films that show it; films of the same patient are left out unless asked
        for. Raises NotFound when the film has no embedding, ValueError for an unknown finding.
        """
        place = "-" if finding is None else str(finding_index(finding))

        def key(version: str | None) -> str:
            # The site last: its code is free text.
            return f"{film}:{version}:{k}:{place}:{int(same_patient)}:{site}"

        asked = key(self._search_version())
        cached = self._cache.get_similar(asked)
        if cached is not None:
            return cached
        near = partial(
            self._rows.vectors.nearest,
            film,
            finding=finding,
            same_patient=same_patient,
            account=account,
            site=None if account else site,
        )

        def search() -> tuple[Neighbour, ...]:
            version, found = self._search(near, k, account)
            # By the version that was searched: it may have moved since we last looked.
            self._cache.put_similar(key(version), found, self._ttl_s)
            return found

        return self._once(asked, search)

    def _once(
        self, key: str, search: Callable[[], tuple[Neighbour, ...]]
    ) -> tuple[Neighbour, ...]:
        """Return the search's answer; who asks the same meanwhile waits for that one search."""
        with self._lock:
            running = self._under_way.get(key)
            mine: Future[tuple[Neighbour, ...]] = Future()
            if running is None:
                self._under_way[key] = mine
        if running is not None:
            return running.result()
        try:
            found = search()
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(found)
        finally:
            with self._lock:
                del self._under_way[key]
        return found

    def _search_version(self) -> str | None:
        """Return the embedding version that searches use, at most a second old."""
        with self._lock:
            if self._clock() < self._version_until:
                return self._version
        version = self._rows.vectors.version()
        with self._lock:
            self._version = version
            self._version_until = self._clock() + _VERSION_S
        return version

    def _search(
        self, nearest: Callable[..., tuple[str, list[Candidate]]], k: int, account: UUID | None
    ) -> tuple[str, tuple[Neighbour, ...]]:
        count = 2 * k + 8
        while True:
            version, near = nearest(count=count)
            folded = self._folded(near, k, account)
            # Folding may leave too few: ask for more, unless there are no more.
            if len(folded) >= k or len(near) < count or count >= _MOST:
                return version, folded
            count = min(_MOST, 4 * count)

    def _folded(
        self, near: list[Candidate], k: int, account: UUID | None
    ) -> tuple[Neighbour, ...]:
        """Put each near-duplicate of a film further up under that film; keep `k` films."""
        alike: dict[str, set[str]] = {}
        for one, other in (sorted(pair) for pair in self._alike(near, account)):
            alike.setdefault(one, set()).add(other)
            alike.setdefault(other, set()).add(one)
        heads: list[Candidate] = []
        under: dict[str, list[str]] = {}
        for candidate in near:
            partners = alike.get(candidate.film, set())
            head = next((head.film for head in heads if head.film in partners), None)
            if head is None:
                heads.append(candidate)
                under[candidate.film] = []
            else:
                under[head].append(candidate.film)
        return tuple(
            Neighbour(head.film, head.similarity, tuple(under[head.film])) for head in heads[:k]
        )

    def _alike(self, near: list[Candidate], account: UUID | None) -> set[frozenset[str]]:
        """Return the pairs of near-duplicates among the candidates.

        The vectors are asked once, and only about films that another one's picture and distance
        could make a duplicate of: most answers have none.
        """
        if len(near) < 2:
            return set()
        likely = pairs_of_like_pictures(near)
        if not likely:
            return set()
        films = sorted(frozenset().union(*likely))
        return likely & self._rows.vectors.alike(films, DUPLICATE_COSINE, account=account)


def _angle(cosine: float) -> float:
    return math.acos(max(-1.0, min(1.0, cosine)))


def pairs_of_like_pictures(near: list[Candidate]) -> set[frozenset[str]]:
    """Return the pairs that picture and distance could make near-duplicates.

    Compared one by one, the five thousand pairs of a hundred pictures took longer than the search:
    the sums of 8 x 8 blocks, which never differ by more than the pictures do, rule nearly all out.
    """
    pictures = np.stack([np.frombuffer(found.signature, np.uint8) for found in near])
    blocks = pictures.reshape(-1, 8, 4, 8, 4).sum(axis=(2, 4), dtype=np.int16).reshape(-1, 64)
    angles = np.array([_angle(found.similarity) for found in near])
    most = DUPLICATE_DIFFERENCE * pictures.shape[1]
    close = np.abs(blocks[:, None] - blocks[None]).sum(axis=2) < most
    close &= np.abs(angles[:, None] - angles[None]) <= _DUPLICATE_ANGLE
    firsts, seconds = np.nonzero(np.triu(close, 1))
    likely: set[frozenset[str]] = set()
    for start in range(0, len(firsts), _PAIRS):
        one, other = firsts[start : start + _PAIRS], seconds[start : start + _PAIRS]
        apart = pictures[one].astype(np.int16) - pictures[other]
        alike = np.abs(apart).sum(axis=1) < most
        pairs = zip(one[alike].tolist(), other[alike].tolist(), strict=True)
        likely.update(frozenset((near[a].film, near[b].film)) for a, b in pairs)
    return likely
