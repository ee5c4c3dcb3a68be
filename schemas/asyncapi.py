"""The AsyncAPI 3.0 document of the project, made from the flow table and the event classes.

Payloads are referred to, not repeated: schemas/json/<topic>/<version>.json. Headers are those of
CloudEvents 1.0 in binary mode (schemas/envelope.py).
Source: AsyncAPI 3.0.0 and its Kafka bindings 0.5.0.
"""

from typing import Any, Final

from schemas.envelope import event_type
from schemas.events import EVENTS, Event
from schemas.flow import TOPICS, Topic

#: The contract's own version: raised when a topic or an event version is added or retired.
DOCUMENT_VERSION: Final = "1.0.0"
_BINDING: Final = "0.5.0"

_ABOUT: Final = (
    "Everything that is said in Radiothèque, one topic per fact. Events are CloudEvents 1.0 in"
    " binary mode: attributes in ce_* headers, JSON data as the record's value. Delivery is at"
    " least once: the same fact always has the same ce_id, so a subscriber that remembers ids"
    " sees each once. Order holds only within a topic and a writer. Under the same version a"
    " schema only ever gains optional fields. Research use, not a medical device."
)


def document() -> dict[str, Any]:
    """Return the whole document as plain JSON values."""
    operations: dict[str, Any] = {}
    for topic in TOPICS:
        for writer in topic.writers:
            operations[f"{writer}.sends.{topic.name}"] = _operation(topic, "send", writer)
        for reader in topic.readers:
            operations[f"{reader}.receives.{topic.name}"] = _operation(topic, "receive", reader)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Radiothèque",
            "version": DOCUMENT_VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:9092",
                "protocol": "kafka",
                "description": "The broker of `make demo` or compose; `radiotheque status --json`"
                " says its real address as kafka.bootstrap.",
            }
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": operations,
        "components": {
            "messages": {topic.name: _message(topic) for topic in TOPICS},
            "schemas": {"cloudEventHeaders": _headers(), "minioNotification": _notification()},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"{topic.says} Keyed by {topic.key}.",
        "messages": {topic.name: {"$ref": f"#/components/messages/{topic.name}"}},
        "tags": [{"name": topic.kind}],
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_ms,
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation(topic: Topic, action: str, program: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"{program} {action}s {topic.name}",
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{topic.name}"}],
    }
    if action == "receive":
        group = {"type": "string", "const": program}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": _BINDING}}
    return operation


def _message(topic: Topic) -> dict[str, Any]:
    key = {"type": "string", "description": topic.key}
    message: dict[str, Any] = {
        "name": topic.name,
        "title": topic.name,
        "summary": topic.says,
        "contentType": "application/json",
        "bindings": {"kafka": {"key": key, "bindingVersion": _BINDING}},
    }
    event = EVENTS.get(topic.name)
    if event is None:
        return message | {
            "description": "MinIO's own form, not a CloudEvent. Internal: it holds object keys.",
            "payload": {"$ref": "#/components/schemas/minioNotification"},
        }
    return message | {
        "name": event.__name__,
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/cloudEventHeaders"},
                {"type": "object", "properties": {"ce_type": {"const": event_type(event)}}},
            ]
        },
        "payload": {"$ref": f"./json/{schema_path(event)}"},
    }


def schema_path(event: type[Event]) -> str:
    """Return where an event's JSON Schema lies, under schemas/json/."""
    return f"{event.topic}/{event.version}.json"


def _headers() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": [
            "ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type",
        ],
        "properties": {
            "ce_specversion": text | {"const": "1.0"},
            "ce_id": text | {
                "format": "uuid",
                "description": "uuid5 of our namespace, the type and the fact's natural key",
            },
            "ce_type": text | {"description": "org.radiotheque.<topic>.v<version>"},
            "ce_source": text | {"description": "the site, as /<site>"},
            "ce_time": text | {"format": "date-time"},
            "ce_partitionkey": text | {"description": "the record's key"},
            "ce_causeid": text | {
                "format": "uuid",
                "description": "id of the event that caused this one, where there is one",
            },
            "content-type": text | {"const": "application/json"},
            "replay-for": text | {
                "description": "on a replayed dead letter: the only group that should read it"
            },
        },
    }  # fmt: skip


def _notification() -> dict[str, Any]:
    named = {"type": "object", "additionalProperties": True}
    return {
        "type": "object",
        "description": "An S3 notification as MinIO writes it: exactly one record; s3.object.key"
        " is query-escaped.",
        "required": ["EventName", "Key", "Records"],
        "properties": {
            "EventName": {"type": "string"},
            "Key": {"type": "string"},
            "Records": {"type": "array", "minItems": 1, "maxItems": 1, "items": named},
        },
    }
