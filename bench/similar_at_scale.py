"""Look-alikes through HTTP among many films: how long, and how many of the exact ones."""

import http.client
import json
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.library_of import Made
from bench.library_rows import SITES, Filled
from bench.whole_way import percentile
from schemas.findings import FINDINGS
from store.rows import connect
from store.settings import PREFIX, Settings
from web.accounts import new_token, token_hash

RECALL_AT: Final = 10
#: A token may ask 300 times a second: several take turns.
_TOKENS: Final = 4
_START_S: Final = 60.0


class Api:
    """The JSON API over one kept connection, as several accounts of one site."""

    def __init__(self, port: int, tokens: Sequence[str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._tokens = tokens
        self._asked = 0
        self._used_at = 0.0

    def get(self, path: str) -> tuple[float, Any]:
        """Return milliseconds and the decoded answer. Raises RuntimeError with the problem."""
        self._asked += 1
        if time.monotonic() - self._used_at > 1:
            # The server closes an idle connection: a new one, before it is half gone.
            self._connection.close()
            self._connection.connect()
        token = self._tokens[self._asked % len(self._tokens)]
        began = time.perf_counter()
        self._connection.request(
            "GET", f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}
        )
        answer = self._connection.getresponse()
        body = answer.read()
        self._used_at = time.monotonic()
        took = 1000 * (time.perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError(f"GET {path}: {answer.status} {body[:200]!r}")
        return took, json.loads(body)


@contextmanager
def served(settings: Settings) -> Iterator[dict[str, Api]]:
    """Serve the settings' database by a web process of its own; return an API for each site.

    What the process asks of Kafka, MinIO, PostgreSQL and Redis are the installation's own
    services: only database, port and cache keys are others.
    """
    mark = uuid.uuid4().hex[:8]
    tokens: dict[str, list[str]] = {site: [] for site in SITES}
    for site in SITES:
        rows = connect(settings.model_copy(update={"site": site}))
        for number in range(_TOKENS):
            token = new_token()
            person = rows.accounts.add(f"{site} {mark} {number}", "radiologist", "-", by=None)
            rows.accounts.add_token(person.id, token_hash(token), "bench", by=None)
            tokens[site].append(token)
        rows.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "STATE": str(settings.state_dir),
        "POSTGRES_DATABASE": settings.postgres_database,
        "WEB_PORT": str(port),
        "CACHE_PREFIX": f"bench-{mark}",
        "SITE": SITES[0],
    }
    web = subprocess.Popen(
        [
            "env",
            *(f"{PREFIX}{name}={value}" for name, value in own.items()),
            *(str(Path(sys.executable).with_name("radiotheque")), "run", "web"),
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, web)
        yield {site: Api(port, tokens[site]) for site in SITES}
    finally:
        web.terminate()
        web.wait(30)


def _wait_for(port: int, web: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            if web.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()


def asked_films(filled: Filled, count: int) -> NDArray[np.intp]:
    """Return so many films that every site sees, by their place in the made library."""
    rng = np.random.default_rng(11)
    return rng.choice(np.flatnonzero(filled.seen_by == ""), count, replace=False)


def exact(
    made: Made,
    filled: Filled,
    asked: NDArray[np.intp],
    *,
    site: str = SITES[0],
    finding: int | None = None,
    same_patient: bool = False,
) -> list[set[str]]:
    """Return the ids of each film's ten nearest by brute force, by the rules of the search.

    Cosines are of the vectors as they are stored, in half precision.
    """
    stored = made.embeddings.astype(np.float16).astype(np.float32)
    there = np.isin(filled.seen_by, ["", site])
    if finding is not None:
        there &= filled.present[:, finding]
    nearest = []
    for film in asked:
        cosines = stored @ stored[film]
        out = ~there
        if not same_patient and made.patients[film]:
            out = out | (made.patients == made.patients[film])
        cosines[out] = -2
        cosines[film] = -2
        best = np.argpartition(cosines, -RECALL_AT)[-RECALL_AT:]
        nearest.append({made.ids[place] for place in best if cosines[place] > -2})
    return nearest


def recall(
    api: Api, made: Made, asked: NDArray[np.intp], wanted: list[set[str]], how: str
) -> float:
    """Return the mean share of the exact ten that an answer of ten holds, folded ones too."""
    shares = []
    for film, exactly in zip(asked, wanted, strict=True):
        _, answer = api.get(f"/radiographs/{made.ids[film]}/similar?k={RECALL_AT}{how}")
        found = {one for item in answer["items"] for one in (item["id"], *item["duplicates"])}
        shares.append(len(exactly & found) / len(exactly))
    return statistics.fmean(shares)


def times(api: Api, made: Made, asked: NDArray[np.intp], how: str) -> dict[str, float]:
    """Return p50 and p99 in ms of questions not asked before, and of the same asked again."""
    cold, warm = [], []
    for film in asked:
        path = f"/radiographs/{made.ids[film]}/similar?{how}"
        cold.append(api.get(path)[0])
        warm.append(api.get(path)[0])
    return {
        "uncached_p50_ms": round(statistics.median(cold), 2),
        "uncached_p99_ms": round(percentile(cold, 0.99), 2),
        "cached_p50_ms": round(statistics.median(warm), 2),
        "cached_p99_ms": round(percentile(warm, 0.99), 2),
    }


def measure(settings: Settings, made: Made, filled: Filled, count: int) -> dict[str, Any]:
    """Return times and recall for each kind of question."""
    asked = asked_films(filled, count)
    shown = filled.present.sum(axis=0)
    common = int(shown.argmax())
    rare = int(np.where(shown >= RECALL_AT, shown, len(made.ids)).argmin())
    here, islet = SITES[0], SITES[2]
    kinds: dict[str, tuple[str, str, dict[str, Any]]] = {
        "no filter": (here, "", {}),
        "same patient included": (here, "&same_patient=include", {"same_patient": True}),
        f"finding of {shown[common]} films": (here, _finding(common), {"finding": common}),
        f"finding of {shown[rare]} films": (here, _finding(rare), {"finding": rare}),
        "asked by a small site": (islet, "", {"site": islet}),
    }
    found: dict[str, Any] = {}
    with served(settings) as apis:
        for api in apis.values():
            for film in asked[:10]:
                api.get(f"/radiographs/{made.ids[film]}/similar?k=5")
        for name, (site, how, rules) in kinds.items():
            api = apis[site]
            wanted = exact(made, filled, asked, **({"site": site} | rules))
            found[name] = {
                "recall_at_10": round(recall(api, made, asked, wanted, how), 4),
                "k12": times(api, made, asked, f"k=12{how}"),
            }
        found["no filter"]["k50"] = times(apis[here], made, asked, "k=50")
    return found


def _finding(place: int) -> str:
    return "&finding=" + FINDINGS[place].replace(" ", "%20")
