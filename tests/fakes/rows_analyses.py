"""Analyses and the vectors of films, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from schemas.envelope import Message
from schemas.errors import Dead, NotFound, Unavailable
from schemas.findings import FINDINGS
from store.records import Analysis, Candidate
from tests.fakes.rows_tables import Tables, now, sees


def place(finding: str | None, what: str) -> int:
    """Return the finding's place; raise Dead when there is none, as the database would."""
    if finding not in FINDINGS:
        raise Dead(f"{what}: wanted one of the fourteen findings, came {finding!r}")
    return FINDINGS.index(finding)


class FakeAnalyses:
    """Implements store.ports.Analyses."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def save(self, analyses: Sequence[Analysis], events: Sequence[Message]) -> None:
        with self._tables.work():
            tables = self._tables
            for row in analyses:
                if row.model not in tables.models:
                    raise Dead(f"film {row.film}: model version {row.model} is not registered")
            for row in analyses:
                if row.film in tables.films and tables.films[row.film].anew != row.anew:
                    raise Unavailable("postgres", f"film {row.film} was read before it changed")
            self._keep_findable(analyses)
            made: set[str] = set()
            for row in analyses:
                if row.film not in tables.films:
                    continue
                key = (row.film, row.model)
                if key not in tables.analyses:
                    made.add(row.film)
                    tables.analyses[key] = replace(row, analysed_at=row.analysed_at or now())
                    tables.embeddings.setdefault((row.film, row.embedding_version), row.embedding)
                    tables.updated[row.film] = now()
                for receipt in list(tables.receipts.values()):
                    if receipt.film == row.film and receipt.state in {"accepted", "failed"}:
                        tables.move(receipt, state="analysed")
            tables.say([event for event in events if event.key in made])

    def _keep_findable(self, analyses: Sequence[Analysis]) -> None:
        tables = self._tables
        if not tables.embedders():
            return
        known = set(tables.embeddings) | {(row.film, row.embedding_version) for row in analyses}
        for film in {row.film for row in analyses} & set(tables.films):
            if (film, tables.search_version) not in known:
                raise Unavailable("postgres", f"film {film} would lack {tables.search_version}")

    def done(self, films: Sequence[str], model: int) -> set[str]:
        with self._tables.work():
            return {film for film in films if (film, model) in self._tables.analyses}

    def get(
        self, film: str, model: int | None = None, *, account: UUID | None = None
    ) -> Analysis | None:
        with self._tables.work():
            site, row = self._tables.site_of(account), self._tables.films.get(film)
            if row is None or not sees(site, row):
                return None
            if model is not None:
                return self._tables.analyses.get((film, model))
            return self._tables.shown_analysis(film)

    def request(self, films: Sequence[str], events: Sequence[Message]) -> None:
        with self._tables.work():
            for film in films:
                self._tables.requested[film] = now()
            self._tables.say(events)


class FakeVectors:
    """Implements store.ports.Vectors, by exact search."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

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
        with self._tables.work():
            tables = self._tables
            seen_by = tables.site_of(account) if account else site
            version = tables.search_version
            asked = tables.embeddings.get((film, version or ""))
            if version is None or asked is None or not sees(seen_by, tables.films[film]):
                raise NotFound(f"film {film}: it has no embedding yet")
            if finding is not None:
                place(finding, "finding")
            patient = tables.films[film].patient
            found = [
                Candidate(name, float(np.dot(asked, other)), tables.films[name].signature)
                for (name, of), other in tables.embeddings.items()
                if of == version
                and name != film
                and sees(seen_by, tables.films[name])
                and (same_patient or patient is None or tables.films[name].patient != patient)
                and (finding is None or tables.present(name, finding))
            ]
            found.sort(key=lambda row: (-row.similarity, row.film))
            return version, found[:count]

    def alike(
        self, films: Sequence[str], least: float, *, account: UUID | None = None
    ) -> set[frozenset[str]]:
        with self._tables.work():
            tables = self._tables
            site = tables.site_of(account)
            known = [
                (film, tables.embeddings[film, tables.search_version])
                for film in sorted(set(films))
                if tables.search_version
                and (film, tables.search_version) in tables.embeddings
                and sees(site, tables.films[film])
            ]
            return {
                frozenset((one, other))
                for index, (one, first) in enumerate(known)
                for other, second in known[index + 1 :]
                if float(np.dot(first, second)) > least
            }

    def embedded(self, films: Sequence[str], version: str) -> set[str]:
        with self._tables.work():
            return {film for film in films if (film, version) in self._tables.embeddings}

    def version(self) -> str | None:
        with self._tables.work():
            return self._tables.search_version

    def add(self, film: str, version: str, embedding: NDArray[np.float32]) -> None:
        with self._tables.work():
            self._tables.film(film)
            known = {row.manifest.embedding_version for row in self._tables.models.values()}
            if version not in known:
                raise NotFound(f"embedding version {version}: no model has it")
            self._tables.embeddings[film, version] = embedding

    def remove(self, film: str, version: str) -> None:
        with self._tables.work():
            if self._tables.embeddings.pop((film, version), None) is None:
                raise NotFound(f"film {film}: no embedding of version {version}")
