"""Films, their lists and their analyses, in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from schemas.errors import Conflict, Dead, NotFound
from schemas.film_check import CORRECTED, is_inverted, is_lateral
from schemas.findings import FINDINGS, STATES
from schemas.provenance import LICENCES, Sharing
from store.records import (
    Film,
    FilmDetail,
    FilmPage,
    FilmRow,
    LabelRow,
    LabelSource,
    Provenance,
)
from tests.fakes.rows_analyses import place
from tests.fakes.rows_checks import analyse_again
from tests.fakes.rows_removal import end_erasure_first, erase_film
from tests.fakes.rows_tables import EVERYBODY, STEWARDS, Tables, now, sees

Test = Callable[[str], bool]


class FakeFilms:
    """Implements store.ports.Films."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get(self, film: str) -> Film | None:
        with self._tables.work():
            return self._tables.films.get(film)

    def many(self, films: Sequence[str]) -> dict[str, Film]:
        with self._tables.work():
            return {name: self._tables.films[name] for name in films if name in self._tables.films}

    def seen(self, films: Sequence[str], *, account: UUID | None) -> dict[str, Film]:
        with self._tables.work():
            site, known = self._tables.site_of(account), self._tables.films
            return {
                name: known[name] for name in films if name in known and sees(site, known[name])
            }

    def share(
        self, film: str, sharing: Sharing, licence: str | None, *, account: UUID | None
    ) -> Film:
        if licence is not None and licence not in LICENCES:
            raise Dead(f"licence: wanted one of {', '.join(LICENCES)}, came {licence[:40]!r}")
        with self._tables.work():
            tables = self._tables
            known = tables.film_decided(film, account)
            if sharing != "private" and known.text_check != "clean":
                raise Conflict(
                    f"film {film}: wanted its text check clean, came {known.text_check}"
                )
            if sharing == "open" and licence is None:
                raise Conflict(f"film {film}: to be open, wanted a licence, came none")
            tables.films[film] = replace(known, sharing=sharing, licence=licence)
            tables.updated[film] = now()
            before = {"sharing": known.sharing, "licence": known.licence}
            tables.journal(
                account, "film.shared", film, sharing=sharing, licence=licence, before=before
            )
            return tables.films[film]

    def _provenance(self, film: Film) -> Provenance:
        """Return what its own site's drops said of where it comes from, the first of each."""
        drops = [
            row
            for row in self._tables.receipts.values()
            if row.film == film.id and row.site == film.site
        ]
        drops.sort(key=lambda row: row.created_at)
        stated = next((row for row in drops if row.statement is not None), None)
        return Provenance(
            site=film.site,
            source=film.source,
            licence=film.licence,
            sharing=film.sharing,
            statement=stated.statement if stated else None,
            stated_at=stated.stated_at if stated else None,
            deposited_at=drops[0].created_at if drops else None,
        )

    def _row(self, film: str) -> FilmRow:
        tables = self._tables
        analysis = tables.shown_analysis(film)
        scores = None
        if analysis is not None:
            scores = tuple(
                None if np.isnan(score) else float(score) for score in analysis.probabilities
            )
        labels = [row for (of, *_), row in tables.labels.items() if of == film]
        labels.sort(key=lambda row: (FINDINGS.index(row.finding), row.source, row.author))
        return FilmRow(
            film=tables.films[film],
            position=tables.positions[film],
            updated_at=tables.updated[film],
            model=analysis.model_label if analysis else None,
            probabilities=scores,
            labels=tuple(labels),
            readings=sum(row.film == film for row in tables.readings),
            comments=sum(row.film == film for row in tables.comments.values()),
        )

    def detail(self, film: str, *, account: UUID) -> FilmDetail:
        with self._tables.work():
            tables = self._tables
            tables.allow(account, EVERYBODY)
            tables.film_seen(film, account)
            tables.journal(account, "film.opened", film)
            analysis = tables.shown_analysis(film)
            live = tables.live()
            return FilmDetail(
                row=self._row(film),
                analysis=analysis,
                manifest=tables.models[analysis.model].manifest if analysis else None,
                live=bool(analysis and live and live.manifest.version == analysis.model),
                readings=tuple(row for row in tables.readings if row.film == film),
                comments=tuple(row for row in tables.comments.values() if row.film == film),
                provenance=self._provenance(tables.films[film]),
            )

    def page(
        self,
        *,
        account: UUID,
        finding: str | None = None,
        minimum: float | None = None,
        label: int | None = None,
        source: LabelSource | None = None,
        state: str | None = None,
        updated_since: datetime | None = None,
        limit: int = 50,
        after: int | None = None,
    ) -> FilmPage:
        with self._tables.work():
            tables = self._tables
            site = tables.allow(account, EVERYBODY).site
            tests = [self._by_state(finding, state), self._by_score(finding, minimum)]
            tests.append(self._by_label(finding, label, source))
            if updated_since is not None:
                since = updated_since
                tests.append(lambda film: tables.updated[film] >= since)
            kept = [test for test in tests if test is not None]
            names = sorted(tables.films, key=tables.positions.__getitem__, reverse=True)
            found = [
                name
                for name in names
                if (after is None or tables.positions[name] < after)
                and sees(site, tables.films[name])
                and all(test(name) for test in kept)
            ]
            items = tuple(self._row(name) for name in found[:limit])
            return FilmPage(items, items[-1].position if len(found) > limit else None)

    def _by_state(self, finding: str | None, state: str | None) -> Test | None:
        tables = self._tables
        if state is None:
            return None
        alone: dict[str, Test] = {
            "analysed": lambda film: tables.shown_analysis(film) is not None,
            "waiting": lambda film: tables.shown_analysis(film) is None,
            "read": lambda film: any(row.film == film for row in tables.readings),
            "unread": lambda film: all(row.film != film for row in tables.readings),
        }
        if state in alone:
            return alone[state]
        if state not in STATES:
            raise Dead(f"state: wanted one of the fixed words, came {state!r}")
        where = place(finding, "state")
        return lambda film: (tables.states(film) or [""] * 14)[where] == state

    def _by_score(self, finding: str | None, minimum: float | None) -> Test | None:
        if minimum is None:
            return None
        where = place(finding, "minimum")
        tables = self._tables

        def reaches(film: str) -> bool:
            analysis = tables.shown_analysis(film)
            return analysis is not None and bool(analysis.probabilities[where] >= minimum)

        return reaches

    def _by_label(
        self, finding: str | None, label: int | None, source: LabelSource | None
    ) -> Test | None:
        if label is None and source is None:
            return None
        if label is not None:
            place(finding, "label")
        rows = self._tables.labels

        def says(film: str) -> bool:
            return any(
                of == film
                and (label is None or row.value == label)
                and (finding is None or row.finding == finding)
                and (source is None or row.source == source)
                for (of, *_), row in rows.items()
            )

        return says

    def rows(self, films: Sequence[str], *, account: UUID) -> FilmPage:
        with self._tables.work():
            site = self._tables.allow(account, EVERYBODY).site
            known = self._tables.films
            kept = [film for film in films if film in known and sees(site, known[film])]
            return FilmPage(tuple(self._row(film) for film in kept), None)

    def add_labels(self, film: str, labels: Sequence[LabelRow]) -> None:
        with self._tables.work():
            self._tables.film(film)
            for row in labels:
                place(row.finding, "label")
                if row.value not in {1, 0, -1}:
                    raise Dead(f"label: wanted 1, 0 or -1, came {row.value}")
                self._tables.labels[film, row.finding, row.source, row.author] = row
            self._tables.updated[film] = now()

    def remove_label(self, film: str, finding: str, source: LabelSource, author: str) -> None:
        with self._tables.work():
            if self._tables.labels.pop((film, finding, source, author), None) is None:
                raise NotFound(f"film {film}: no {source} label of {finding} by {author}")
            self._tables.updated[film] = now()

    def erase(self, film: str, *, account: UUID | None) -> None:
        with self._tables.work():
            self._tables.allow_or_operator(account, STEWARDS)
            erase_film(self._tables, film, account=account)

    def lift_erasure(self, film: str, *, account: UUID | None) -> None:
        with self._tables.work():
            tables = self._tables
            who = tables.allow_or_operator(account, STEWARDS)
            if not tables.stands(film, who):
                raise NotFound(f"film {film}: it was not erased")
            end_erasure_first(tables, [film])
            del tables.tombstones[film]
            tables.journal(account, "erasure.lifted", film)

    def overrule(self, film: str, check: str, *, holds: bool, account: UUID | None) -> None:
        with self._tables.work():
            tables = self._tables
            tables.allow_or_operator(account, STEWARDS)
            if check not in CORRECTED:
                raise Dead(f"wanted one of the five checks, came {check!r}")
            known = tables.film_decided(film, account)
            told = replace(known, checks={**known.checks, check: float(holds)})
            tables.films[film] = told
            tables.updated[film] = now()
            was = known.checks.get(check)
            detail = {"check": check, "was": was, "now": holds}
            tables.journal(account, "film.check_overruled", film, **detail)
            if is_inverted(known.checks) != is_inverted(told.checks):
                for key in [key for key in tables.embeddings if key[0] == film]:
                    del tables.embeddings[key]
            if is_lateral(known.view, known.checks) != is_lateral(told.view, told.checks) or (
                is_inverted(known.checks) != is_inverted(told.checks)
            ):
                analyse_again(tables, film)

    def without_analysis(self, limit: int) -> list[str]:
        with self._tables.work():
            tables = self._tables
            live = tables.live()
            if live is None:
                return []
            version = live.manifest.version
            names = sorted(tables.films, key=tables.positions.__getitem__)
            bare = [name for name in names if (name, version) not in tables.analyses]
            recent = now() - timedelta(minutes=10)
            waiting = [n for n in bare if n in tables.requested and tables.requested[n] > recent]
            since = tables.live_at[version]
            dead = {
                (row.key or b"").decode("utf-8", "replace")
                for row in tables.letters.values()
                if row.group == "analyse" and row.state != "replayed" and row.recorded_at >= since
            }
            tables.settle_search()
            room = max(0, limit - len(waiting))
            return [n for n in bare if n not in waiting and n not in dead][:room]
