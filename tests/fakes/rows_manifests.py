"""Manifests of bulk drops, in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from schemas.drop_paths import one_form
from schemas.manifest_faults import TOLD
from store.manifest_lines import by_column, merged
from store.records import LabelRow, Receipt
from store.records_manifests import LineFates, ManifestFault, ManifestLine, ManifestSummary
from tests.fakes.rows_receipts import FakeReceipts
from tests.fakes.rows_tables import Tables, now

_SAME = "the same as in the other lines of this film"
Key = tuple[str, str]


class FakeManifests:
    """Implements store.ports.Manifests."""

    def __init__(self, tables: Tables, receipts: FakeReceipts) -> None:
        self._tables = tables
        self._receipts = receipts

    def put(self, manifest: Receipt, lines: Sequence[ManifestLine]) -> None:
        with self._tables.work():
            for line in lines:
                for key in line.keys:
                    known = self._tables.lines.setdefault((line.bucket, one_form(key)), {})
                    before = known.get(manifest.id)
                    known[manifest.id] = merged(before, line) if before else line

    def wait(self, manifest: Receipt) -> None:
        with self._tables.work():
            self._tables.manifests_known.setdefault(manifest.id)

    def waiting(self, limit: int) -> list[Receipt]:
        with self._tables.work():
            known = [self._tables.receipts[of] for of in self._tables.manifests_known]
            wait = [row for row in known if row.state == "received"]
            return sorted(wait, key=lambda row: (row.lane != "first", row.created_at))[:limit]

    def ending(self, manifest: Receipt, summary: ManifestSummary) -> Iterator[None]:
        for _ in range(0, len(self._lines(manifest.id)) + 1, 500):
            yield
        self.end(manifest, summary)

    def end(self, manifest: Receipt, summary: ManifestSummary) -> None:
        with self._tables.work():
            tables = self._tables
            tables.manifests_read.add(manifest.id)
            for key in list(self._lines(manifest.id)):
                self._correct(key, manifest.id)
                self._receipts.join_line(key)
            repeated = summary.usable - len(
                {line.line for line in self._lines(manifest.id).values()}
            )
            fates = LineFates(repeated=repeated)
            tables.manifests[manifest.id] = replace(summary, fates=fates)
            known = tables.receipts[manifest.id]
            if known.state == "received":
                tables.move(known, state="manifest", keep_until=known.keep_until or now())

    def get(self, receipt: UUID, *, account: UUID | None = None) -> ManifestSummary | None:
        with self._tables.work():
            known = self._receipts.get(receipt, account=account)
            summary = self._tables.manifests.get(receipt)
            if known is None or summary is None:
                return None
            differ = sorted(
                {
                    (at, name)
                    for line in self._lines(receipt).values()
                    for name, at in line.left.items()
                }
            )
            told = [ManifestFault(at, name, _SAME, "contradiction") for at, name in differ]
            faults = dict(summary.faults) | ({"contradiction": len(told)} if told else {})
            return replace(
                summary,
                faults=faults,
                examples=(*summary.examples, *told[:TOLD]),
                fates=self._fates(receipt, summary.fates.repeated),
            )

    def _lines(self, manifest: UUID) -> dict[Key, ManifestLine]:
        lines = self._tables.lines.items()
        return {key: of[manifest] for key, of in lines if manifest in of}

    def _correct(self, key: Key, manifest: UUID) -> None:
        """Put right what an earlier manifest said of findings under this key."""
        tables = self._tables
        order = self._receipts.newest_first(key)
        place = [of for of, _ in order].index(manifest)
        mine, older = order[place][1], [line for _, line in order[place + 1 :]]
        before: dict[str, Any] = {}
        for line in reversed(older):
            before |= by_column(line)
        said = by_column(mine)
        if any(before[column] != said[column] for column in before.keys() & said.keys()):
            tables.changed_lines.add((manifest, mine.line))
        if place:
            return
        for row in tables.receipts.values():
            if (row.bucket, one_form(row.key)) != key or row.film is None:
                continue
            for finding, value in mine.labels.items():
                of = (row.film, finding, "imported", "manifest")
                told = tables.labels.get(of)
                if told and told.value == before.get(finding):
                    tables.labels[of] = LabelRow(finding, value, "imported", "manifest", now())

    def _fates(self, manifest: UUID, repeated: int) -> LineFates:
        tables = self._tables
        drops: dict[Key, list[Receipt]] = {}
        for row in tables.receipts.values():
            drops.setdefault((row.bucket, one_form(row.key)), []).append(row)
        found: dict[int, list[Receipt]] = {}
        replaced = set()
        for key, line in self._lines(manifest).items():
            found.setdefault(line.line, []).extend(drops.get(key, []))
            if self._receipts.newest_first(key)[0][0] != manifest:
                replaced.add(line.line)
        counts = dict.fromkeys(("found", "pending", "refused", "absent"), 0)
        absent = []
        for number, rows in found.items():
            if any(row.film for row in rows):
                counts["found"] += 1
            elif any(row.state != "rejected" for row in rows):
                counts["pending"] += 1
            elif rows:
                counts["refused"] += 1
            else:
                counts["absent"] += 1
                absent.append(number)
        return LineFates(
            **counts,
            repeated=repeated,
            changed=sum(of == manifest for of, _ in tables.changed_lines),
            replaced=len(replaced),
            absent_lines=tuple(sorted(absent)[:TOLD]),
        )
