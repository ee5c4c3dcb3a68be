"""The one loop: every worker that reads the log is this loop around its own handler.

    poll ─> hand (first lane, bulk) ─> one batch in a thread of its own ─> offsets committed

The loop itself never stops polling, so that the group keeps its partitions while a batch waits
for a service that is down. What a person waits for goes first: bulk partitions stay paused while
the first lane has records, in the hand or in the log. Offsets pass a record only when it is done,
passed over or kept whole as a dead letter; all handlers may be repeated, so whatever was under
way when a process is killed, or partitions change hands, simply comes again.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from schemas.errors import Unavailable
from schemas.flow import Lanes
from store.log import Record
from store.ports import Letters
from store.settings import Settings
from workers.fates import Cancelled, Ends, Fates
from workers.health import Health
from workers.metrics import WorkerMetrics
from workers.ports import Handler, RecordSource

log = logging.getLogger(__name__)

#: So many dead records in a row are a bug of ours, not bad input.
TOO_MANY_DEAD: Final = 20

_IDLE_S: Final = 0.5
_BUSY_S: Final = 0.05
#: A batch gets this long to end before the worker leaves or joins its group again.
_DRAIN_S: Final = 25.0


class TooManyDead(Exception):
    """Twenty records in a row were set aside: the worker stops and says so."""


class Runtime:
    """One worker: reads its group's lanes and brings every record to its end."""

    def __init__(
        self,
        consumer: RecordSource,
        lanes: Lanes,
        handler: Handler,
        letters: Letters,
        settings: Settings,
        *,
        metrics: WorkerMetrics | None = None,
        health: Health | None = None,
        clock: Callable[[], float] = time.time,
        idle_s: float = _IDLE_S,
    ) -> None:
        """Open nothing; `run` does the work.

        `clock` is the wall clock, in seconds; `idle_s` is how long one look at an empty log
        lasts (records that come meanwhile end it at once, a stop does not).
        """
        self._consumer = consumer
        self._lanes = lanes
        self._limit = settings.batch_films
        self._metrics = metrics or WorkerMetrics(lanes.group)
        self._health = health or Health(lanes.group)
        self._clock = clock
        self._idle_s = idle_s
        self._fates = Fates(
            lanes.group, handler, letters, site=settings.site, tell_waiting=self._tell_waiting
        )
        self._first: deque[Record] = deque()
        self._bulk: deque[Record] = deque()
        self._pending: dict[tuple[str, int], int] = {}
        self._assignment = consumer.assignment
        self._running: _Running | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"{lanes.group}-batch")

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then end the running batch, commit and leave.

        Raises TooManyDead, after committing what was brought to its end.
        """
        try:
            while not stop.is_set():
                self.turn()
        finally:
            self._drain()

    def turn(self) -> None:
        """Do one round of the loop."""
        self._health.turned()
        self._collect()
        self._start_batch()
        self._commit()
        if self._running is not None:
            self._running.wait(_BUSY_S)
        if self._running is not None and self._consumer.rejoining:
            # Whoever gets the partitions begins where we committed: end the batch first.
            self._running.wait(_DRAIN_S)
            self._collect()
            self._commit()
        self._poll()

    def _poll(self) -> None:
        idle = self._running is None and not self._first and not self._bulk
        try:
            self._consumer.open_only(self._open_topics())
            records = self._consumer.poll(self._idle_s if idle else 0.0, self._limit)
        except Unavailable as error:
            self._health.wait_for("log", error.service)
            records = []
            if idle:
                time.sleep(_BUSY_S)
        else:
            self._health.wait_for("log", None if self._consumer.joined else "its partitions")
        if self._consumer.assignment != self._assignment:
            self._forget()
        for record in records:
            lane = self._first if record.topic in self._lanes.first else self._bulk
            lane.append(record)

    def _open_topics(self) -> tuple[str, ...]:
        """Return the topics whose records may come next; the others stay paused."""
        topics: tuple[str, ...] = ()
        if len(self._first) < self._limit:
            topics += self._lanes.first
        waits = bool(self._first) or (self._running is not None and self._running.first)
        if not self._bulk and not waits and not self._consumer.behind(self._lanes.first):
            topics += self._lanes.bulk
        return topics

    def _forget(self) -> None:
        """Drop what was read under the former assignment: it comes again, to whoever owns it."""
        self._assignment = self._consumer.assignment
        self._first.clear()
        self._bulk.clear()
        self._pending.clear()
        if self._running is not None:
            # Its records come again too: a batch that only waits for a service gives up.
            self._running.void = True
            self._running.cancel.set()
        log.info(
            "Partitions were assigned",
            extra={"group": self._lanes.group, "assignment": self._assignment},
        )

    def _start_batch(self) -> None:
        lane = self._first or self._bulk
        if self._running is not None or not lane:
            return
        records = [lane.popleft() for _ in range(min(self._limit, len(lane)))]
        self._running = _Running(self._pool, self._fates, records, first=lane is self._first)

    def _collect(self) -> None:
        """Take the running batch's end, if it has come."""
        running = self._running
        if running is None or not running.done:
            return
        self._running = None
        try:
            ends = running.future.result()
        except Cancelled:
            return
        if not running.void:
            for record in running.records:
                place = (record.topic, record.partition)
                self._pending[place] = max(self._pending.get(place, 0), record.offset + 1)
        self._count(running, ends)
        if ends.dead_in_a_row >= TOO_MANY_DEAD:
            raise TooManyDead(
                f"{self._lanes.group}: {ends.dead_in_a_row} records in a row were set aside;"
                " that is a bug, not bad input. Their letters keep them whole"
            )

    def _commit(self) -> None:
        if not self._pending:
            return
        try:
            self._consumer.commit(self._pending)
        except Unavailable as error:
            # Kept, and said again: until then a restart repeats what is done already.
            self._health.wait_for("log", error.service)
            return
        self._pending = {}

    def _count(self, running: "_Running", ends: Ends) -> None:
        now = self._clock()
        seconds = time.monotonic() - running.started
        self._metrics.batch(len(running.records), seconds)
        self._metrics.fates(done=ends.done, passed=ends.passed, dead=ends.dead)
        for record in running.records:
            self._metrics.age(now - record.timestamp_ms / 1000)
        log.info(
            "A batch came to its end",
            extra={
                "group": self._lanes.group,
                "lane": "first" if running.first else "bulk",
                "records": len(running.records),
                "done": ends.done,
                "passed": ends.passed,
                "dead": ends.dead,
                "ms": round(seconds * 1000),
                "age_ms": round((now - running.records[0].timestamp_ms / 1000) * 1000),
            },
        )

    def _tell_waiting(self, service: str | None) -> None:
        self._health.wait_for("batch", service)
        self._metrics.waiting(now=service is not None)

    def _drain(self) -> None:
        """End the running batch within a bound, commit, leave the group."""
        if self._running is not None:
            self._running.no_more_waiting()
            self._running.wait(_DRAIN_S)
            try:
                self._collect()
            except TooManyDead:
                log.exception("Twenty dead in a row")
            except Exception:
                log.exception("A batch ended in a way nobody foresaw")
        self._commit()
        self._consumer.close()
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Running:
    """A batch under way in the batch thread. `void` means that its records come again anyway."""

    def __init__(
        self, pool: ThreadPoolExecutor, fates: Fates, records: Sequence[Record], *, first: bool
    ) -> None:
        self.records = records
        self.first = first
        self.void = False
        self.cancel = threading.Event()
        self.started = time.monotonic()
        self.future: Future[Ends] = pool.submit(fates.bring_to_end, records, self.cancel)

    @property
    def done(self) -> bool:
        return self.future.done()

    def wait(self, timeout_s: float) -> None:
        """Wait for the end of the batch, at most so long."""
        try:
            self.future.exception(timeout_s)
        except TimeoutError:
            return

    def no_more_waiting(self) -> None:
        """Let the step that runs end; give up rather than wait for a service."""
        self.cancel.set()
