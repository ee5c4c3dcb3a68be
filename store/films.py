"""Films, their labels and their lists, in PostgreSQL (store/functions/films.sql)."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from schemas.envelope import Message, to_message
from schemas.errors import Dead
from schemas.events import RadiographErased
from schemas.facts import KnownFacts
from schemas.provenance import LICENCES, Sharing
from store.analyses import analysis_of, manifest_of
from store.messages import messages_json
from store.readings import comment_of, reading_of
from store.receipts import tombstone
from store.records import (
    Film,
    FilmDetail,
    FilmPage,
    FilmRow,
    LabelRow,
    LabelSource,
    Provenance,
)
from store.rows import Call, Database, Row, json_value

_FILM = tuple(field.name for field in fields(Film))


class PostgresFilms:
    """Implements store.ports.Films."""

    def __init__(self, database: Database, site: str, secret: str, again_s: float) -> None:
        self._database = database
        self._site = site
        self._secret = secret
        self._again_s = again_s

    def get(self, film: str) -> Film | None:
        return self.many([film]).get(film)

    def many(self, films: Sequence[str]) -> dict[str, Film]:
        rows = self._database.rows("films_many", films=list(films))
        return {row["id"]: _film(row) for row in rows}

    def seen(self, films: Sequence[str], *, account: UUID | None) -> dict[str, Film]:
        rows = self._database.rows("films_seen", films=list(films), account=account)
        return {row["id"]: _film(row) for row in rows}

    def share(
        self, film: str, sharing: Sharing, licence: str | None, *, account: UUID | None
    ) -> Film:
        if licence is not None and licence not in LICENCES:
            raise Dead(f"licence: wanted one of {', '.join(LICENCES)}, came {licence[:40]!r}")
        (row,) = self._database.rows(
            "films_share",
            film=film,
            sharing=sharing,
            licence=licence,
            account=account,
            tombstone=tombstone(self._secret, film),
        )
        return _film(row)

    def detail(self, film: str, *, account: UUID) -> FilmDetail:
        def work(call: Call) -> FilmDetail:
            card = call.rows("films_open", film=film, account=account)[0]
            shown = call.row("analyses_get", film=film, model=None, account=account)
            (origin,) = call.rows("films_provenance", film=film, account=account)
            readings = call.rows("readings_of", film=film, account=account)
            comments = call.rows("comments_of", film=film, account=account)
            return FilmDetail(
                row=list_row(card),
                analysis=analysis_of(shown) if shown else None,
                manifest=manifest_of(shown) if shown else None,
                live=bool(shown and shown["state"] == "live"),
                readings=tuple(reading_of(row) for row in readings),
                comments=tuple(comment_of(row) for row in comments),
                provenance=Provenance(**origin),
            )

        return self._database.transaction(work)

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
        rows = self._database.rows(
            "films_page",
            account=account,
            finding=finding,
            minimum=minimum,
            label=label,
            source=source,
            state=state,
            updated_since=updated_since,
            # One more than asked for: whether there is a next page.
            limit=limit + 1,
            after=after,
        )
        items = tuple(list_row(row) for row in rows[:limit])
        return FilmPage(items, items[-1].position if len(rows) > limit else None)

    def rows(self, films: Sequence[str], *, account: UUID) -> FilmPage:
        rows = self._database.rows("films_rows", films=list(films), account=account)
        return FilmPage(tuple(list_row(row) for row in rows), None)

    def add_labels(self, film: str, labels: Sequence[LabelRow]) -> None:
        said = [
            {
                "finding": row.finding,
                "source": row.source,
                "author": row.author,
                "value": row.value,
                "recorded_at": row.recorded_at.isoformat(),
            }
            for row in labels
        ]
        self._database.rows(
            "films_add_labels",
            film=film,
            labels=json_value(said),
            tombstone=tombstone(self._secret, film),
        )

    def remove_label(self, film: str, finding: str, source: LabelSource, author: str) -> None:
        self._database.rows(
            "films_remove_label", film=film, finding=finding, source=source, author=author
        )

    def erase(self, film: str, *, account: UUID | None) -> None:
        self._database.rows(
            "films_erase",
            film=film,
            tombstone=tombstone(self._secret, film),
            account=account,
            again_s=self._again_s,
            events=json_value(messages_json([erased(film, self._site)])),
        )

    def lift_erasure(self, film: str, *, account: UUID | None) -> None:
        self._database.rows(
            "films_lift_erasure",
            film=film,
            tombstone=tombstone(self._secret, film),
            account=account,
        )

    def overrule(self, film: str, check: str, *, holds: bool, account: UUID | None) -> None:
        self._database.rows(
            "films_overrule",
            film=film,
            check=check,
            holds=holds,
            account=account,
            tombstone=tombstone(self._secret, film),
        )

    def without_analysis(self, limit: int) -> list[str]:
        rows = self._database.rows("films_without_analysis", limit=limit)
        return [row["films_without_analysis"] for row in rows]


def erased(film: str, site: str) -> Message:
    """Return the announcement that a film was erased now."""
    # Without validation: an id of the wrong shape names no film, which the function says.
    event = RadiographErased.model_construct(radiograph=film, erased_at=datetime.now(UTC))
    return to_message(event, site=site)


def _film(row: Row) -> Film:
    values: dict[str, Any] = {name: row[name] for name in _FILM}
    values["flags"] = tuple(row["flags"])
    values["facts"] = KnownFacts.model_validate(row["facts"])
    return Film(**values)


def list_row(row: Row) -> FilmRow:
    """Return a row of api.list_row."""
    scores = row["probabilities"]
    return FilmRow(
        film=_film(row),
        position=row["position"],
        updated_at=row["updated_at"],
        model=row["model"],
        probabilities=None if scores is None else tuple(scores),
        labels=tuple(_label(label) for label in row["labels"]),
        readings=row["readings"],
        comments=row["comments"],
    )


def _label(label: dict[str, Any]) -> LabelRow:
    moment = datetime.fromisoformat(label["recorded_at"])
    return LabelRow(label["finding"], label["value"], label["source"], label["author"], moment)
