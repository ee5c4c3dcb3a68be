"""Times the original's shape (bench/original_shape.py) on an installation's own PostgreSQL."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.library_rows import throw_away
from stack.cache import clone_root
from stack.installs import training_env
from stack.passwords import read_secrets
from stack.ports import another_port
from stack.settings_file import admin_environment
from stack.state import State
from store.rows import conninfo
from store.settings import PREFIX, load_settings

#: TensorFlow's threads that are tried; 0 is its own choice. The best counts.
THREADS: Final = (0, 1, 2)
_WARM: Final = 3
_TRIED_ON: Final = 10


def films_per_second(state: State, films: Sequence[Path]) -> dict[str, float]:
    """Return films a second by the best number of threads, and of each that was tried.

    Films are sent one after another, as one process takes them; each process is warmed first.
    """
    tried = {threads: _timed(state, films[:_TRIED_ON], threads) for threads in THREADS}
    best = max(tried, key=lambda threads: tried[threads])
    return {
        "films_per_s": _timed(state, films, best),
        "threads": float(best),
        **{f"films_per_s, {threads} threads": speed for threads, speed in tried.items()},
    }


def _timed(state: State, films: Sequence[Path], threads: int) -> float:
    with serving(state, threads) as port:
        for film in [films[0]] * _WARM:
            send(port, film)
        began = time.perf_counter()
        for film in films:
            send(port, film)
        return len(films) / (time.perf_counter() - began)


def send(port: int, film: Path) -> dict[str, Any]:
    """Post one film; return the answer. Raises RuntimeError for any but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", "/films", body=film.read_bytes())
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(
            f"the original's shape: wanted 200, came {answer.status}: {said!r:.200}"
        )
    return dict(json.loads(said))


@contextmanager
def serving(state: State, threads: int) -> Iterator[int]:
    """Run the original on a database of its own; yield its port, when it answers."""
    keys = admin_environment(read_secrets(state))
    settings = load_settings({f"{PREFIX}STATE": str(state.root), **keys})
    if settings.postgres_admin_password is None:
        raise ValueError(
            "wanted an installation of our own, came one without administrator's keys"
        )
    port = another_port(set())
    with throw_away(settings, "bench_original") as own:
        dsn = conninfo(
            own,
            user=settings.postgres_admin_user,
            password=settings.postgres_admin_password.get_secret_value(),
        )
        packages = next(path for path in sys.path if path.endswith("site-packages"))
        told = {"dsn": dsn, "port": port, "threads": threads, "packages": packages}
        log = state.logs / "bench_original.log"
        command = [str(training_env() / "bin" / "python"), "-m", "bench.original_shape"]
        with (
            log.open("w") as errors,
            subprocess.Popen(
                ["env", f"PYTHONPATH={clone_root()}", "TF_CPP_MIN_LOG_LEVEL=2", *command],
                cwd=clone_root(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(json.dumps(told))
                process.stdin.close()
                if process.stdout.readline().strip() != "listening":
                    raise RuntimeError(f"the original's shape did not start: see {log}")
                _until_open(port)
                yield port
            finally:
                process.kill()


def _until_open(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
