"""What people say of films, in PostgreSQL (store/functions/people.sql)."""

from collections.abc import Mapping
from uuid import UUID

from schemas.envelope import to_message
from schemas.errors import NotFound
from schemas.events import CommentRecorded, ValidationRecorded
from store.messages import messages_json
from store.once import OnceOnly
from store.receipts import tombstone
from store.records import Comment, Once, Reading
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
        once: Once | None = None,
    ) -> Reading:
        def work(call: Call) -> Reading:
            asked = once and OnceOnly(call, self._secret, "reading", account, once)
            made = asked.made() if asked else None
            if made is not None:
                return _reading_again(call, film, account, made)
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
            if asked:
                asked.keep(film, reading.id)
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

    def comment(self, film: str, text: str, *, account: UUID, once: Once | None = None) -> Comment:
        def work(call: Call) -> Comment:
            asked = once and OnceOnly(call, self._secret, "comment", account, once)
            made = asked.made() if asked else None
            if made is not None:
                return _comment_again(call, film, account, made)
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
            if asked:
                asked.keep(film, comment.id)
            return comment

        return self._database.transaction(work)

    def remove_comment(self, comment: UUID, *, account: UUID | None) -> None:
        self._database.rows("comments_remove", comment=comment, account=account)


def _reading_again(call: Call, film: str, account: UUID, made: UUID) -> Reading:
    for row in call.rows("readings_of", film=film, account=account):
        if row["id"] == made:
            return reading_of(row)
    raise NotFound(f"reading {made}: it was removed")


def _comment_again(call: Call, film: str, account: UUID, made: UUID) -> Comment:
    """Return a comment that was made before. Raises NotFound where it was removed since."""
    for row in call.rows("comments_of", film=film, account=account):
        if row["id"] == made:
            return comment_of(row)
    raise NotFound(f"comment {made}: it was removed")


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
