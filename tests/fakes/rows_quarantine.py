"""Drops that wait for a steward, in memory."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from schemas.envelope import Message
from schemas.errors import Conflict, NotFound
from store.quarantine import EXPIRED, REFUSED, check_note, refused_message
from store.records import Part, Receipt, ReceiptState
from tests.fakes.rows_tables import STEWARDS, Tables, now


class FakeQuarantine:
    """Implements store.ports.Quarantine."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def hold(
        self, receipt: Receipt, *, code: str, wanted: str, came: str, events: Sequence[Message]
    ) -> ReceiptState:
        with self._tables.work():
            known = self._tables.receipts.get(receipt.id)
            if known is None:
                raise NotFound(f"receipt {receipt.id}: there is none")
            if known.state == "received" and known.released_at is None:
                known = self._tables.move(
                    known,
                    state="quarantined",
                    code=code,
                    wanted=wanted,
                    came=came,
                    held_at=now(),
                )
                self._tables.say(events)
            elif known.state == "quarantined" and known.code == code:
                self._tables.say(events)
            return known.state

    def waiting(
        self, *, account: UUID, limit: int = 50, after: UUID | None = None
    ) -> list[Receipt]:
        with self._tables.work():
            who = self._tables.allow(account, STEWARDS)
            rows = sorted(
                (
                    row
                    for row in self._tables.receipts.values()
                    if row.state == "quarantined" and row.site == who.site
                ),
                key=_place,
            )
            if after is not None:
                last = _place(self._tables.receipts[after])
                rows = [row for row in rows if _place(row) > last]
            return rows[:limit]

    def look(self, receipt: UUID, *, account: UUID) -> None:
        with self._tables.work():
            self._held(receipt, account)
            self._tables.journal(account, "quarantine.opened", str(receipt))

    def release(
        self, receipt: UUID, *, account: UUID, black_out: Sequence[Part], event: Message
    ) -> None:
        with self._tables.work():
            known = self._held(receipt, account)
            self._tables.move(
                known,
                state="received",
                code=None,
                wanted=None,
                came=None,
                released_at=now(),
                black_out=tuple(black_out),
            )
            detail = {"code": known.code, "blacked_out": len(black_out)}
            self._tables.journal(account, "quarantine.released", str(receipt), **detail)
            self._tables.say([event])

    def refuse(self, receipt: UUID, *, account: UUID, note: str) -> None:
        check_note(note)
        with self._tables.work():
            known = self._held(receipt, account)
            self._tables.journal(account, "quarantine.refused", str(receipt), code=known.code)
            self._refuse(known, REFUSED, note)

    def expire(self, *, days: float, limit: int) -> int:
        with self._tables.work():
            late = now() - timedelta(days=days)
            rows = sorted(
                (
                    row
                    for row in self._tables.receipts.values()
                    if row.state == "quarantined" and row.held_at and row.held_at < late
                ),
                key=_place,
            )[:limit]
            for row in rows:
                self._refuse(row, EXPIRED, None)
            return len(rows)

    def unreadable(self, limit: int = 1000) -> list[Receipt]:
        with self._tables.work():
            rows = [
                row
                for row in self._tables.receipts.values()
                if (row.state, row.code) == ("rejected", "unreadable-object")
            ]
            return sorted(rows, key=lambda row: (row.updated_at, row.id))[:limit]

    def again(self, receipt: UUID, *, event: Message) -> None:
        with self._tables.work():
            known = self._tables.receipts.get(receipt)
            if known is None or (known.state, known.code) != ("rejected", "unreadable-object"):
                raise Conflict(f"receipt {receipt}: wanted one whose object could not be read")
            self._tables.move(known, state="received", code=None, wanted=None, came=None)
            self._tables.journal(None, "receipt.again", str(receipt))
            self._tables.say([event])

    def spent(self, *, days: float, limit: int) -> list[Receipt]:
        with self._tables.work():
            late = now() - timedelta(days=days)
            rows = [
                row
                for row in self._tables.receipts.values()
                if row.state == "rejected"
                and row.code not in {"erased", "unreadable-object"}
                and row.id not in self._tables.swept
                and (row.code in {"refused", "expired"} or row.updated_at < late)
            ]
            return sorted(rows, key=lambda row: row.updated_at)[:limit]

    def swept(self, receipt: UUID) -> None:
        with self._tables.work():
            known = self._tables.receipts.get(receipt)
            if known is not None and known.state == "rejected":
                self._tables.swept.add(receipt)

    def _held(self, receipt: UUID, account: UUID) -> Receipt:
        who = self._tables.allow(account, STEWARDS)
        known = self._tables.receipts.get(receipt)
        if known is None or known.site != who.site:
            raise NotFound(f"receipt {receipt}: there is none")
        if known.state != "quarantined":
            raise Conflict(f"receipt {receipt}: wanted a quarantined one, came {known.state}")
        return known

    def _refuse(self, known: Receipt, reason: tuple[str, str, str], note: str | None) -> None:
        code, wanted, came = reason
        moved = self._tables.move(
            known, state="rejected", code=code, wanted=wanted, came=came, note=note
        )
        self._tables.say([refused_message(asdict(moved))])


def _place(receipt: Receipt) -> tuple[float, str]:
    return (receipt.held_at.timestamp() if receipt.held_at else 0.0, str(receipt.id))
