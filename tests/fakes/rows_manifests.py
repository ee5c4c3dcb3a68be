"""Manifests of bulk drops, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from store.records import ManifestLine, ManifestSummary, Receipt
from tests.fakes.rows_receipts import FakeReceipts
from tests.fakes.rows_tables import Tables


class FakeManifests:
    """Implements store.ports.Manifests."""

    def __init__(self, tables: Tables, receipts: FakeReceipts) -> None:
        self._tables = tables
        self._receipts = receipts

    def put(self, manifest: Receipt, lines: Sequence[ManifestLine]) -> int:
        with self._tables.work():
            for line in lines:
                self._tables.lines[line.bucket, line.key] = (manifest.id, line)
            keys = {(line.bucket, line.key) for line in lines}
            return sum(self._receipts.join_line(key) for key in keys)

    def end(self, manifest: Receipt, summary: ManifestSummary) -> None:
        with self._tables.work():
            self._tables.manifests[manifest.id] = summary
            known = self._tables.receipts[manifest.id]
            if known.state == "received":
                self._tables.move(known, state="manifest")

    def get(self, receipt: UUID, *, account: UUID | None = None) -> ManifestSummary | None:
        with self._tables.work():
            known = self._receipts.get(receipt, account=account)
            summary = self._tables.manifests.get(receipt)
            if known is None or summary is None:
                return None
            here = {(row.bucket, row.key) for row in self._tables.receipts.values()}
            absent = sum(
                of == receipt and key not in here for key, (of, _) in self._tables.lines.items()
            )
            return replace(summary, absent=absent)
