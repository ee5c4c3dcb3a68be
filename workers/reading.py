"""From a record to the event it carries, for workers that read our own events."""

from schemas.envelope import Received, from_record
from schemas.errors import Dead
from store.log import Record


def event_of(record: Record) -> Received:
    """Return the event of a record. Raises Dead when it carries none of ours."""
    if record.value is None:
        raise Dead(f"{record.topic}: wanted an event, came a record without a value")
    return from_record(record.topic, record.headers, record.value)
