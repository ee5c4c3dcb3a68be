"""Brings a batch of records to its end: each record is done, passed over or dead.

The third fate, stopped, is no end: while a service is down the same step is repeated with
back-off, an hour long if need be, and nothing is lost or set aside. It runs in a thread of its
own so that the loop can go on polling meanwhile.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from schemas.envelope import to_message
from schemas.errors import BadObject, Dead, Unavailable
from schemas.events import DeadLetter
from schemas.identities import event_id
from store.log import Record
from store.ports import Letters
from store.records import Letter
from workers.backoff import Backoff
from workers.ports import Handler

log = logging.getLogger(__name__)

#: So often a record may fail unexpectedly before it is set aside.
ATTEMPTS: Final = 3
REPLAY_FOR: Final = "replay-for"
_PAUSE_S: Final = 0.05
_REASON_LENGTH: Final = 500


@dataclass
class Ends:
    """How many records of a batch met which end, and how many dead ones came last in a row."""

    done: int = 0
    passed: int = 0
    dead: int = 0
    dead_in_a_row: int = 0


@dataclass(frozen=True)
class Wrong:
    """Why a record is dead.

    `word` goes into the event, which everyone may read: the error's kind only. `reason` is the
    error's whole text and stays in the letter's row.
    """

    word: str
    reason: str
    attempts: int
    #: Many in a row are a sign of a bug of ours. A damaged disk's objects are none.
    telling: bool = True


class Cancelled(Exception):
    """The batch was given up between two attempts; its records will come again."""


class Fates:
    """Decides what becomes of records, for one group."""

    def __init__(
        self,
        group: str,
        handler: Handler,
        letters: Letters,
        *,
        site: str,
        tell_waiting: Callable[[str | None], None],
    ) -> None:
        """`tell_waiting` hears the name of a service that is down, and None when it is back."""
        self._group = group
        self._handler = handler
        self._letters = letters
        self._site = site
        self._tell_waiting = tell_waiting
        self._dead_in_a_row = 0

    def bring_to_end(self, records: Sequence[Record], cancel: threading.Event) -> Ends:
        """Return how the records ended. Raises Cancelled when told to give up while waiting."""
        ours = [record for record in records if self._for_us(record)]
        ends = Ends(passed=len(records) - len(ours))
        if ours and not self._handled(ours, cancel):
            self._one_by_one(ours, ends, cancel)
        elif ours:
            ends.done = len(ours)
            self._dead_in_a_row = 0
        ends.dead_in_a_row = self._dead_in_a_row
        return ends

    def _for_us(self, record: Record) -> bool:
        """Return whether the record is not a replay meant for another group."""
        group = record.headers.get(REPLAY_FOR)
        return group is None or group == self._group.encode()

    def _handled(self, records: Sequence[Record], cancel: threading.Event) -> bool:
        """Return whether the whole batch is done; False when a record of it went wrong."""
        try:
            self._repeat_while_down(lambda: self._handler.handle(records), cancel)
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001 - whichever record it was is found one by one
            log.warning(
                "A batch failed and is repeated one by one",
                extra={"group": self._group, "records": len(records), "error": _name(error)},
            )
            return False
        return True

    def _one_by_one(self, records: Sequence[Record], ends: Ends, cancel: threading.Event) -> None:
        for record in records:
            wrong = self._handle_one(record, cancel)
            if wrong is None:
                ends.done += 1
                self._dead_in_a_row = 0
                continue
            self._set_aside(record, wrong, cancel)
            ends.dead += 1
            if wrong.telling and REPLAY_FOR not in record.headers:
                # Poison that somebody replays is no sign of a bug of ours.
                self._dead_in_a_row += 1

    def _handle_one(self, record: Record, cancel: threading.Event) -> Wrong | None:
        """Return None when the record is done, else why it is dead."""
        pause = Backoff(first_s=_PAUSE_S)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._repeat_while_down(lambda: self._handler.handle([record]), cancel)
            except Cancelled:
                raise
            except BadObject as error:
                return Wrong("an object", str(error), attempt, telling=False)
            except Dead as error:
                return Wrong("wrong", str(error), attempt)
            except Exception as error:
                log.exception(
                    "A record failed in a way nobody foresaw",
                    extra={"group": self._group, "origin": record.origin, "attempt": attempt},
                )
                wrong = Wrong(f"unexpected {_name(error)}", f"{_name(error)}: {error}", attempt)
                if attempt < ATTEMPTS and cancel.wait(pause.next_s()):
                    raise Cancelled from error
            else:
                return None
        return wrong

    def _set_aside(self, record: Record, wrong: Wrong, cancel: threading.Event) -> None:
        """Keep the record whole as a dead letter, with its event, in one transaction."""
        letter = Letter(
            id=event_id("dead.letter", f"{record.origin}/{self._group}"),
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            group=self._group,
            key=record.key,
            headers=record.carried or tuple(record.headers.items()),
            value=record.value,
            reason=wrong.reason[:_REASON_LENGTH],
            attempts=wrong.attempts,
            state="open",
            recorded_at=datetime.now(UTC),
        )
        event = DeadLetter(
            letter=letter.id,
            origin=record.origin,
            group=self._group,
            reason=wrong.word,
            recorded_at=letter.recorded_at,
        )
        message = to_message(event, site=self._site)

        def keep() -> None:
            whole = replace(letter, receipt=self._receipt_of(record))
            self._letters.add(whole, [message])

        self._repeat_while_down(keep, cancel)
        log.warning(
            "A record was set aside as a dead letter",
            extra={"group": self._group, "origin": record.origin, "letter": str(letter.id)},
        )

    def _receipt_of(self, record: Record) -> UUID | None:
        try:
            return self._handler.receipt_of(record)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - a record that cannot be read names no receipt
            return None

    def _repeat_while_down(self, step: Callable[[], None], cancel: threading.Event) -> None:
        """Do a step, and again for as long as it says that a service is down."""
        backoff = Backoff()
        down_since: float | None = None
        while True:
            try:
                step()
            except Unavailable as error:
                if down_since is None:
                    down_since = time.monotonic()
                    log.warning(
                        "A service is down: the same step is repeated until it is back",
                        extra={"group": self._group, "service": error.service},
                    )
                self._tell_waiting(error.service)
                if cancel.wait(backoff.next_s()):
                    raise Cancelled from error
            else:
                if down_since is not None:
                    log.info(
                        "The service is back",
                        extra={
                            "group": self._group,
                            "seconds": round(time.monotonic() - down_since, 1),
                        },
                    )
                    self._tell_waiting(None)
                return


def _name(error: Exception) -> str:
    return type(error).__name__
