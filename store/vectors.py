"""Nearest films by embedding, in PostgreSQL with pgvector (store/functions/analyses.sql)."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from store.analyses import vector_text
from store.receipts import tombstone
from store.records import Candidate
from store.rows import Database


class PostgresVectors:
    """Implements store.ports.Vectors."""

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._secret = secret

    def nearest(
        self,
        film: str,
        *,
        count: int,
        finding: str | None = None,
        same_patient: bool = False,
        account: UUID | None = None,
        site: str | None = None,
    ) -> tuple[str, list[Candidate]]:
        # The first row names the embedding version, also when nothing is near.
        first, *rows = self._database.rows(
            "vectors_nearest",
            film=film,
            count=count,
            finding=finding,
            same_patient=same_patient,
            account=account,
            site=site,
        )
        near = [Candidate(row["film"], row["similarity"], row["signature"]) for row in rows]
        return first["version"], near

    def alike(
        self, films: Sequence[str], least: float, *, account: UUID | None = None
    ) -> set[frozenset[str]]:
        rows = self._database.rows(
            "vectors_alike", films=list(films), least=least, account=account
        )
        return {frozenset((row["one"], row["other"])) for row in rows}

    def embedded(self, films: Sequence[str], version: str) -> set[str]:
        rows = self._database.rows("vectors_embedded", films=list(films), version=version)
        return {row["vectors_embedded"] for row in rows}

    def version(self) -> str | None:
        found: str | None = self._database.value("vectors_version")
        return found

    def add(self, film: str, version: str, embedding: NDArray[np.float32]) -> None:
        text = vector_text(embedding)
        self._database.rows(
            "vectors_add",
            film=film,
            version=version,
            embedding=text,
            tombstone=tombstone(self._secret, film),
        )

    def remove(self, film: str, version: str) -> None:
        self._database.rows("vectors_remove", film=film, version=version)
