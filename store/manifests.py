"""Manifests of bulk drops, in PostgreSQL (store/functions/receipts_manifests.sql)."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, Final
from uuid import UUID

from schemas.identities import key_code
from store.manifest_lines import line_of, merged, said_of
from store.receipts import receipt_of
from store.records import Receipt
from store.records_manifests import LineFates, ManifestFault, ManifestLine, ManifestSummary
from store.rows import Call, Database, Row, json_value

#: Lines that meet their films in one transaction, each under a lock: PostgreSQL has some thousand.
_PAGE: Final = 500
_FEWEST: Final = 16
#: Seconds for which a page may hold films; after a longer one the next has half its lines.
_LONG_S: Final = 0.1


class PostgresManifests:
    """Implements store.ports.Manifests."""

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._secret = secret

    def wait(self, manifest: Receipt) -> None:
        self._database.rows("manifests_wait", receipt=manifest.id)

    def waiting(self, limit: int) -> list[Receipt]:
        return [receipt_of(row) for row in self._database.rows("manifests_waiting", limit=limit)]

    def put(self, manifest: Receipt, lines: Sequence[ManifestLine]) -> None:
        page: dict[str, ManifestLine] = {}
        for line in lines:
            for key in line.keys:
                code = key_code(self._secret, line.bucket, key)
                page[code] = merged(page[code], line) if code in page else line

        def work(call: Call) -> None:
            known = call.rows("manifests_hold", receipt=manifest.id, codes=list(page))
            together = page | {
                row["key_code"]: merged(_known(row), page[row["key_code"]]) for row in known
            }
            said = [
                {
                    "key_code": code,
                    "line": line.line,
                    "said": said_of(line),
                    "differs": dict(line.left),
                }
                for code, line in together.items()
            ]
            call.rows("manifests_put", receipt=manifest.id, lines=json_value(said))

        self._database.transaction(work)

    def end(self, manifest: Receipt, summary: ManifestSummary) -> None:
        for _ in self.ending(manifest, summary):
            pass

    def ending(self, manifest: Receipt, summary: ManifestSummary) -> Iterator[None]:
        self._database.rows("manifests_read", receipt=manifest.id)
        after: str | None = ""
        limit = _PAGE
        while after is not None:
            began = time.monotonic()
            after = self._database.value(
                "manifests_join", receipt=manifest.id, after=after, limit=limit
            )
            # A line costs far more where its film is here, and that film is held meanwhile.
            took = time.monotonic() - began
            limit = min(_PAGE, max(_FEWEST, limit // 2 if took > _LONG_S else limit * 2))
            yield
        self._database.rows(
            "manifests_end",
            receipt=manifest.id,
            lines=summary.lines,
            usable=summary.usable,
            own_folder=summary.own_folder,
            unknown=list(summary.unknown),
            encoding=summary.encoding,
            separator=summary.separator,
            faults=json_value(dict(summary.faults)),
            examples=json_value([asdict(fault) for fault in summary.examples]),
        )

    def get(self, receipt: UUID, *, account: UUID | None = None) -> ManifestSummary | None:
        row = self._database.row("manifests_get", receipt=receipt, account=account)
        return _summary(row) if row else None


def _known(row: Row) -> ManifestLine:
    # Its key is not kept: the code stands for it.
    return line_of(row["said"], "", "", line=row["line"], left=row["differs"])


def _summary(row: Row) -> ManifestSummary:
    fates: dict[str, Any] = {
        field.name: row.pop(field.name) for field in fields(LineFates) if field.name in row
    }
    fates["absent_lines"] = tuple(fates["absent_lines"])
    examples = tuple(ManifestFault(**fault) for fault in row.pop("examples"))
    known = ManifestSummary(**row, fates=LineFates(**fates), examples=examples)
    return replace(known, unknown=tuple(known.unknown))
