"""Measure a film's whole way on a running installation, through its public interfaces only.

`python -m bench.whole_way [--uploads N] [--films DIR] [--json FILE]` prints one table: bulk drop
to analysed (films per second), upload to findings (p50, p99, one film at a time on an idle
system), look-alikes through HTTP, cached and not. It stores the films it sends: run it on a
demo, not on a library.
"""

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from schemas.provenance import STATEMENT_VERSION
from stack.phantoms import write_films

DEADLINE_S = 300.0


class Api:
    """The JSON API over one kept connection, as an admin's program would use it."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._used_at = 0.0

    def request(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Any:
        """Return the decoded answer. Raises RuntimeError with the problem's title."""
        headers = self._headers | ({"Content-Type": kind} if kind else {})
        if time.monotonic() - self._used_at > 1:
            # The server closes an idle connection after 2 s: a new one, before it is half gone.
            self._connection.close()
        self._connection.request(method, f"/api/v1{path}", body=body, headers=headers)
        answer = self._connection.getresponse()
        text = answer.read()
        self._used_at = time.monotonic()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
        return json.loads(text)

    def upload(self, film: Path) -> str:
        """Deposit one film; return its receipt's id."""
        boundary = uuid.uuid4().hex
        head = (
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="files"; filename="{film.name}"\r\n\r\n'
        )
        stated = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="statement"\r\n\r\n'
            f"{STATEMENT_VERSION}\r\n"
        )
        body = (stated + head).encode() + film.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        said = self.request(
            "POST", "/radiographs", body, f"multipart/form-data; boundary={boundary}"
        )
        return str(said["receipts"][0]["id"])


def front_door(*arguments: str) -> Any:
    """Return the JSON that a `radiotheque` command prints."""
    command = [radiotheque(), *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def radiotheque() -> str:
    """Return the path of the front door."""
    return str(Path(sys.executable).with_name("radiotheque"))


def connected() -> Api:
    """Return the API of the installation that runs."""
    status = front_door("status", "--json")
    return Api(status["web"]["url"], front_door("secrets", "--json")["web"]["token"])


def until(condition: Callable[[], bool], every_s: float) -> None:
    """Wait for the condition. Raises TimeoutError after the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {DEADLINE_S:g} s")
        time.sleep(every_s)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share (0..1) of the values lies; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def uploads(api: Api, films: Sequence[Path]) -> tuple[list[float], list[str]]:
    """Return seconds from POST to `analysed` for each film, one at a time, and the film ids."""
    seconds = []
    ids = []
    for film in films:
        start = time.perf_counter()
        receipt = api.upload(film)
        said: dict[str, Any] = {}

        def final(receipt: str = receipt, said: dict[str, Any] = said) -> bool:
            said.update(api.request("GET", f"/receipts/{receipt}"))
            return said["state"] in {"analysed", "rejected", "quarantined", "failed"}

        until(final, 0.005)
        seconds.append(time.perf_counter() - start)
        if said["state"] != "analysed":
            raise RuntimeError(f"receipt {receipt}: wanted analysed, came {said['state']}")
        ids.append(str(said["radiograph"]))
    return seconds, ids


def similar(api: Api, films: Sequence[str], *, again: bool) -> list[float]:
    """Return seconds per question; `again` asks each twice and times the second."""
    seconds = []
    for film in films:
        # A k that nobody has asked yet is not in the cache.
        path = f"/radiographs/{film}/similar?k={12 if again else 17}"
        if again:
            api.request("GET", path)
        start = time.perf_counter()
        api.request("GET", path)
        seconds.append(time.perf_counter() - start)
    return seconds


def every_item(api: Api) -> Iterator[dict[str, Any]]:
    """Yield every film of the list, page by page."""
    after = ""
    while True:
        page = api.request("GET", f"/radiographs?limit=200{after}")
        yield from page["items"]
        if not page["next"]:
            return
        after = f"&after={page['next']}"


def bulk(api: Api, folder: Path, *, drawn: bool) -> tuple[int, float]:
    """Drop a folder in the bucket; return films and seconds until all are analysed.

    Films that were not drawn here are somebody's: their statement is asked for on the terminal.
    """
    before = sum(1 for item in every_item(api) if item["model"])
    count = sum(1 for path in folder.rglob("*") if path.is_file())
    start = time.perf_counter()
    command = [radiotheque(), "drop", str(folder)]
    command += ["--i-am-authorised"] if drawn else []
    prefix = f"bench-{uuid.uuid4().hex[:8]}"
    subprocess.run([*command, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    until(lambda: sum(1 for item in every_item(api) if item["model"]) >= before + count, 0.5)
    return count, time.perf_counter() - start


def main() -> int:
    """Measure, print the table, write the JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--uploads", type=int, default=60)
    arguments.add_argument("--films", type=Path, help="folder to drop in bulk (else phantoms)")
    arguments.add_argument("--phantoms", type=int, default=200, help="how many to draw and drop")
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    api = connected()
    seed = int(time.time()) % 1_000_000 * 1000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_films(folder / "one", chosen.uploads + 3, first_seed=seed)
        films = sorted((folder / "one").iterdir())
        uploads(api, films[:3])
        seconds, ids = uploads(api, films[3:])
        cold = similar(api, ids, again=False)
        warm = similar(api, ids, again=True)
        dropped = chosen.films
        if dropped is None:
            dropped = folder / "many"
            write_films(dropped, chosen.phantoms, first_seed=seed + 500)
        count, took = bulk(api, dropped, drawn=chosen.films is None)
    table = {
        "upload_to_findings_p50_s": statistics.median(seconds),
        "upload_to_findings_p99_s": percentile(seconds, 0.99),
        "similar_uncached_p50_s": statistics.median(cold),
        "similar_cached_p50_s": statistics.median(warm),
        "bulk_films": count,
        "bulk_films_per_s": count / took,
    }
    for name, value in table.items():
        print(f"{name:28} {value:10.4f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(table, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
