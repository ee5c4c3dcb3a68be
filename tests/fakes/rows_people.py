"""Accounts, readings and the audit, in memory."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from schemas.envelope import to_message
from schemas.errors import Conflict, Dead, Forbidden, KeyReused, NotFound
from schemas.events import CommentRecorded, ValidationRecorded
from schemas.findings import FINDINGS
from store.records import Account, AuditRow, Comment, LabelRow, Once, Reading, Role
from tests.fakes.rows_tables import EVERYBODY, READERS, STEWARDS, Tables, now, sees

ADMINS: tuple[Role, ...] = ("admin",)


class FakeReadings:
    """Implements store.ports.Readings."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def record(
        self,
        film: str,
        labels: Mapping[str, int],
        *,
        account: UUID,
        answer_visible: bool,
        model: str | None,
        once: Once | None = None,
    ) -> Reading:
        with self._tables.work():
            tables = self._tables
            made = self._made("reading", account, once)
            if made is not None:
                tables.film_seen(film, account)
                return next(one for one in tables.readings if one.id == made)
            who = tables.allow(account, READERS)
            tables.film_seen(film, account)
            if not labels or any(name not in FINDINGS for name in labels):
                raise Dead(f"film {film}: wanted verdicts on the fourteen, came {list(labels)}")
            if any(value not in {1, 0, -1} for value in labels.values()):
                raise Dead(f"film {film}: wanted verdicts 1, 0 or -1")
            answer, others = tables.shown.get((account, film), (False, False))
            reading = Reading(
                id=uuid.uuid4(),
                film=film,
                reader=who.pseudonym,
                reader_name=who.name,
                labels=dict(labels),
                answer_visible=answer_visible or answer,
                others_visible=others,
                model=model,
                recorded_at=now(),
                validations={name: uuid.uuid4() for name in labels},
            )
            tables.readings.append(reading)
            tables.updated[film] = reading.recorded_at
            for name, value in labels.items():
                tables.labels[film, name, "physician", who.pseudonym] = LabelRow(
                    name, value, "physician", who.pseudonym, reading.recorded_at
                )
            tables.journal(account, "reading.recorded", film)
            tables.say(
                [to_message(event, site=tables.site) for event in validation_events(reading)]
            )
            self._keep("reading", account, once, film, reading.id)
            return reading

    def _made(self, kind: str, account: UUID, once: Once | None) -> UUID | None:
        """Return what the same request made before, if it did."""
        found = once and self._tables.once.get((account, kind, once.key))
        if not once or not found or found[1] not in self._tables.films:
            return None
        if found[0] != once.said:
            raise KeyReused("this key was used for another request")
        return found[2]

    def _keep(self, kind: str, account: UUID, once: Once | None, film: str, made: UUID) -> None:
        if once:
            self._tables.once[account, kind, once.key] = (once.said, film, made)

    def shown(self, film: str, *, account: UUID, answer: bool, others: bool) -> None:
        with self._tables.work():
            tables = self._tables
            tables.allow(account, EVERYBODY)
            tables.film_seen(film, account)
            before = tables.shown.get((account, film), (False, False))
            tables.shown[account, film] = (before[0] or answer, before[1] or others)

    def comment(self, film: str, text: str, *, account: UUID, once: Once | None = None) -> Comment:
        with self._tables.work():
            tables = self._tables
            made = self._made("comment", account, once)
            if made is not None:
                tables.film_seen(film, account)
                if made not in tables.comments:
                    raise NotFound(f"comment {made}: it was removed")
                return tables.comments[made]
            who = tables.allow(account, READERS)
            tables.film_seen(film, account)
            if not text.strip() or len(text) > 4000 or "\0" in text:
                raise Dead(f"film {film}: wanted a comment of 1 to 4000 characters")
            comment = Comment(uuid.uuid4(), film, who.pseudonym, who.name, text, now())
            tables.comments[comment.id] = comment
            tables.comment_accounts[comment.id] = account
            tables.updated[film] = comment.recorded_at
            tables.journal(account, "comment.added", film)
            event = CommentRecorded(
                comment=comment.id,
                radiograph=film,
                author=comment.author,
                recorded_at=comment.recorded_at,
            )
            tables.say([to_message(event, site=tables.site)])
            self._keep("comment", account, once, film, comment.id)
            return comment

    def remove_comment(self, comment: UUID, *, account: UUID | None) -> None:
        with self._tables.work():
            tables = self._tables
            who = tables.allow_or_operator(account, EVERYBODY)
            row = tables.comments.get(comment)
            if row is None or not sees(who.site if who else None, tables.films[row.film]):
                raise NotFound(f"comment {comment}: there is none")
            if tables.comment_accounts[comment] != account:
                tables.film_decided(row.film, account)
            del tables.comments[comment]
            tables.updated[row.film] = now()
            tables.journal(account, "comment.removed", row.film)


def validation_events(reading: Reading) -> list[ValidationRecorded]:
    """Return one event per verdict of a reading."""
    return [
        ValidationRecorded(
            validation=reading.validations[name],
            reading=reading.id,
            radiograph=reading.film,
            finding=name,
            label=value,
            reader=reading.reader,
            answer_visible=reading.answer_visible,
            others_visible=reading.others_visible,
            model=reading.model,
            recorded_at=reading.recorded_at,
        )
        for name, value in reading.labels.items()
    ]


class FakeAccounts:
    """Implements store.ports.Accounts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def _may(self, by: UUID | None) -> None:
        if self._tables.accounts or by is not None:
            self._tables.allow_or_operator(by, ADMINS)

    def _known(self, account: UUID, by: UUID | None) -> Account:
        found = self._tables.accounts.get(account)
        if found is None or found.disabled or not self._administers(found, by):
            raise NotFound(f"account {account}: there is none")
        return found

    def _administers(self, account: Account, by: UUID | None) -> bool:
        """Return whether an account is there for this admin: one of the same site."""
        admin = self._tables.accounts.get(by) if by else None
        return by is None or (admin is not None and account.site == admin.site)

    def _keep_an_admin(self, account: UUID) -> None:
        others = [
            row
            for row in self._tables.accounts.values()
            if row.role == "admin" and not row.disabled and row.id != account
        ]
        if not others and self._tables.accounts[account].role == "admin":
            raise Conflict("wanted one admin to stay, came the removal of the last")

    def add(
        self,
        name: str,
        role: Role,
        password_hash: str,
        *,
        by: UUID | None,
        site: str | None = None,
    ) -> Account:
        with self._tables.work():
            tables = self._tables
            self._may(by)
            if by is not None and (site or tables.site) != tables.accounts[by].site:
                raise Forbidden("wanted an account of the admin's own site")
            taken = {row.name.lower() for row in tables.accounts.values() if not row.disabled}
            if name.lower() in taken:
                raise Conflict(f"account name {name!r} is taken")
            identity = uuid.uuid4()
            account = Account(identity, name, role, f"r{identity.hex[:12]}", site or tables.site)
            tables.accounts[identity] = account
            tables.hashes[identity] = password_hash
            tables.journal(by, "account.added", account.pseudonym, role=role)
            return account

    def remove(self, account: UUID, *, by: UUID | None) -> None:
        with self._tables.work():
            tables = self._tables
            self._may(by)
            known = self._known(account, by)
            self._keep_an_admin(account)
            tables.accounts[account] = replace(known, name=known.pseudonym, disabled=True)
            for token in [key for key, row in tables.tokens.items() if row[0] == account]:
                del tables.tokens[token]
            tables.journal(by, "account.removed", known.pseudonym)

    def set_role(self, account: UUID, role: Role, *, by: UUID | None) -> Account:
        with self._tables.work():
            tables = self._tables
            self._may(by)
            known = self._known(account, by)
            if role != "admin":
                self._keep_an_admin(account)
            tables.accounts[account] = replace(known, role=role)
            tables.journal(by, "account.role", known.pseudonym, role=role)
            return tables.accounts[account]

    def set_password(self, account: UUID, password_hash: str, *, by: UUID | None) -> None:
        with self._tables.work():
            if by != account:
                self._tables.allow_or_operator(by, ADMINS)
            known = self._known(account, by)
            self._tables.hashes[account] = password_hash
            self._tables.journal(by, "account.password", known.pseudonym)

    def get(self, account: UUID) -> Account | None:
        with self._tables.work():
            found = self._tables.accounts.get(account)
            return None if found is None or found.disabled else found

    def for_sign_in(self, name: str) -> tuple[Account, str] | None:
        with self._tables.work():
            for row in self._tables.accounts.values():
                if not row.disabled and row.name.lower() == name.lower():
                    return row, self._tables.hashes[row.id]
            return None

    def signed_in(self, account: UUID | None, name: str, *, success: bool) -> None:
        del name  # People type passwords into the wrong field: it is not kept.
        with self._tables.work():
            action = "sign-in" if success else "sign-in.refused"
            known = self._tables.accounts.get(account) if account else None
            subject = known.pseudonym if known else None
            self._tables.journal(account if success else None, action, subject)

    def add_token(
        self, account: UUID, token_sha256: bytes, label: str, *, by: UUID | None
    ) -> UUID:
        with self._tables.work():
            if by != account:
                self._tables.allow_or_operator(by, ADMINS)
            self._known(account, by)
            if any(row[1] == token_sha256 for row in self._tables.tokens.values()):
                raise Conflict("this token is there already")
            token = uuid.uuid4()
            self._tables.tokens[token] = (account, token_sha256, label)
            self._tables.journal(by, "token.added", self._known(account, by).pseudonym)
            return token

    def by_token(self, token_sha256: bytes) -> Account | None:
        with self._tables.work():
            for account, digest, _ in self._tables.tokens.values():
                if digest == token_sha256:
                    return self._tables.accounts[account]
            return None

    def remove_token(self, token: UUID, *, by: UUID | None) -> None:
        with self._tables.work():
            row = self._tables.tokens.get(token)
            if row is None or not self._administers(self._tables.accounts[row[0]], by):
                raise NotFound(f"token {token}: there is none")
            if by != row[0]:
                self._tables.allow_or_operator(by, ADMINS)
            del self._tables.tokens[token]
            self._tables.journal(by, "token.removed", self._tables.accounts[row[0]].pseudonym)

    def list(self, *, by: UUID | None) -> list[Account]:
        with self._tables.work():
            self._tables.allow_or_operator(by, ADMINS)
            found = [
                row
                for row in self._tables.accounts.values()
                if not row.disabled and self._administers(row, by)
            ]
            return sorted(found, key=lambda row: row.name.lower())


class FakeAudit:
    """Implements store.ports.Audit."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def list(self, *, by: UUID | None, limit: int = 100) -> list[AuditRow]:
        with self._tables.work():
            who = self._tables.allow_or_operator(by, STEWARDS)
            found = [
                row
                for row, sites in zip(self._tables.audit, self._tables.audit_sites, strict=True)
                if who is None or not sites or who.site in sites
            ]
            return found[::-1][:limit]

    def write(self, account: UUID | None, action: str, subject: str | None) -> None:
        with self._tables.work():
            if subject is not None and re.fullmatch("[0-9a-f]{64}", subject):
                self._tables.film_seen(subject, account)
            self._tables.journal(account, action, subject)
