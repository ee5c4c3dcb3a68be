"""Drops and their receipts, in memory."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from schemas.drop_paths import one_form
from schemas.envelope import Message, to_message
from schemas.errors import NotFound
from schemas.events import ObjectUploaded, RadiographRejected
from schemas.facts import KnownFacts
from schemas.identities import receipt_id
from schemas.provenance import allowed_sharing
from store.records import Drop, Fact, Film, FormSays, LabelRow, Receipt, ReceiptState
from store.records_manifests import ManifestLine
from tests.fakes.rows_checks import check_known
from tests.fakes.rows_tables import EVERYBODY, STEWARDS, now, sees
from tests.fakes.rows_taken import FakeTaken


class FakeReceipts(FakeTaken):
    """Implements store.ports.Receipts."""

    def _open(self, drop: Drop) -> tuple[Receipt, bool]:
        tables = self._tables
        identity = receipt_id(drop.bucket, drop.key, drop.version)
        known = tables.receipts.get(identity)
        if known is not None:
            if known.code == "erased":
                return known, False
            filled = replace(
                known,
                filename=known.filename or drop.filename,
                depositor=known.depositor or drop.depositor,
            )
            if filled != known:
                filled = replace(
                    filled,
                    statement=drop.statement or known.statement,
                    stated_at=now() if drop.statement else known.stated_at,
                    site=drop.site,
                )
                self._claim(filled, site=drop.site)
            tables.receipts[identity] = filled
            if known.form == FormSays() != drop.form:
                filled = self._told_late(filled, drop.form)
            return filled, False
        moment = now()
        receipt = Receipt(
            identity,
            drop.bucket,
            drop.key,
            drop.version,
            drop.lane,
            "received",
            drop.site,
            drop.source,
            moment,
            moment,
            size=drop.size,
            filename=drop.filename,
            depositor=drop.depositor,
            form=drop.form,
            statement=drop.statement,
            stated_at=moment if drop.statement else None,
            keep_until=moment + timedelta(seconds=drop.keep_s) if drop.keep_s else None,
        )
        tables.receipts[identity] = receipt
        tables.signal("receipt", str(identity))
        return receipt, True

    def open_many(self, drops: Sequence[Drop]) -> list[Receipt]:
        with self._tables.work():
            return [self._open(drop)[0] for drop in drops]

    def open_with_event(self, drops: Sequence[Drop]) -> list[Receipt]:
        with self._tables.work():
            opened = [self._open(drop) for drop in drops]
            new = [receipt for receipt, is_new in opened if is_new]
            self._tables.say(
                [to_message(ObjectUploaded(receipt=row.id), site=row.site) for row in new]
            )
            return [receipt for receipt, _ in opened]

    def _shown(self, rows: Iterable[Receipt], account: UUID | None) -> list[Receipt]:
        """Return those an account knows of, without the name of a film it does not see."""
        tables = self._tables
        if account is None:
            return [self._read(row) for row in rows]
        who = tables.allow(account, EVERYBODY)
        return [
            self._read(row)
            if row.film is None
            or (row.film in tables.films and sees(who.site, tables.films[row.film]))
            else replace(row, film=None, contradicts=(), already_here=False)
            for row in rows
            if row.depositor == who.id or (who.role in STEWARDS and row.site == who.site)
        ]

    def _read(self, row: Receipt) -> Receipt:
        """Return the receipt with what is true of its film now."""
        film = self._tables.films.get(row.film or "")
        return replace(row, sharing=film.sharing if film else None)

    def get(self, receipt: UUID, *, account: UUID | None = None) -> Receipt | None:
        with self._tables.work():
            known = self._tables.receipts.get(receipt)
            found = self._shown([] if known is None else [known], account)
            return found[0] if found else None

    def find(
        self, bucket: str, key: str, limit: int = 50, *, account: UUID | None = None
    ) -> list[Receipt]:
        with self._tables.work():
            rows = self._tables.receipts.values()
            wanted = one_form(key)
            of_key = (row for row in rows if row.bucket == bucket and one_form(row.key) == wanted)
            found = self._shown(of_key, account)
            return sorted(found, key=lambda row: row.created_at, reverse=True)[:limit]

    def missing(self, drops: Sequence[Drop]) -> list[Drop]:
        with self._tables.work():
            known = self._tables.receipts
            return [
                drop
                for drop in drops
                if receipt_id(drop.bucket, drop.key, drop.version) not in known
            ]

    def accept(
        self,
        receipt: Receipt,
        film: Film,
        events: Sequence[Message],
        *,
        also: Sequence[str] = (),
        contradicts: Sequence[Fact] = (),
        raw_code: str | None = None,
        by_bytes: bool = False,
    ) -> ReceiptState:
        with self._tables.work():
            tables = self._tables
            known = tables.receipts.get(receipt.id)
            if known is None:
                raise NotFound(f"receipt {receipt.id}: there is none")
            if film.id in tables.tombstones or f"patient/{film.patient}" in tables.tombstones:
                return self._refuse_erased(known)
            if known.state not in {"received", "accepted"}:
                if known.state == "analysed":
                    tables.say([row for row in events if not _is_work(row)])
                if known.state == "failed":
                    tables.say(events)
                return known.state
            was_here = film.id in tables.films
            if by_bytes and not was_here:
                return known.state
            if raw_code is not None:
                tables.raw_codes[known.id] = raw_code
            self._store(film)
            found = {*known.contradicts, *contradicts, *self._fill(film, tuple(also))}
            tables.said.setdefault(known.id, (film, tuple(also)))
            live = tables.live()
            analysed = live and (film.id, live.manifest.version) in tables.analyses
            state: ReceiptState = "analysed" if analysed else "accepted"
            if analysed:
                events = [row for row in events if not _is_work(row)]
            elif any(_is_work(row) for row in events):
                tables.requested[film.id] = now()
            here = was_here if known.state == "received" else known.already_here
            tables.move(
                known,
                state=state,
                film=film.id,
                contradicts=_in_order(found),
                already_here=here,
            )
            self.join_line((known.bucket, one_form(known.key)))
            tables.say(events)
            return state

    def _refuse_erased(self, known: Receipt) -> ReceiptState:
        if known.state != "received":
            return known.state
        wanted, came = "a film that was not erased", "an erased film"
        moved = self._tables.move(known, state="rejected", code="erased", wanted=wanted, came=came)
        event = RadiographRejected(
            receipt=known.id,
            site=known.site,
            source=known.source,
            code="erased",
            wanted=wanted,
            came=came,
            rejected_at=moved.updated_at,
        )
        self._tables.say([to_message(event, site=known.site)])
        return "rejected"

    def _store(self, film: Film) -> None:
        tables = self._tables
        known = tables.films.get(film.id)
        if known is None:
            sharing = allowed_sharing(film.sharing, film.text_check, film.licence)
            tables.films[film.id] = replace(film, created_at=now(), sharing=sharing)
            tables.positions[film.id] = tables.next_position
            tables.next_position += 1
            tables.updated[film.id] = now()
            return
        if known.text_check == "unseen" != film.text_check:
            tables.films[film.id] = replace(known, text_check=film.text_check)

    def newest_first(self, key: tuple[str, str]) -> list[tuple[UUID, ManifestLine]]:
        """Return the lines on a key of manifests that are read, with these."""
        tables = self._tables
        lines = [
            (of, line)
            for of, line in tables.lines.get(key, {}).items()
            if of in tables.manifests_read
        ]
        return sorted(lines, key=lambda row: _dropped(tables.receipts[row[0]]), reverse=True)

    def join_line(self, key: tuple[str, str]) -> None:
        """Tell stored films of this key what the newest manifest's line says."""
        tables = self._tables
        lines = [line for _, line in self.newest_first(key)]
        if not lines:
            return
        line = lines[0]
        labels: dict[str, int] = {}
        for older in reversed(lines):
            labels |= older.labels
        met = [
            row
            for row in tables.receipts.values()
            if (row.bucket, one_form(row.key)) == key and row.film
        ]
        for row in met:
            assert row.film is not None
            film = tables.films[row.film]
            told = replace(
                film, patient=line.patient, study=line.study, view=line.view, facts=line.facts
            )
            found = self._fill(told, line.also)
            tables.receipts[row.id] = replace(
                row, contradicts=_in_order({*row.contradicts, *found})
            )
            if film.source in {"bucket", "upload"}:
                said = {
                    "source": line.source,
                    "licence": film.licence or line.licence,
                    "sharing": line.sharing,
                }
                self._claim(row, **{name: text for name, text in said.items() if text})
            for finding, value in labels.items():
                label = LabelRow(finding, value, "imported", "manifest", now())
                tables.labels.setdefault((row.film, finding, "imported", "manifest"), label)

    def _told_late(self, receipt: Receipt, form: FormSays) -> Receipt:
        """Take in a form that came after its film."""
        tables = self._tables
        found: tuple[Fact, ...] = ()
        if receipt.film is not None:
            facts = KnownFacts()
            if form.study_date:
                facts = KnownFacts(study_date=form.study_date, method=("113107",))
            film = tables.films[receipt.film]
            told = replace(
                film, patient=form.patient, study=form.study, view=form.view, facts=facts
            )
            found = self._fill(told, ())
            said = {"source": form.source, "licence": form.licence, "sharing": form.sharing}
            self._claim(receipt, **{name: text for name, text in said.items() if text})
        told_receipt = replace(
            receipt, form=form, contradicts=_in_order({*receipt.contradicts, *found})
        )
        tables.receipts[receipt.id] = told_receipt
        return told_receipt

    def _claim(self, receipt: Receipt, **said: Any) -> None:
        """Let an upload say of a film what its notification did not, if it is its only drop."""
        tables = self._tables
        drops = [row.id for row in tables.receipts.values() if row.film == receipt.film]
        if receipt.film is None or drops != [receipt.id]:
            return
        film = replace(tables.films[receipt.film], **said)
        sharing = allowed_sharing(film.sharing, film.text_check, film.licence)
        tables.films[film.id] = replace(film, sharing=sharing)

    def _fill(self, given: Film, also: tuple[str, ...]) -> tuple[Fact, ...]:
        """Fill what was missing of a known film; return in which facts the drop disagrees."""
        tables = self._tables
        known = tables.films[given.id]
        pairs: dict[Fact, tuple[str | int | None, str | int | None]] = {
            "patient": (known.patient, given.patient),
            "study": (known.study, given.study),
            "view": (known.view, given.view),
            "sex": (known.facts.sex, given.facts.sex),
            "age": (known.facts.age, given.facts.age),
        }
        differ = tuple(
            name
            for name, (was, said) in pairs.items()
            if was is not None and said is not None and was != said
            if not self._one_of_two_names(given.id, name, was, said, also)
        )
        filled = known
        if "patient" in differ and "conflict" not in known.flags:
            filled = replace(known, flags=(*known.flags, "conflict"))
        if not {"patient", "study"} & set(differ):
            patient = known.patient or given.patient
            filled = replace(
                filled,
                patient=patient,
                study=known.study or given.study,
                view=known.view or given.view,
                facts=_facts(known.facts, given.facts, keep_day=patient == given.patient),
            )
        if filled != known:
            tables.films[given.id] = filled
            tables.updated[given.id] = now()
        if (filled.view, filled.facts.age) != (known.view, known.facts.age):
            check_known(tables, given.id)
        return differ

    def _one_of_two_names(
        self, film: str, name: Fact, was: str | int, said: str | int, also: tuple[str, ...]
    ) -> bool:
        """Return whether two codes are known to mean the same patient or study."""
        if name not in {"patient", "study"}:
            return False
        tables = self._tables
        return was in also or any(
            getattr(told, name) == was and said in others
            for receipt, (told, others) in tables.said.items()
            if tables.receipts[receipt].film == film
        )

    def reject(
        self, receipt: Receipt, *, code: str, wanted: str, came: str, events: Sequence[Message]
    ) -> ReceiptState:
        with self._tables.work():
            known = self._tables.receipts.get(receipt.id)
            if known is None:
                raise NotFound(f"receipt {receipt.id}: there is none")
            if known.state == "received":
                known = self._tables.move(
                    known, state="rejected", code=code, wanted=wanted, came=came
                )
                self._tables.say(events)
            elif known.state == "rejected" and known.code == code:
                self._tables.say(events)
            return known.state

    def recent(self, account: UUID, limit: int = 100) -> list[Receipt]:
        with self._tables.work():
            rows = self._shown(self._tables.receipts.values(), account)
            return sorted(rows, key=lambda row: row.created_at, reverse=True)[:limit]


def _facts(known: KnownFacts, given: KnownFacts, *, keep_day: bool) -> KnownFacts:
    """Return both, the known ones first; a day shifted for another patient's code is left out."""
    more = given.model_dump(exclude_defaults=True, exclude={"presentation"})
    methods = {*given.method, *known.method}
    if not keep_day:
        more.pop("study_date", None)
        methods -= {"113107"} - {*known.method}
    said = more | known.model_dump(exclude_defaults=True)
    return KnownFacts.model_validate(said | {"method": sorted(methods)})


def _in_order(facts: Collection[Fact]) -> tuple[Fact, ...]:
    every: tuple[Fact, ...] = get_args(Fact)
    return tuple(name for name in every if name in facts)


def _dropped(receipt: Receipt) -> tuple[datetime, UUID]:
    return receipt.created_at, receipt.id


def _is_work(message: Message) -> bool:
    return message.topic.startswith("analysis.requested")
