"""What is known of drops that were taken: until when they stay, and their bytes; in memory."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from store.records import Receipt, SaidBefore
from tests.fakes.rows_tables import Tables, now


class FakeTaken:
    """A part of store.ports.Receipts."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def same_bytes(self, raw_code: str, site: str) -> SaidBefore | None:
        with self._tables.work():
            tables = self._tables
            for identity, row in tables.receipts.items():
                form = row.form
                if (
                    tables.raw_codes.get(identity) == raw_code
                    and row.state in {"accepted", "analysed"}
                    and row.film in tables.films
                    and row.site == site == tables.said[identity][0].site
                    and not any((form.patient, form.study, form.study_date, form.view))
                ):
                    film, also = tables.said[identity]
                    return SaidBefore(film, also)
            return None

    def set_aside(self, receipt: Receipt) -> None:
        with self._tables.work():
            known = self._tables.receipts[receipt.id]
            if known.state == "received":
                self._tables.receipts[receipt.id] = replace(known, slow_at=now())

    def slow(self, limit: int) -> list[Receipt]:
        with self._tables.work():
            rows = self._tables.receipts.values()
            waiting = [row for row in rows if row.slow_at and row.state == "received"]
            return sorted(waiting, key=lambda row: str(row.slow_at))[:limit]

    def kept(self, limit: int) -> list[Receipt]:
        with self._tables.work():
            due = [
                row
                for row in self._tables.receipts.values()
                if row.keep_until and row.keep_until <= now()
                if row.state not in {"received", "rejected"}
            ]
            return sorted(due, key=lambda row: str(row.keep_until))[:limit]

    def let_go(self, receipts: Sequence[UUID]) -> None:
        with self._tables.work():
            for receipt in receipts:
                known = self._tables.receipts[receipt]
                self._tables.receipts[receipt] = replace(known, keep_until=None)
