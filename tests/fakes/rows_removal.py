"""Films and patients removed, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from schemas.drop_paths import one_form
from schemas.envelope import to_message
from schemas.errors import Conflict, NotFound
from schemas.events import RadiographErased
from store.records import Erasure, RawVersion
from tests.fakes.rows_tables import STEWARDS, Tables, decides, now


def erase_film(
    tables: Tables, film: str, *, account: UUID | None, patient: str | None = None
) -> None:
    """Remove a film's rows; leave its tombstone, what is to be removed, and the event."""
    site = tables.film_decided(film, account).site
    tables.journal(account, "film.erased", film)
    receipts = [row for row in tables.receipts.values() if row.film == film]
    ids = {row.id for row in receipts}
    for labelled in [key for key in tables.labels if key[0] == film]:
        del tables.labels[labelled]
    for analysed in [key for key in tables.analyses if key[0] == film]:
        del tables.analyses[analysed]
    for embedded in [key for key in tables.embeddings if key[0] == film]:
        del tables.embeddings[embedded]
    for shown in [key for key in tables.shown if key[1] == film]:
        del tables.shown[shown]
    for comment in [row.id for row in tables.comments.values() if row.film == film]:
        del tables.comments[comment]
        del tables.comment_accounts[comment]
    for letter in [
        row.id for row in tables.letters.values() if row.key == film.encode() or row.receipt in ids
    ]:
        del tables.letters[letter]
    tables.readings[:] = [row for row in tables.readings if row.film != film]
    for receipt in receipts:
        tables.lines.pop((receipt.bucket, one_form(receipt.key)), None)
        tables.move(
            receipt,
            film=None,
            filename=None,
            key=f"erased/{receipt.id}",
            keep_until=None,
            state="rejected",
            code="erased",
            wanted="a film that was not erased",
            came="an erased film",
        )
        tables.said.pop(receipt.id, None)
        tables.raw_codes.pop(receipt.id, None)
    for kept in (tables.films, tables.positions, tables.updated, tables.requested):
        kept.pop(film, None)
    moment = now()
    raws = tuple(RawVersion(row.bucket, row.key, row.version) for row in receipts)
    again_at = moment + timedelta(seconds=tables.erase_again_s)
    tables.erasures[film] = Erasure(film, raws, moment, again_at)
    tables.tombstones[film] = patient
    tables.tombstone_sites[film] = site
    tables.say([to_message(RadiographErased(radiograph=film, erased_at=moment), site=tables.site)])


def end_erasure_first(tables: Tables, films: Sequence[str]) -> None:
    """Raise Conflict while objects of one of these films are still being removed."""
    if any(film in tables.erasures for film in films):
        raise Conflict("wanted an erasure that has ended, came one that goes on")


class FakePatients:
    """Implements store.ports.Patients. A patient's tombstone is kept as `patient/CODE`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def _films(self, patient: str, account: UUID | None) -> list[str]:
        tables = self._tables
        who = tables.allow_or_operator(account, STEWARDS)
        found = [
            row.id for row in tables.films.values() if row.patient == patient and decides(who, row)
        ]
        return sorted(found, key=tables.positions.__getitem__)

    def films(self, patient: str, *, account: UUID | None) -> list[str]:
        with self._tables.work():
            return self._films(patient, account)

    def disputed(self, patient: str, *, account: UUID | None) -> list[str]:
        with self._tables.work():
            tables = self._tables
            who = tables.allow_or_operator(account, STEWARDS)
            said = {
                tables.receipts[receipt].film
                for receipt, (told, _) in tables.said.items()
                if told.patient == patient
            }
            found = {
                row.id
                for row in tables.films.values()
                if row.patient != patient and decides(who, row)
            }
            return sorted(found & said, key=tables.positions.__getitem__)

    def erase(self, patient: str, *, account: UUID | None) -> list[str]:
        with self._tables.work():
            tables = self._tables
            who = tables.allow_or_operator(account, STEWARDS)
            films = self._films(patient, account)
            if not films:
                if tables.stands(f"patient/{patient}", who):
                    return []
                raise NotFound("there is no film of this patient")
            for film in films:
                erase_film(tables, film, account=account, patient=patient)
            tables.tombstones[f"patient/{patient}"] = None
            tables.tombstone_sites[f"patient/{patient}"] = who.site if who else None
            tables.journal(account, "patient.erased", patient, films=len(films))
            return films

    def lift(self, patient: str, *, account: UUID | None) -> None:
        with self._tables.work():
            tables = self._tables
            who = tables.allow_or_operator(account, STEWARDS)
            if not tables.stands(f"patient/{patient}", who):
                raise NotFound("this patient was not erased")
            films = [film for film, of in tables.tombstones.items() if of == patient]
            end_erasure_first(tables, films)
            for film in films:
                del tables.tombstones[film]
            del tables.tombstones[f"patient/{patient}"]
            tables.journal(account, "patient.lifted", patient)


class FakeErasures:
    """Implements store.ports.Erasures."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get(self, film: str) -> Erasure | None:
        with self._tables.work():
            return self._tables.erasures.get(film)

    def done(self, film: str) -> None:
        with self._tables.work():
            known = self._tables.erasures.get(film)
            if known is not None and known.done_at is None:
                self._tables.erasures[film] = replace(known, done_at=now())

    def due(self, limit: int) -> list[Erasure]:
        with self._tables.work():
            due = [row for row in self._tables.erasures.values() if row.again_at <= now()]
            return sorted(due, key=lambda row: (row.again_at, row.film))[:limit]

    def end(self, film: str) -> None:
        with self._tables.work():
            known = self._tables.erasures.get(film)
            if known is not None and known.again_at <= now():
                del self._tables.erasures[film]
