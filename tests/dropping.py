"""Films for tests on the real services: drawn, dropped evenly, and followed to their end."""

import io
import json
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.errors import RadiothequeError, Unavailable
from schemas.identities import film_id
from stack import passwords
from stack.passwords import read_secrets
from stack.phantoms import draw, to_8_bits
from store import log
from store.objects import connect as connect_objects
from store.rows import connect as connect_rows
from store.settings import Settings
from tests.services import WholeStack


def films(count: int, seed: int, side: int = 512) -> list[tuple[str, bytes]]:
    """Return `count` films unlike all others (id, PNG): one phantom under grain of its own."""
    base = to_8_bits(draw(seed, side)).astype(np.int16)
    rng = np.random.default_rng(seed)
    made: list[tuple[str, bytes]] = []
    for _ in range(count):
        grain = rng.integers(-2, 3, base.shape, dtype=np.int16)
        picture: NDArray[np.uint8] = np.clip(base + grain, 0, 255).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "PNG", compress_level=1)
        made.append((film_id(picture), out.getvalue()))
    return made


def drop_settings(whole: WholeStack) -> Settings:
    """Return settings with the key that may only drop, as a site has it."""
    return whole.settings.model_copy(
        update={
            "s3_access_key": _secret(passwords.S3_DROP_USER),
            "s3_secret_key": _secret(read_secrets(whole.state)["s3_drop_secret"]),
        }
    )


def _secret(value: str) -> object:
    from pydantic import SecretStr

    return SecretStr(value)


@dataclass
class Dropper:
    """Drops films evenly; repeats a PUT that failed, as any client does.

    Each PUT has a thread of its own: one that hangs in a MinIO killed under it (half a minute,
    then the client tries again) does not hold up the others.
    """

    whole: WholeStack
    films: Sequence[tuple[str, bytes]]
    prefix: str
    every_s: float
    dropped: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._objects = connect_objects(drop_settings(self.whole))
        self._senders = ThreadPoolExecutor(8)
        self._thread = threading.Thread(target=self._drop, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(10)
        self._senders.shutdown(wait=True, cancel_futures=True)

    def _drop(self) -> None:
        began = time.monotonic()
        for number in range(len(self.films)):
            self.stop.wait(max(0.0, began + number * self.every_s - time.monotonic()))
            if self.stop.is_set():
                return
            self._senders.submit(self._put, number)

    def _put(self, number: int) -> None:
        film, data = self.films[number]
        while not self.stop.is_set():
            try:
                key = f"{self.prefix}/{number:05}.png"
                self._objects.put("dropzone", key, data, "image/png")
            except RadiothequeError:
                self.stop.wait(0.5)
                continue
            self.dropped.append(film)
            return

    def finished(self) -> bool:
        """Return whether every film was dropped."""
        return len(self.dropped) == len(self.films)


def analysed(whole: WholeStack, wanted: Sequence[str]) -> set[str]:
    """Return those of the films that the live model has analysed; none while rows are down."""
    settings = whole.settings.model_copy(update={"postgres_user": "radiotheque_analyse"})
    with closing(connect_rows(settings)) as rows, suppress(Unavailable):
        live = rows.models.live()
        if live is not None:
            return rows.analyses.done(wanted, live.manifest.version)
    return set()


def open_letters(whole: WholeStack) -> int:
    """Return how many dead letters are open."""
    settings = whole.settings.model_copy(update={"postgres_user": "radiotheque_operator"})
    with closing(connect_rows(settings)) as rows:
        return rows.letters.open_count()


def lag_now(whole: WholeStack) -> int:
    """Return how many records wait in all; 0 while the log is down."""
    try:
        return sum(sum(groups.values()) for groups in log.lag(whole.settings).values())
    except Unavailable:
        return 0


def events_by_film(whole: WholeStack, wanted: Sequence[str]) -> dict[str, set[str]]:
    """Return the ids of `radiograph.analysed` events of each of these films."""
    films_wanted, found = set(wanted), defaultdict(set)
    stop, quiet = threading.Event(), 3.0
    timer = threading.Timer(quiet, stop.set)
    timer.start()
    records = log.tail(whole.settings, "radiograph.analysed", from_beginning=True, stop=stop)
    for record in records:
        timer.cancel()
        timer = threading.Timer(quiet, stop.set)
        timer.start()
        film = json.loads(record.value or b"{}").get("radiograph")
        if film in films_wanted:
            found[film].add(record.headers["ce_id"].decode())
    timer.cancel()
    return found
