"""CloudEvents 1.0 in binary mode: between an event and what Kafka carries.

The attributes travel as `ce_*` headers, the JSON data as the record's value. Type is
`org.radiotheque.<topic>.v<version>`; `source` is the site; `causeid` is the id of the event
that caused this one. Source: CloudEvents Kafka protocol binding 1.0.2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError

from schemas.errors import Dead
from schemas.events import EVENTS, Event
from schemas.identities import event_id

TYPE_PREFIX: Final = "org.radiotheque."
_TYPE: Final = re.compile(r"^org\.radiotheque\.(?P<topic>[a-z.]+)\.v(?P<version>[0-9]+)$")


@dataclass(frozen=True)
class Message:
    """What is published: one outbox row, then one Kafka record. `id` is the event's id."""

    id: UUID
    topic: str
    key: str
    headers: Mapping[str, str]
    value: bytes


@dataclass(frozen=True)
class Received:
    """An event read back, with what its envelope says."""

    id: UUID
    event: Event
    source: str
    cause: UUID | None
    time: datetime


def event_type(event: type[Event]) -> str:
    """Return the CloudEvents type of an event class."""
    return f"{TYPE_PREFIX}{event.topic}.v{event.version}"


def to_message(event: Event, *, site: str, cause: UUID | None = None) -> Message:
    """Return the message that says this event. The same fact always gets the same id."""
    identity = event_id(event.topic, event.natural_key())
    attributes: dict[str, object] = {
        "id": str(identity),
        "type": event_type(type(event)),
        "source": f"/{site}",
        "time": datetime.now(UTC),
        "datacontenttype": "application/json",
        "partitionkey": event.partition_key(),
    }
    if cause is not None:
        attributes["causeid"] = str(cause)
    data = event.model_dump(mode="json")
    binary = to_binary(CloudEvent(attributes, data), JSONFormat())
    headers = {name: value.decode() for name, value in binary.headers.items()}
    return Message(identity, event.topic, event.partition_key(), headers, binary.value)


def from_record(topic: str, headers: Mapping[str, bytes], value: bytes) -> Received:
    """Return the event a record of this topic carries.

    Raises Dead when it is not ours, not JSON, of another topic, of a newer version, or does not
    fit its class; the message says which.
    """
    try:
        cloud = from_binary(KafkaMessage(dict(headers), None, value), JSONFormat())
        said = str(cloud.get_type())
        identity = UUID(str(cloud.get_id()))
        data = cloud.get_data()
        moment = cloud.get_time() or datetime.now(UTC)
    except Exception as error:
        # Whatever the bytes were: the library raises KeyError, ValueError, its own errors…
        raise Dead(f"{topic}: wanted a CloudEvent, came {type(error).__name__}") from error
    known = EVENTS.get(topic)
    parts = _TYPE.match(said)
    if known is None or parts is None or parts["topic"] != topic:
        raise Dead(f"{topic}: wanted an event of this topic, came type {said[:80]!r}")
    if int(parts["version"]) != known.version:
        raise Dead(f"{topic}: wanted version {known.version}, came {parts['version']}")
    try:
        event = known.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Dead(f"{topic}: {where or 'data'}: {first['msg']}") from error
    cause = cloud.get_extension("causeid")
    source = str(cloud.get_source()).lstrip("/")
    return Received(identity, event, source, UUID(str(cause)) if cause else None, moment)
