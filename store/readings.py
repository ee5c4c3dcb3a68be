"""What people say of films, in PostgreSQL (store/functions/people.sql)."""

from collections.abc import Mapping
from uuid import UUID

from schemas.envelope import to_message
from schemas.events import CommentRecorded, ValidationRecorded
from store.messages import messages_json
from store.receipts import tombstone
from store.records import Comment, Reading
from store.rows import Call, Database, Row, json_value


class PostgresReadings:
    """Implements store.ports.Readings."""

    def __init__(self, database: Database, site: str, secret: str) -> None:
        self._database = database
        self._site = site
        self._secret = secret

    def record(
        self,
        film: str,
        labels: Mapping[str, int],
        *,
        account: UUID,
        answer_visible: bool,
        model: str | None,
    ) -> Reading:
        def work(call: Call) -> Reading:
            (row,) = call.rows(
                "readings_record",
                film=film,
                labels=json_value(dict(labels)),
                account=account,
                answer_visible=answer_visible,
                model=model,
                tombstone=tombstone(self._secret, film),
            )
            reading = reading_of(row)
            messages = [to_message(event, site=self._site) for event in verdicts(reading)]
            call.rows("outbox_add", events=json_value(messages_json(messages)))
            return reading

        return self._database.transaction(work)

    def shown(self, film: str, *, account: UUID, answer: bool, others: bool) -> None:
        self._database.rows(
            "readings_shown",
            film=film,
            account=account,
            answer=answer,
            others=others,
            tombstone=tombstone(self._secret, film),
        )

    def comment(self, film: str, text: str, *, account: UUID) -> Comment:
        def work(call: Call) -> Comment:
            (row,) = call.rows(
                "comments_add",
                film=film,
                text=text,
                account=account,
                tombstone=tombstone(self._secret, film),
            )
            comment = comment_of(row)
            event = CommentRecorded(
                comment=comment.id,
                radiograph=film,
                author=comment.author,
                recorded_at=comment.recorded_at,
            )
            said = messages_json([to_message(event, site=self._site)])
            call.rows("outbox_add", events=json_value(said))
            return comment

        return self._database.transaction(work)

    def remove_comment(self, comment: UUID, *, account: UUID | None) -> None:
        self._database.rows("comments_remove", comment=comment, account=account)


def verdicts(reading: Reading) -> list[ValidationRecorded]:
    """Return one event per verdict of a reading."""
    return [
        ValidationRecorded(
            validation=reading.validations[finding],
            reading=reading.id,
            radiograph=reading.film,
            finding=finding,
            label=value,
            reader=reading.reader,
            answer_visible=reading.answer_visible,
            others_visible=reading.others_visible,
            model=reading.model,
            recorded_at=reading.recorded_at,
        )
        for finding, value in reading.labels.items()
    ]


def reading_of(row: Row) -> Reading:
    """Return the reading in a row."""
    ids = {finding: UUID(identity) for finding, identity in row.pop("validations").items()}
    return Reading(**row, validations=ids)


def comment_of(row: Row) -> Comment:
    """Return the comment in a row."""
    return Comment(**row)
