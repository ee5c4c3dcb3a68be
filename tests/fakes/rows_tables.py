"""What the fake stores keep: the tables of PostgreSQL as dictionaries, under one lock."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from schemas.envelope import Message
from schemas.errors import Erased, Forbidden, NotFound, Unavailable
from schemas.findings import FINDINGS
from store.records import (
    Account,
    Analysis,
    AuditRow,
    Comment,
    Erasure,
    Film,
    LabelRow,
    Letter,
    ModelRow,
    OutboxRow,
    Reading,
    Receipt,
    Role,
)
from store.records_manifests import ManifestLine, ManifestSummary

EVERYBODY: tuple[Role, ...] = ("viewer", "radiologist", "steward", "admin")
READERS: tuple[Role, ...] = ("radiologist", "steward", "admin")
STEWARDS: tuple[Role, ...] = ("steward", "admin")


def now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


def sees(site: str | None, film: Film) -> bool:
    """Return whether the accounts of a site see a film; None is a program, which does."""
    return site is None or film.sharing != "private" or film.site == site


def decides(who: Account | None, film: Film) -> bool:
    """Return whether a steward or admin (None: the command line) decides over a film."""
    if who is None or film.site == who.site:
        return True
    return who.role == "admin" and film.sharing != "private"


@dataclass
class Tables:
    """All rows. `down` makes every call raise Unavailable, as a stopped server would."""

    site: str = "local"
    operator: bool = False
    down: bool = False
    lock: threading.Condition = field(default_factory=threading.Condition)
    receipts: dict[UUID, Receipt] = field(default_factory=dict)
    swept: set[UUID] = field(default_factory=set)
    lines: dict[tuple[str, str], dict[UUID, ManifestLine]] = field(default_factory=dict)
    manifests_read: set[UUID] = field(default_factory=set)
    #: In the order they came.
    manifests_known: dict[UUID, None] = field(default_factory=dict)
    changed_lines: set[tuple[UUID, int]] = field(default_factory=set)
    manifests: dict[UUID, ManifestSummary] = field(default_factory=dict)
    said: dict[UUID, tuple[Film, tuple[str, ...]]] = field(default_factory=dict)
    raw_codes: dict[UUID, str] = field(default_factory=dict)
    films: dict[str, Film] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    updated: dict[str, datetime] = field(default_factory=dict)
    requested: dict[str, datetime] = field(default_factory=dict)
    analyses: dict[tuple[str, int], Analysis] = field(default_factory=dict)
    embeddings: dict[tuple[str, str], Any] = field(default_factory=dict)
    search_version: str | None = None
    labels: dict[tuple[str, str, str, str], LabelRow] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    comments: dict[UUID, Comment] = field(default_factory=dict)
    comment_accounts: dict[UUID, UUID] = field(default_factory=dict)
    shown: dict[tuple[UUID, str], tuple[bool, bool]] = field(default_factory=dict)
    once: dict[tuple[UUID, str, str], tuple[bytes, str, UUID]] = field(default_factory=dict)
    accounts: dict[UUID, Account] = field(default_factory=dict)
    hashes: dict[UUID, str] = field(default_factory=dict)
    tokens: dict[UUID, tuple[UUID, bytes, str]] = field(default_factory=dict)
    letters: dict[UUID, Letter] = field(default_factory=dict)
    models: dict[int, ModelRow] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    outbox: dict[int, OutboxRow] = field(default_factory=dict)
    published: dict[int, datetime] = field(default_factory=dict)
    next_number: int = 1
    next_position: int = 1
    tombstones: dict[str, str | None] = field(default_factory=dict)
    erasures: dict[str, Erasure] = field(default_factory=dict)
    erase_again_s: float = 600.0
    live_at: dict[int, datetime] = field(default_factory=dict)
    audit: list[AuditRow] = field(default_factory=list)
    audit_sites: list[frozenset[str]] = field(default_factory=list)
    tombstone_sites: dict[str, str | None] = field(default_factory=dict)
    signals: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Hold the one lock, as a transaction would; raise Unavailable while `down`."""
        with self.lock:
            if self.down:
                raise Unavailable("postgres", "the fake is down")
            yield

    def say(self, messages: Sequence[Message]) -> None:
        """Put messages in the outbox and wake the relay."""
        for message in messages:
            self.messages.append(message)
            headers = tuple((name, text.encode()) for name, text in message.headers.items())
            self.put(message.topic, message.key.encode(), headers, message.value)

    def put(
        self,
        topic: str,
        key: bytes | None,
        headers: tuple[tuple[str, bytes], ...],
        value: bytes | None,
    ) -> None:
        """Put one raw record in the outbox."""
        number = self.next_number
        self.next_number += 1
        self.outbox[number] = OutboxRow(number, topic, key, headers, value)
        self.signal("outbox", "")

    def signal(self, channel: str, payload: str) -> None:
        """Wake those who listen."""
        self.signals.append((channel, payload))
        self.lock.notify_all()

    def move(self, receipt: Receipt, **changes: Any) -> Receipt:
        """Change a receipt, and wake its listeners."""
        moved = replace(receipt, updated_at=now(), **changes)
        self.receipts[receipt.id] = moved
        self.signal("receipt", str(receipt.id))
        return moved

    def allow(self, account: UUID | None, roles: Sequence[Role]) -> Account:
        """Return the account when its role is one of these; raise Forbidden otherwise."""
        found = self.accounts.get(account) if account else None
        if found is None or found.disabled or found.role not in roles:
            came = found.role if found else "no account"
            raise Forbidden(f"wanted one of {', '.join(roles)}; came {came}")
        return found

    def allow_or_operator(self, account: UUID | None, roles: Sequence[Role]) -> Account | None:
        """Return the account, or None for the command line."""
        if account is None and self.operator:
            return None
        return self.allow(account, roles)

    def journal(
        self, account: UUID | None, action: str, subject: str | None, **detail: Any
    ) -> None:
        """Append to the audit."""
        found = self.accounts.get(account) if account else None
        who = found.pseudonym if found else None
        film = self.films.get(subject or "")
        self.audit.append(AuditRow(now(), who, action, subject, detail))
        self.audit_sites.append(frozenset(row.site for row in (found, film) if row is not None))

    def site_of(self, account: UUID | None) -> str | None:
        """Return the site as which an account sees films; None for a program: all of them."""
        return self.allow(account, EVERYBODY).site if account else None

    def film_seen(self, film: str, account: UUID | None) -> Film:
        """Return a film's row as the account may see it, or raise NotFound."""
        site = self.site_of(account)
        if film in self.films and sees(site, self.films[film]):
            return self.films[film]
        if film in self.tombstones and site in {None, self.tombstone_sites.get(film)}:
            raise Erased(f"film {film}: it was erased")
        raise NotFound(f"film {film}: there is none")

    def film_decided(self, film: str, account: UUID | None) -> Film:
        """Return the film over which this account decides; raise NotFound, Forbidden."""
        who = self.allow_or_operator(account, STEWARDS)
        found = self.film_seen(film, account)
        if not decides(who, found):
            raise Forbidden(f"film {film}: wanted a steward of its own site")
        return found

    def stands(self, tombstone: str, who: Account | None) -> bool:
        """Return whether a tombstone is there for who would lift it."""
        site = self.tombstone_sites.get(tombstone)
        return tombstone in self.tombstones and (who is None or site is None or site == who.site)

    def film(self, film: str) -> Film:
        """Return a film's row or raise NotFound."""
        if film not in self.films:
            if film in self.tombstones:
                raise Erased(f"film {film}: it was erased")
            raise NotFound(f"film {film}: there is none")
        return self.films[film]

    def live(self) -> ModelRow | None:
        """Return the live model."""
        return next((row for row in self.models.values() if row.state == "live"), None)

    def settle_search(self) -> None:
        """Move searches to the live model's embeddings once every film has one."""
        live = self.live()
        if live is None:
            return
        if self.search_version is None or not self.unfilled():
            self.search_version = live.manifest.embedding_version

    def unfilled(self) -> list[str]:
        """Return the films that searches find and would not find by the live model's version."""
        live = self.live()
        assert live is not None
        wanted, since = live.manifest.embedding_version, self.live_at[live.manifest.version]
        given_up = {
            (row.key or b"").decode("utf-8", "replace")
            for row in self.letters.values()
            if row.group == "analyse" and row.state == "discarded" and row.recorded_at >= since
        }
        return [
            film
            for film, version in self.embeddings
            if version == self.search_version
            and (film, wanted) not in self.embeddings
            and film not in given_up
        ]

    def working(self) -> list[ModelRow]:
        """Return the models a new film is given to: the live one, and the one searches need."""
        live = self.live()
        if live is None:
            return []
        if live.manifest.embedding_version == self.search_version:
            return [live]
        others = [row for row in self.embedders() if row != live]
        others.sort(key=lambda row: (row.state == "candidate", -row.manifest.version))
        return [live, *others[:1]]

    def embedders(self) -> list[ModelRow]:
        """Return the models that give the embeddings searches use."""
        return [
            row
            for row in self.models.values()
            if row.manifest.embedding_version == self.search_version and row.state != "retired"
        ]

    def shown_analysis(self, film: str) -> Analysis | None:
        """Return the analysis a film shows: the live model's, else the newest."""
        mine = [row for (of, _), row in self.analyses.items() if of == film]
        live = self.live()
        by_live = [row for row in mine if live and row.model == live.manifest.version]
        ordered = by_live or sorted(mine, key=lambda row: row.analysed_at or now())
        return ordered[-1] if ordered else None

    def states(self, film: str) -> Sequence[str] | None:
        """Return the fourteen states of a film's shown analysis."""
        analysis = self.shown_analysis(film)
        if analysis is None:
            return None
        scores = [None if value != value else float(value) for value in analysis.probabilities]  # noqa: PLR0124 - NaN
        return self.models[analysis.model].manifest.states(scores)

    def present(self, film: str, finding: str) -> bool:
        """Return whether the film counts as showing the finding in a filtered search."""
        said = [
            row.value
            for (of, name, source, _), row in self.labels.items()
            if of == film and name == finding and source != "synthetic"
        ]
        if said:
            return 1 in said
        states = self.states(film)
        return states is not None and states[FINDINGS.index(finding)] == "suspected"
