"""The append-only journal, in PostgreSQL (store/functions/people.sql)."""

from uuid import UUID

from store.records import AuditRow
from store.rows import Database


class PostgresAudit:
    """Implements store.ports.Audit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, *, by: UUID | None, limit: int = 100) -> list[AuditRow]:
        rows = self._database.rows("audit_list", by=by, limit=limit)
        return [AuditRow(**row) for row in rows]

    def write(self, account: UUID | None, action: str, subject: str | None) -> None:
        self._database.rows("audit_write", account=account, action=action, subject=subject)
