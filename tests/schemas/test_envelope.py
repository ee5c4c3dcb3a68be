"""Between an event and a Kafka record, both ways."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

import pytest

from schemas.envelope import from_record, to_message
from schemas.errors import Dead
from schemas.events import EVENTS, DeadLetter, ObjectUploaded, RadiographRejected
from schemas.identities import NAMESPACE

RECEIPT: Final = UUID("5c1f3f0e-0a4b-5d7e-9c41-6f2f6f7d1a01")
CAUSE: Final = UUID("8d2f3f0e-0a4b-5d7e-9c41-6f2f6f7d1a02")
REJECTED: Final = RadiographRejected(
    receipt=RECEIPT,
    site="north",
    source="drop",
    code="truncated",
    wanted="a whole PNG",
    came="half of one",
    rejected_at=datetime(2026, 11, 24, tzinfo=UTC),
)


def as_bytes(headers: Mapping[str, str]) -> dict[str, bytes]:
    return {name: value.encode() for name, value in headers.items()}


def test_an_event_travels_as_a_cloudevent_in_binary_mode_and_comes_back() -> None:
    message = to_message(REJECTED, site="north", cause=CAUSE)

    assert message.topic == "radiograph.rejected"
    assert message.key == str(RECEIPT)
    assert message.headers["ce_specversion"] == "1.0"
    assert message.headers["ce_type"] == "org.radiotheque.radiograph.rejected.v1"
    assert message.headers["ce_source"] == "/north"
    assert message.headers["content-type"] == "application/json"
    assert json.loads(message.value)["code"] == "truncated"
    back = from_record(message.topic, as_bytes(message.headers), message.value)
    assert back.event == REJECTED
    assert back.id == message.id
    assert back.cause == CAUSE
    assert back.source == "north"


def test_the_same_fact_always_has_the_same_id() -> None:
    first = to_message(REJECTED, site="north")
    again = to_message(REJECTED.model_copy(update={"came": "other words"}), site="north")
    assert first.id == again.id == UUID(first.headers["ce_id"])
    assert first.id == uuid5(NAMESPACE, f"event\0radiograph.rejected\0{RECEIPT}")
    assert to_message(ObjectUploaded(receipt=RECEIPT), site="north").id != first.id


def test_a_field_that_a_newer_writer_added_is_passed_over() -> None:
    message = to_message(REJECTED, site="north")
    data = json.loads(message.value) | {"colour": "grey"}
    back = from_record(message.topic, as_bytes(message.headers), json.dumps(data).encode())
    assert back.event == REJECTED


@pytest.mark.parametrize(
    ("headers", "value", "said"),
    [
        ({}, b"{}", "wanted a CloudEvent"),
        ({"ce_type": b"org.radiotheque.radiograph.rejected.v1"}, b"{}", "wanted a CloudEvent"),
        (None, b"not json", "radiograph.rejected: data: "),
        (None, bytes(range(256)) * 4096, "radiograph.rejected: data: "),
        (None, b"[1, 2]", "radiograph.rejected: "),
        (None, b'{"receipt": "x"}', "radiograph.rejected: receipt: "),
        ({"ce_type": b"com.other.thing"}, None, "came type 'com.other.thing'"),
        ({"ce_type": b"org.radiotheque.dead.letter.v1"}, None, "wanted an event of this topic"),
        ({"ce_type": b"org.radiotheque.radiograph.rejected.v2"}, None, "wanted version 1, came 2"),
    ],
)
def test_what_is_not_an_event_of_this_topic_is_dead_and_says_why(
    headers: dict[str, bytes] | None, value: bytes | None, said: str
) -> None:
    message = to_message(REJECTED, site="north")
    whole = as_bytes(message.headers)
    # An empty dictionary stands for a record without headers; else single ones are replaced.
    given = whole if headers is None else (whole | headers if value is None else headers)
    with pytest.raises(Dead, match=said.replace("[", r"\[")):
        from_record(message.topic, given, message.value if value is None else value)


def test_an_event_of_an_unknown_topic_is_dead() -> None:
    message = to_message(REJECTED, site="north")
    with pytest.raises(Dead, match=r"colour\.changed: wanted an event of this topic"):
        from_record("colour.changed", as_bytes(message.headers), message.value)


def test_events_carry_ids_and_no_private_words() -> None:
    private = {
        "key",
        "object_key",
        "filename",
        "name",
        "text",
        "comment_text",
        "path",
        "patient_id",
    }
    for event in EVENTS.values():
        assert not private & event.model_fields.keys(), event.topic
    # What is free text at its home stays there: the event has the row's id only.
    assert EVENTS["comment.recorded"].model_fields.keys() == {
        "comment", "radiograph", "author", "recorded_at",
    }  # fmt: skip
    assert "value" not in DeadLetter.model_fields


def test_facts_about_films_stand_alone() -> None:
    film = {"radiograph", "patient", "study", "site", "source", "view", "flags"}
    assert film <= EVENTS["radiograph.received"].model_fields.keys()
    analysed = EVENTS["radiograph.analysed"].model_fields.keys()
    assert film | {"findings", "model", "preprocessing"} <= analysed
