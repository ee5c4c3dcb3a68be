"""Dead letters, models, outbox and signals, in memory."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from schemas.envelope import Message
from schemas.errors import Conflict, NotFound, Unavailable
from schemas.models import ModelManifest
from store.filling import Filling
from store.records import (
    Letter,
    LetterState,
    ModelRow,
    ModelState,
    OutboxRow,
    Receipt,
)
from tests.fakes.rows_tables import STEWARDS, Tables, now, sees


class FakeLetters:
    """Implements store.ports.Letters."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, letter: Letter, events: Sequence[Message]) -> None:
        with self._tables.work():
            tables = self._tables
            origin = (letter.topic, letter.partition, letter.offset, letter.group)
            for known in tables.letters.values():
                if (known.topic, known.partition, known.offset, known.group) == origin:
                    return
            tables.letters[letter.id] = replace(letter, state="open")
            receipt = tables.receipts.get(letter.receipt) if letter.receipt else None
            if receipt is not None and receipt.state in {"received", "accepted"}:
                tables.move(receipt, state="failed")
            for waiting in self._of_film(letter, "accepted"):
                tables.move(waiting, state="failed")
            tables.say(events)

    def _of_film(self, letter: Letter, state: str) -> tuple[Receipt, ...]:
        """Return the receipts of the film whose analysis died, in this state."""
        if letter.group != "analyse" or letter.key is None:
            return ()
        film = letter.key.decode("utf-8", "replace")
        rows = self._tables.receipts.values()
        return tuple(row for row in rows if row.film == film and row.state == state)

    def list(
        self,
        state: LetterState | None = "open",
        limit: int = 100,
        *,
        account: UUID | None = None,
    ) -> list[Letter]:
        with self._tables.work():
            found = [
                row
                for row in self._tables.letters.values()
                if state in {None, row.state} and self._knows(row, account)
            ]
            return sorted(found, key=lambda row: row.recorded_at, reverse=True)[:limit]

    def get(self, letter: UUID, *, account: UUID | None = None) -> Letter | None:
        with self._tables.work():
            if account is not None:
                self._tables.allow(account, STEWARDS)
            found = self._tables.letters.get(letter)
            return found if found is not None and self._knows(found, account) else None

    def _knows(self, letter: Letter, account: UUID | None) -> bool:
        """Return whether somebody may know of a letter: not of another site's drop or film."""
        if account is None:
            return True
        tables = self._tables
        site = tables.allow(account, STEWARDS).site
        receipt = tables.receipts.get(letter.receipt) if letter.receipt else None
        film = tables.films.get((letter.key or b"").decode("utf-8", "replace"))
        return (receipt is None or receipt.site == site) and (film is None or sees(site, film))

    def _close(self, letter: UUID, account: UUID | None, state: LetterState) -> Letter:
        tables = self._tables
        tables.allow_or_operator(account, STEWARDS)
        known = tables.letters.get(letter)
        if known is None or not self._knows(known, account):
            raise NotFound(f"dead letter {letter}: there is none")
        if known.state != "open":
            raise Conflict(f"dead letter {letter}: wanted an open one, came {known.state}")
        tables.letters[letter] = replace(known, state=state)
        tables.journal(account, f"letter.{state}", str(letter))
        return tables.letters[letter]

    def replay(self, letter: UUID, *, account: UUID | None) -> Letter:
        with self._tables.work():
            tables = self._tables
            row = self._close(letter, account, "replayed")
            kept = tuple(pair for pair in row.headers if pair[0] != "replay-for")
            headers = (*kept, ("replay-for", row.group.encode()))
            receipt = tables.receipts.get(row.receipt) if row.receipt else None
            if receipt is not None and receipt.state == "failed":
                tables.move(receipt, state="accepted" if receipt.film else "received")
            for failed in self._of_film(row, "failed"):
                tables.move(failed, state="accepted")
            tables.put(row.topic, row.key, headers, row.value)
            return row

    def discard(self, letter: UUID, *, account: UUID | None) -> Letter:
        with self._tables.work():
            return self._close(letter, account, "discarded")

    def open_count(self) -> int:
        with self._tables.work():
            return sum(row.state == "open" for row in self._tables.letters.values())


class FakeModels:
    """Implements store.ports.Models."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def live(self) -> ModelRow | None:
        with self._tables.work():
            return self._tables.live()

    def wanted(self) -> list[ModelRow]:
        with self._tables.work():
            rows = [row for row in self._tables.models.values() if row.state != "retired"]
            return sorted(rows, key=lambda row: row.manifest.version)

    def get(self, version: int) -> ModelRow | None:
        with self._tables.work():
            return self._tables.models.get(version)

    def working(self) -> list[ModelRow]:
        with self._tables.work():
            return self._tables.working()

    def all(self) -> list[ModelRow]:
        with self._tables.work():
            return [row for _, row in sorted(self._tables.models.items())]

    def filling(self) -> Filling | None:
        with self._tables.work():
            live, used = self._tables.live(), self._tables.search_version
            if live is None or used is None or live.manifest.embedding_version == used:
                return None
            films = sum(1 for _, version in self._tables.embeddings if version == used)
            missing = len(self._tables.unfilled())
            return Filling(live.manifest.embedding_version, used, films, missing)

    def register(self, manifest: ModelManifest, state: ModelState) -> ModelRow:
        with self._tables.work():
            known = self._tables.models.get(manifest.version)
            if known is not None and known.manifest != manifest:
                raise Conflict(f"model version {manifest.version}: another manifest has it")
            if known is None:
                known = ModelRow(manifest, "candidate", now())
                self._tables.models[manifest.version] = known
                if state == "live":
                    return self._make_live(manifest.version)
                self._tables.models[manifest.version] = replace(known, state=state)
            return self._tables.models[manifest.version]

    def _make_live(self, version: int) -> ModelRow:
        tables = self._tables
        if version not in tables.models:
            raise NotFound(f"model version {version}: there is none")
        for number, row in tables.models.items():
            if row.state == "live" and number != version:
                tables.models[number] = replace(row, state="former")
        if tables.models[version].state != "live":
            tables.live_at[version] = now()
        tables.models[version] = replace(tables.models[version], state="live")
        tables.settle_search()
        return tables.models[version]

    def set_live(self, version: int) -> ModelRow:
        with self._tables.work():
            return self._make_live(version)


class FakeOutbox:
    """Implements store.ports.Outbox. `messages` is all that was ever said, in order."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    @property
    def messages(self) -> list[Message]:
        """Return every message said, published or not; replayed raw records are not here."""
        with self._tables.lock:
            return list(self._tables.messages)

    def add(self, messages: Sequence[Message]) -> None:
        with self._tables.work():
            self._tables.say(messages)

    def _waiting(self) -> list[OutboxRow]:
        done = self._tables.published
        return [row for number, row in sorted(self._tables.outbox.items()) if number not in done]

    def pending(self, limit: int) -> list[OutboxRow]:
        with self._tables.work():
            return self._waiting()[:limit]

    def published(self, numbers: Sequence[int]) -> None:
        with self._tables.work():
            for number in numbers:
                self._tables.published.setdefault(number, now())

    def depth(self) -> int:
        with self._tables.work():
            return len(self._waiting())

    def purge(self, older_than_s: float) -> int:
        with self._tables.work():
            limit = now() - timedelta(seconds=older_than_s)
            old = [key for key, moment in self._tables.published.items() if moment <= limit]
            for number in old:
                del self._tables.published[number]
                del self._tables.outbox[number]
            return len(old)


class FakeSignals:
    """Implements store.ports.Signals."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def listen(self, channel: str, timeout_s: float) -> Iterator[str]:
        tables = self._tables
        deadline = time.monotonic() + timeout_s
        with tables.lock:
            seen = len(tables.signals)
        while True:
            with tables.lock:
                if tables.down:
                    raise Unavailable("postgres", "the fake is down")
                new = tables.signals[seen:]
                seen += len(new)
                left = deadline - time.monotonic()
                if not new and left > 0:
                    tables.lock.wait(left)
                    continue
            yield from [payload for said, payload in new if said == channel]
            if left <= 0:
                return
