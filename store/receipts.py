"""Drops and what became of them, in PostgreSQL (store/functions/receipts.sql)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from schemas.envelope import Message, to_message
from schemas.events import ObjectUploaded, RadiographRejected
from schemas.facts import KnownFacts
from schemas.identities import former_key_code, key_code, keyed_code, receipt_id
from store.messages import messages_json
from store.records import Drop, Fact, Film, FormSays, Receipt, ReceiptState, SaidBefore
from store.rows import Call, Database, Row, json_value

_ERASED_WANTED = "a film that was not erased"
_ERASED_CAME = "an erased film"


class PostgresReceipts:
    """Implements store.ports.Receipts."""

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._secret = secret

    def _open(self, drops: Sequence[Drop], events: dict[str, Any]) -> list[Receipt]:
        if not drops:
            return []
        rows = self._database.rows(
            "receipts_open",
            drops=json_value([self._drop_json(drop) for drop in drops]),
            events=json_value(events),
        )
        return [receipt_of(row) for row in rows]

    def _drop_json(self, drop: Drop) -> dict[str, Any]:
        return {
            "id": str(receipt_id(drop.bucket, drop.key, drop.version)),
            "bucket": drop.bucket,
            "key": drop.key,
            "key_code": key_code(self._secret, drop.bucket, drop.key),
            "version": drop.version,
            "lane": drop.lane,
            "site": drop.site,
            "source": drop.source,
            "size": drop.size,
            "filename": drop.filename,
            "depositor": str(drop.depositor) if drop.depositor else None,
            "form": _form_json(drop.form) or None,
            "statement": drop.statement,
            "keep_s": drop.keep_s,
        }

    def open_many(self, drops: Sequence[Drop]) -> list[Receipt]:
        return self._open(drops, {})

    def open_with_event(self, drops: Sequence[Drop]) -> list[Receipt]:
        events = {}
        for drop in drops:
            identity = receipt_id(drop.bucket, drop.key, drop.version)
            message = to_message(ObjectUploaded(receipt=identity), site=drop.site)
            events[str(identity)] = messages_json([message])[0]
        return self._open(drops, events)

    def get(self, receipt: UUID, *, account: UUID | None = None) -> Receipt | None:
        row = self._database.row("receipts_get", receipt=receipt, account=account)
        return receipt_of(row) if row else None

    def find(
        self, bucket: str, key: str, limit: int = 50, *, account: UUID | None = None
    ) -> list[Receipt]:
        code = key_code(self._secret, bucket, key)
        rows = self._database.rows("receipts_find", key_code=code, limit=limit, account=account)
        return [receipt_of(row) for row in rows]

    def missing(self, drops: Sequence[Drop]) -> list[Drop]:
        by_id = {receipt_id(drop.bucket, drop.key, drop.version): drop for drop in drops}
        rows = self._database.rows("receipts_missing", ids=list(by_id))
        unknown = {row["receipts_missing"] for row in rows}
        return [drop for identity, drop in by_id.items() if identity in unknown]

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
        said = _film_json(film) | {"also": list(also), "contradicts": list(contradicts)}

        def work(call: Call) -> ReceiptState:
            state: ReceiptState | str = call.value(
                "receipts_accept",
                receipt=receipt.id,
                film=json_value(said),
                signature=film.signature,
                tombstone=tombstone(self._secret, film.id),
                events=json_value(messages_json(events)),
                patient_tombstone=(
                    patient_tombstone(self._secret, film.patient) if film.patient else None
                ),
                former_code=former_key_code(self._secret, receipt.bucket, receipt.key),
                raw_code=raw_code,
                by_bytes=by_bytes,
            )
            if state == "erased":
                refusal = json_value(messages_json([_erased(receipt)]))
                state = call.value(
                    "receipts_reject",
                    receipt=receipt.id,
                    code="erased",
                    wanted=_ERASED_WANTED,
                    came=_ERASED_CAME,
                    events=refusal,
                )
            return state  # type: ignore[return-value]  # the table's CHECK holds it

        return self._database.transaction(work)

    def reject(
        self, receipt: Receipt, *, code: str, wanted: str, came: str, events: Sequence[Message]
    ) -> ReceiptState:
        return stopped(self._database, "receipts_reject", receipt, (code, wanted, came), events)

    def same_bytes(self, raw_code: str, site: str) -> SaidBefore | None:
        row = self._database.row("receipts_same_bytes", raw_code=raw_code, site=site)
        if row is None:
            return None
        said = row["said"]
        return SaidBefore(_said_film(row["film"], said), tuple(said.get("also", ())))

    def set_aside(self, receipt: Receipt) -> None:
        self._database.rows("receipts_set_aside", receipt=receipt.id)

    def slow(self, limit: int) -> list[Receipt]:
        return [receipt_of(row) for row in self._database.rows("receipts_slow", limit=limit)]

    def kept(self, limit: int) -> list[Receipt]:
        return [receipt_of(row) for row in self._database.rows("receipts_kept", limit=limit)]

    def let_go(self, receipts: Sequence[UUID]) -> None:
        self._database.rows("receipts_let_go", receipts=list(receipts))

    def recent(self, account: UUID, limit: int = 100) -> list[Receipt]:
        rows = self._database.rows("receipts_recent", account=account, limit=limit)
        return [receipt_of(row) for row in rows]


def stopped(
    database: Database,
    function: str,
    receipt: Receipt,
    reason: tuple[str, str, str],
    events: Sequence[Message],
) -> ReceiptState:
    """Stop a receipt by a stored function, for a (code, wanted, came); return its state."""
    code, wanted, came = reason
    state: ReceiptState = database.value(
        function,
        receipt=receipt.id,
        code=code,
        wanted=wanted,
        came=came,
        events=json_value(messages_json(events)),
    )
    return state


def tombstone(secret: str, film: str) -> str:
    """Return the code that stays of an erased film.

    An HMAC under the site's secret, which the database does not hold: whoever reads the table
    cannot test whether a film they own had been here.
    """
    return keyed_code(secret, "tombstone", film)


def patient_tombstone(secret: str, patient: str) -> str:
    """Return the code that stays of an erased patient, whose pseudonym is `patient`."""
    return keyed_code(secret, "tombstone", "patient", patient)


def _erased(receipt: Receipt) -> Message:
    event = RadiographRejected(
        receipt=receipt.id,
        site=receipt.site,
        source=receipt.source,
        code="erased",
        wanted=_ERASED_WANTED,
        came=_ERASED_CAME,
        rejected_at=datetime.now(UTC),
    )
    return to_message(event, site=receipt.site)


def _form_json(form: FormSays) -> dict[str, Any]:
    day = form.study_date.isoformat() if form.study_date else None
    said = {
        "patient": form.patient,
        "study": form.study,
        "study_date": day,
        "view": form.view,
        "source": form.source,
        "licence": form.licence,
        "sharing": form.sharing,
    }
    return {name: value for name, value in said.items() if value is not None}


def _form(said: dict[str, Any]) -> FormSays:
    day = said.get("study_date")
    return FormSays(
        patient=said.get("patient"),
        study=said.get("study"),
        study_date=date.fromisoformat(day) if day else None,
        view=said.get("view"),
        source=said.get("source"),
        licence=said.get("licence"),
        sharing=said.get("sharing"),
    )


def _film_json(film: Film) -> dict[str, Any]:
    return {
        "id": film.id,
        "width": film.width,
        "height": film.height,
        "bits": film.bits,
        "site": film.site,
        "source": film.source,
        "patient": film.patient,
        "study": film.study,
        "view": film.view,
        "flags": list(film.flags),
        "facts": film.facts.model_dump(mode="json", exclude_defaults=True),
        "text_check": film.text_check,
        "licence": film.licence,
        "sharing": film.sharing,
        "checks": dict(film.checks),
    }


def _said_film(film: str, said: dict[str, Any]) -> Film:
    """Return a film as a drop said it, of what `_film_json` made; without its signature."""
    return Film(
        id=film,
        width=said["width"],
        height=said["height"],
        bits=said["bits"],
        site=said["site"],
        source=said["source"],
        signature=b"",
        patient=said["patient"],
        study=said["study"],
        view=said["view"],
        facts=KnownFacts.model_validate(said["facts"]),
        text_check=said["text_check"],
        licence=said["licence"],
        sharing=said["sharing"],
        checks=said["checks"],
    )


def receipt_of(row: Row) -> Receipt:
    """Return the record of a receipt's row."""
    row.pop("new")
    row["form"] = _form(row["form"] or {})
    row["contradicts"] = tuple(row["contradicts"])
    row["black_out"] = tuple(tuple(part) for part in row["black_out"] or ())
    return Receipt(**row)
