"""The outbox ─> Kafka: publishes what was written to PostgreSQL together with its rows.

Woken by NOTIFY, and looking each second anyway: a notification may be missed, a row may not.
A row is marked as published only when the brokers have it; a relay that dies in between leaves
it to be published again, under the same event id.
"""

import logging
import threading
import time
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from schemas.errors import Unavailable
from store.ports import Publisher, Rows
from workers.backoff import Backoff
from workers.health import Health

log = logging.getLogger(__name__)

_ROWS: Final = 500
_LOOK_S: Final = 1.0
_LISTEN_S: Final = 30.0
_PURGE_EVERY_S: Final = 60.0
_KEEP_S: Final = 3600.0
#: What waits here holds up every film: look again soon.
_LONGEST_WAIT_S: Final = 5.0


class Relay:
    """Moves outbox rows to the log until told to stop; outages only make it wait."""

    def __init__(
        self,
        rows: Rows,
        publisher: Publisher,
        health: Health | None = None,
        look_s: float = _LOOK_S,
    ) -> None:
        """`look_s`: how often it looks when nothing wakes it."""
        self._look_s = look_s
        self._rows = rows
        self._publisher = publisher
        self._health = health or Health("relay")
        self._wake = threading.Event()
        self._purged_at = time.monotonic()
        self.registry = CollectorRegistry()
        self._published = Counter(
            "radiotheque_outbox_published", "Messages published", registry=self.registry
        )
        self._depth = Gauge(
            "radiotheque_outbox_seen", "Messages seen waiting at once", registry=self.registry
        )

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. What is under way then is published and marked."""
        listener = threading.Thread(target=self._listen, args=(stop,), name="listen", daemon=True)
        listener.start()
        backoff = Backoff(longest_s=_LONGEST_WAIT_S)
        while not stop.is_set():
            self._health.turned()
            try:
                self._wake.clear()
                moved = self.move()
                self._purge()
            except Unavailable as error:
                self._health.wait_for("relay", error.service)
                log.warning("The relay waits for a service", extra={"service": error.service})
                stop.wait(backoff.next_s())
                continue
            self._health.wait_for("relay", None)
            backoff.reset()
            if not moved and not stop.is_set():
                self._wake.wait(self._look_s)

    def move(self) -> int:
        """Publish and mark up to 500 waiting messages; return how many. Raises Unavailable."""
        started = time.monotonic()
        waiting = self._rows.outbox.pending(_ROWS)
        self._depth.set(len(waiting))
        if not waiting:
            return 0
        published = self._publisher.publish(waiting)
        self._rows.outbox.published(published)
        self._published.inc(len(published))
        log.info(
            "Messages were published",
            extra={
                "messages": len(published),
                "ms": round((time.monotonic() - started) * 1000),
            },
        )
        return len(published)

    def _purge(self) -> None:
        if time.monotonic() - self._purged_at < _PURGE_EVERY_S:
            return
        self._purged_at = time.monotonic()
        purged = self._rows.outbox.purge(_KEEP_S)
        if purged:
            log.info("Old messages were removed", extra={"messages": purged})

    def _listen(self, stop: threading.Event) -> None:
        """Wake the relay at each notification; while there can be none, it looks by itself."""
        while not stop.is_set():
            try:
                for _ in self._rows.signals.listen("outbox", _LISTEN_S):
                    self._wake.set()
                    if stop.is_set():
                        return
            except Unavailable:
                stop.wait(self._look_s)
