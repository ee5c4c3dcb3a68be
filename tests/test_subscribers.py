"""What others get of us: topics that any Kafka client reads; and each film is computed once."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from typing import cast

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition
from jsonschema import Draft202012Validator

from schemas.events import EVENTS
from schemas.generate import FOLDER
from tests.computed import computed
from tests.dropping import Dropper, analysed, films
from tests.services import WholeStack
from tests.waiting import eventually

pytestmark = pytest.mark.services

SAID = "radiograph.analysed"


def records(whole: WholeStack, topic: str) -> Iterator[Message]:
    """Yield every record that a topic now holds, as a client of the C family reads it."""
    name = whole.settings.topic(topic)
    settings = {
        "bootstrap.servers": whole.settings.kafka_bootstrap,
        "group.id": f"subscriber-{time.time():.0f}",
        "enable.auto.commit": False,
        "enable.partition.eof": False,
    }
    with closing(Consumer(settings)) as consumer:
        partitions = consumer.list_topics(name, timeout=20).topics[name].partitions
        places = [TopicPartition(name, number, OFFSET_BEGINNING) for number in partitions]
        ends = [consumer.get_watermark_offsets(place, timeout=20) for place in places]
        consumer.assign(places)
        for _ in range(sum(high - low for low, high in ends)):
            record = consumer.poll(20)
            assert record is not None, f"{topic}: fewer records came than its offsets promise"
            assert record.error() is None, record.error()
            yield record


def headers_of(record: Message) -> list[tuple[str, bytes]]:
    """Return a record's headers, which this client types as almost anything."""
    return cast("list[tuple[str, bytes]]", record.headers() or [])


def test_each_film_of_a_drop_is_computed_once_and_another_client_reads_every_fact_whole(
    whole_stack: WholeStack,
) -> None:
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    before = computed(whole_stack.state)
    # Unlike those of an earlier run, whose answers a Triton that was left up may still have
    made = films(48, seed=secrets.randbelow(2**31))
    wanted = {film for film, _ in made}

    # When 48 films are dropped at once
    with Dropper(whole_stack, made, f"subscribers-{time.time():.0f}", every_s=0) as dropper:
        eventually(dropper.finished, 60, every_s=0.2, what="the drop")
    eventually(lambda: analysed(whole_stack, sorted(wanted)) == wanted, 90, every_s=0.5)

    # Then the model ran once for each, though ingest and analyse both asked about it
    hits = before.answered_from_cache + len(made)
    eventually(lambda: computed(whole_stack.state).answered_from_cache >= hits)
    # (other films of this stack may have been on their way; twice would be 2)
    assert 1 <= (computed(whole_stack.state).films - before.films) / len(made) < 1.5

    # And a client that is not ours reads each fact, with its envelope and by its schema
    schema = json.loads((FOLDER / "json" / SAID / f"{EVENTS[SAID].version}.json").read_text())
    told = []
    for record in records(whole_stack, SAID):
        key = (record.key() or b"").decode(errors="replace")
        # Other tests leave poison on this topic, under other keys.
        if key not in wanted:
            continue
        headers = {name: value.decode() for name, value in headers_of(record)}
        data = json.loads(record.value() or b"")
        assert headers["ce_specversion"] == "1.0"
        assert headers["ce_id"]
        assert data["radiograph"] == key
        Draft202012Validator(schema).validate(data)
        told.append(key)
    assert sorted(told) == sorted(wanted)
