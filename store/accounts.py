"""People and programs that sign in, in PostgreSQL (store/functions/people.sql)."""

from uuid import UUID

from store.records import Account, Role
from store.rows import Database


class PostgresAccounts:
    """Implements store.ports.Accounts."""

    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._site = site

    def add(
        self,
        name: str,
        role: Role,
        password_hash: str,
        *,
        by: UUID | None,
        site: str | None = None,
    ) -> Account:
        (row,) = self._database.rows(
            "accounts_add",
            name=name,
            role=role,
            password_hash=password_hash,
            site=self._site if site is None else site,
            by=by,
        )
        return Account(**row)

    def remove(self, account: UUID, *, by: UUID | None) -> None:
        self._database.rows("accounts_remove", account=account, by=by)

    def set_role(self, account: UUID, role: Role, *, by: UUID | None) -> Account:
        (row,) = self._database.rows("accounts_set_role", account=account, role=role, by=by)
        return Account(**row)

    def set_password(self, account: UUID, password_hash: str, *, by: UUID | None) -> None:
        self._database.rows(
            "accounts_set_password", account=account, password_hash=password_hash, by=by
        )

    def get(self, account: UUID) -> Account | None:
        row = self._database.row("accounts_get", account=account)
        return Account(**row) if row else None

    def for_sign_in(self, name: str) -> tuple[Account, str] | None:
        row = self._database.row("accounts_for_sign_in", name=name)
        if row is None:
            return None
        password_hash: str = row.pop("password_hash")
        return Account(**row), password_hash

    def signed_in(self, account: UUID | None, name: str, *, success: bool) -> None:
        del name  # People type passwords into the wrong field: it is not kept.
        self._database.rows("accounts_signed_in", account=account, success=success)

    def add_token(
        self, account: UUID, token_sha256: bytes, label: str, *, by: UUID | None
    ) -> UUID:
        made: UUID = self._database.value(
            "accounts_add_token", account=account, sha256=token_sha256, label=label, by=by
        )
        return made

    def by_token(self, token_sha256: bytes) -> Account | None:
        row = self._database.row("accounts_by_token", sha256=token_sha256)
        return Account(**row) if row else None

    def remove_token(self, token: UUID, *, by: UUID | None) -> None:
        self._database.rows("accounts_remove_token", token=token, by=by)

    def list(self, *, by: UUID | None) -> list[Account]:
        return [Account(**row) for row in self._database.rows("accounts_list", by=by)]
