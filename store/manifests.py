"""Manifests of bulk drops, in PostgreSQL (store/functions/receipts_manifests.sql)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from schemas.identities import key_code
from store.records import ManifestFault, ManifestLine, ManifestSummary, Receipt
from store.rows import Database, json_value


class PostgresManifests:
    """Implements store.ports.Manifests."""

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._secret = secret

    def put(self, manifest: Receipt, lines: Sequence[ManifestLine]) -> int:
        said = [
            {"key_code": key_code(self._secret, line.bucket, line.key), "said": said_of(line)}
            for line in lines
        ]
        met: int = self._database.value(
            "manifests_put", receipt=manifest.id, lines=json_value(said)
        )
        return met

    def end(self, manifest: Receipt, summary: ManifestSummary) -> None:
        self._database.rows(
            "manifests_end",
            receipt=manifest.id,
            lines=summary.lines,
            unknown=list(summary.unknown),
            malformed=summary.malformed,
            examples=json_value([asdict(fault) for fault in summary.examples]),
        )

    def get(self, receipt: UUID, *, account: UUID | None = None) -> ManifestSummary | None:
        row = self._database.row("manifests_get", receipt=receipt, account=account)
        if row is None:
            return None
        examples = tuple(ManifestFault(**fault) for fault in row.pop("examples"))
        return ManifestSummary(**row | {"unknown": tuple(row["unknown"])}, examples=examples)


def said_of(line: ManifestLine) -> dict[str, Any]:
    """Return what a line says, without the key; what is not said is left out."""
    said: dict[str, Any] = {
        "patient": line.patient,
        "study": line.study,
        "view": line.view,
        "source": line.source,
        "licence": line.licence,
        "sharing": line.sharing,
        "also": list(line.also),
        "facts": line.facts.model_dump(mode="json", exclude_defaults=True),
        "labels": dict(line.labels),
    }
    return {name: value for name, value in said.items() if value not in (None, [], {})}
