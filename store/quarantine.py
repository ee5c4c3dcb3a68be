"""What waits for a steward, in PostgreSQL (store/functions/receipts_quarantine.sql)."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from schemas.envelope import Message, to_message
from schemas.errors import Dead
from schemas.events import RadiographRejected
from store.messages import messages_json
from store.receipts import receipt_of, stopped
from store.records import Part, Receipt, ReceiptState
from store.rows import Call, Database, Row, json_value

#: Characters of a steward's note, at most.
NOTE_MAX: Final = 500
REFUSED: Final = ("refused", "a film that a steward lets pass", "a steward's refusal")
EXPIRED: Final = ("expired", "a steward's decision in time", "none")


class PostgresQuarantine:
    """Implements store.ports.Quarantine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold(
        self, receipt: Receipt, *, code: str, wanted: str, came: str, events: Sequence[Message]
    ) -> ReceiptState:
        return stopped(self._database, "quarantine_hold", receipt, (code, wanted, came), events)

    def waiting(
        self, *, account: UUID, limit: int = 50, after: UUID | None = None
    ) -> list[Receipt]:
        rows = self._database.rows("quarantine_waiting", account=account, limit=limit, after=after)
        return [receipt_of(row) for row in rows]

    def look(self, receipt: UUID, *, account: UUID) -> None:
        self._database.rows("quarantine_look", receipt=receipt, account=account)

    def release(
        self, receipt: UUID, *, account: UUID, black_out: Sequence[Part], event: Message
    ) -> None:
        self._database.rows(
            "quarantine_release",
            receipt=receipt,
            account=account,
            black_out=json_value([list(part) for part in black_out]),
            events=json_value(messages_json([event])),
        )

    def refuse(self, receipt: UUID, *, account: UUID, note: str) -> None:
        check_note(note)
        self._refuse("quarantine_refuse", REFUSED, receipt=receipt, account=account, note=note)

    def expire(self, *, days: float, limit: int) -> int:
        return self._refuse("quarantine_expire", EXPIRED, days=days, limit=limit)

    def _refuse(self, function: str, reason: tuple[str, str, str], **values: Any) -> int:
        """Refuse by a stored function and say so, in one transaction; return how many it was."""
        code, wanted, came = reason

        def work(call: Call) -> int:
            moved = call.rows(function, code=code, wanted=wanted, came=came, **values)
            if moved:
                said = messages_json([refused_message(row) for row in moved])
                call.rows("outbox_add", events=json_value(said))
            return len(moved)

        return self._database.transaction(work)

    def unreadable(self, limit: int = 1000) -> list[Receipt]:
        rows = self._database.rows("receipts_unreadable", limit=limit)
        return [receipt_of(row) for row in rows]

    def again(self, receipt: UUID, *, event: Message) -> None:
        events = json_value(messages_json([event]))
        self._database.rows("receipts_again", receipt=receipt, events=events)

    def spent(self, *, days: float, limit: int) -> list[Receipt]:
        rows = self._database.rows("quarantine_spent", days=days, limit=limit)
        return [receipt_of(row) for row in rows]

    def swept(self, receipt: UUID) -> None:
        self._database.rows("quarantine_swept", receipt=receipt)


def check_note(note: str) -> None:
    """Raise Dead unless a steward's note has 1 to 500 characters that can be kept."""
    if not note.strip() or len(note) > NOTE_MAX or "\0" in note:
        raise Dead(f"refusal: wanted a note of 1 to {NOTE_MAX} characters")


def refused_message(receipt: Row) -> Message:
    """Return what is said of a receipt that a decision, or time, has refused."""
    event = RadiographRejected(
        receipt=receipt["id"],
        site=receipt["site"],
        source=receipt["source"],
        code=receipt["code"],
        wanted=receipt["wanted"],
        came=receipt["came"],
        rejected_at=receipt["updated_at"],
    )
    return to_message(event, site=receipt["site"])
