"""Live events for a browser: what becomes of its receipts, as server-sent events.

One thread per process listens to PostgreSQL's NOTIFY and wakes those who wait for that receipt;
each reads the row itself, so an event says what is true and a lost wake-up costs a heartbeat at
most. A stream holds one thread of the server, so only half of them may be streams: the next one
is told to come back, and the page asks GET /api/v1/receipts/{id} meanwhile.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, request

from schemas.errors import NotFound, Unavailable
from store.ports import Rows
from store.records import FINAL_STATES, Account, Receipt
from store.settings import Settings
from web.auth import current_account
from web.deps import deps
from web.language import Language, current_language
from web.problems import Problem
from web.receipts import read_receipt, receipt_json

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 15.0
#: A stream ends after this long and the browser comes again: a removed account is out by then.
STREAM_S: Final = 600.0
#: A URL must stay under gunicorn's 8,190 bytes; a page with more asks for the next ones later.
RECEIPTS_MAX: Final = 200
_LISTEN_S: Final = 300.0
_RETRY_S: Final = 1.0
_EXTENSION: Final = "radiotheque.live"

live: Final = Blueprint("live", __name__)
Wake = queue.SimpleQueue[UUID | None]


class Hub:
    """Wakes streams when their receipts change. `places` is how many may run at a time."""

    def __init__(self, rows: Rows, places: int, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._rows = rows
        self._heartbeat_s = heartbeat_s
        self._places = places
        self._lock = threading.Lock()
        self._waiting: dict[UUID, set[int]] = {}
        self._queues: dict[int, Wake] = {}
        self._next = 0
        self._listener: threading.Thread | None = None
        self._stopped = threading.Event()

    @property
    def streams(self) -> int:
        """Return how many run now."""
        return len(self._queues)

    def enter(self, receipts: Sequence[UUID]) -> int:
        """Take a place and wait for these receipts. Raises Problem 503 when none is free."""
        with self._lock:
            if len(self._queues) >= self._places or self._stopped.is_set():
                raise Problem(
                    503, "Too many live streams; ask again, or poll.", headers={"Retry-After": "5"}
                )
            self._next += 1
            number = self._next
            self._queues[number] = queue.SimpleQueue()
            for receipt in receipts:
                self._waiting.setdefault(receipt, set()).add(number)
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, daemon=True, name="live")
                self._listener.start()
        return number

    def leave(self, number: int) -> None:
        """Give the place back."""
        with self._lock:
            self._queues.pop(number, None)
            for receipt in [key for key, who in self._waiting.items() if number in who]:
                self._waiting[receipt].discard(number)
                if not self._waiting[receipt]:
                    del self._waiting[receipt]

    def wait(self, number: int) -> UUID | None:
        """Return a receipt that changed, None after a heartbeat or when the server stops."""
        try:
            return self._queues[number].get(timeout=self._heartbeat_s)
        except (queue.Empty, KeyError):
            return None

    @property
    def stopped(self) -> bool:
        """Return whether the server is stopping."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End every stream: the server is stopping. Safe in a signal handler's thread."""
        self._stopped.set()
        for waiting in list(self._queues.values()):
            waiting.put(None)

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                for payload in self._rows.signals.listen("receipt", _LISTEN_S):
                    self._wake(payload)
            except Unavailable:
                log.warning("Live events are not woken; listening again in a second.")
                self._stopped.wait(_RETRY_S)

    def _wake(self, payload: str) -> None:
        receipt = UUID(payload)
        with self._lock:
            for number in self._waiting.get(receipt, ()):
                self._queues[number].put(receipt)


def install(app: Flask, settings: Settings, rows: Rows) -> None:
    """Serve live events; no thread starts before the first stream."""
    app.extensions[_EXTENSION] = Hub(rows, max(1, settings.web_threads // 2))
    app.register_blueprint(live)


def hub_of(app: Flask) -> Hub:
    """Return an application's hub."""
    found: Hub = app.extensions[_EXTENSION]
    return found


@live.get("/live/receipts")
def receipts() -> Response:
    """Stream what becomes of `ids` (comma-separated, at most 200) until all are final.

    Each `receipt` event's data is what GET /api/v1/receipts/{id} answers. The first ones say how
    the receipts stand now, so a browser that comes again after a cut misses nothing; `end` is
    the last one.
    """
    account = current_account()
    wanted = _ids()
    rows = deps().rows
    hub = hub_of(current_app)
    # Wait first, read then: a change between the two is a wake-up, not a loss.
    number = hub.enter(wanted)
    try:
        standing = [read_receipt(rows, receipt, account) for receipt in wanted]
    except BaseException:
        hub.leave(number)
        raise
    stream = Stream(hub, number, rows, account, current_language()).events(standing)
    response = Response(stream, content_type="text/event-stream; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    # A stream that never began would keep its place: closing the response gives it back.
    response.call_on_close(lambda: hub.leave(number))
    return response


def _ids() -> list[UUID]:
    said = [part for part in request.args.get("ids", "").split(",") if part]
    if not 1 <= len(said) <= RECEIPTS_MAX:
        raise Problem(422, f"ids: wanted 1 to {RECEIPTS_MAX} receipts, came {len(said)}.")
    try:
        return list(dict.fromkeys(UUID(part) for part in said))
    except ValueError as error:
        raise NotFound("a receipt's id is a UUID") from error


class Stream:
    """One browser's stream. It runs after the request's own context is gone."""

    def __init__(
        self, hub: Hub, number: int, rows: Rows, account: Account, language: Language
    ) -> None:
        self._hub = hub
        self._number = number
        self._rows = rows
        self._account = account
        self._language = language
        self._said: dict[UUID, str] = {}

    def events(self, standing: Sequence[Receipt]) -> Iterator[str]:
        """Yield how the receipts stand, then each change, then `end`."""
        unfinished = {receipt.id for receipt in standing}
        ends_at = time.monotonic() + STREAM_S
        changed = list(standing)
        yield "retry: 2000\n\n"
        while True:
            for receipt in changed:
                yield from self._event(receipt)
                if receipt.state in FINAL_STATES:
                    unfinished.discard(receipt.id)
            if not unfinished:
                yield "event: end\ndata: {}\n\n"
                return
            woken = self._hub.wait(self._number)
            if self._hub.stopped or time.monotonic() > ends_at:
                return
            if woken is None:
                yield ": still here\n\n"
            try:
                # A heartbeat reads all that are unfinished: a lost wake-up costs no more.
                changed = self._read([woken] if woken else sorted(unfinished))
            except NotFound:
                return

    def _event(self, receipt: Receipt) -> Iterator[str]:
        text = json.dumps(receipt_json(receipt, self._language), ensure_ascii=False)
        if self._said.get(receipt.id) != text:
            self._said[receipt.id] = text
            yield f"event: receipt\nid: {receipt.id}\ndata: {text}\n\n"

    def _read(self, receipts: Sequence[UUID]) -> list[Receipt]:
        try:
            return [read_receipt(self._rows, receipt, self._account) for receipt in receipts]
        except Unavailable:
            return []  # the rows come back; the next heartbeat reads them again
