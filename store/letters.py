"""Dead letters, in PostgreSQL (store/functions/messages.sql)."""

from collections.abc import Sequence
from uuid import UUID

from schemas.envelope import Message
from schemas.plain_text import shown
from store.messages import join_headers, messages_json, split_headers
from store.records import Letter, LetterState
from store.rows import Database, Row, json_value


class PostgresLetters:
    """Implements store.ports.Letters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, letter: Letter, events: Sequence[Message]) -> None:
        names, values = split_headers(letter.headers)
        self._database.rows(
            "letters_add",
            id=letter.id,
            topic=letter.topic,
            partition=letter.partition,
            offset=letter.offset,
            group=letter.group,
            key=letter.key,
            header_names=names,
            header_values=values,
            value=letter.value,
            # The reason may quote the record: what no text can hold must not stop the letter.
            reason=shown(letter.reason, len(letter.reason)),
            attempts=letter.attempts,
            recorded_at=letter.recorded_at,
            receipt=letter.receipt,
            events=json_value(messages_json(events)),
        )

    def list(
        self,
        state: LetterState | None = "open",
        limit: int = 100,
        *,
        account: UUID | None = None,
    ) -> list[Letter]:
        rows = self._database.rows("letters_list", state=state, limit=limit, account=account)
        return [_letter(row) for row in rows]

    def get(self, letter: UUID, *, account: UUID | None = None) -> Letter | None:
        row = self._database.row("letters_get", letter=letter, account=account)
        return _letter(row) if row else None

    def replay(self, letter: UUID, *, account: UUID | None) -> Letter:
        (row,) = self._database.rows("letters_replay", letter=letter, account=account)
        return _letter(row)

    def discard(self, letter: UUID, *, account: UUID | None) -> Letter:
        (row,) = self._database.rows("letters_discard", letter=letter, account=account)
        return _letter(row)

    def open_count(self) -> int:
        count: int = self._database.value("letters_open_count")
        return count


def _letter(row: Row) -> Letter:
    headers = join_headers(row.pop("header_names"), row.pop("header_values"))
    return Letter(**row, headers=headers)
