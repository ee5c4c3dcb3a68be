"""Poison on every topic that somebody reads: set aside whole, work goes on, replay works."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from schemas.flow import GROUPS
from store.log import KafkaPublisher
from store.ports import Rows
from store.records import Letter, OutboxRow
from store.rows import connect as connect_rows
from tests.dropping import Dropper, analysed, films
from tests.services import WholeStack
from tests.waiting import eventually
from tests.workers.making import request

READ = [(topic, lanes.group) for lanes in GROUPS for topic in lanes.topics]


def poisons(topic: str) -> dict[str, tuple[tuple[tuple[str, bytes], ...], bytes]]:
    """Return records that no reader of this topic can take, by what is wrong with them."""
    known = request("0" * 64)
    ours = tuple((name, value.encode()) for name, value in known.headers.items())
    kind = f"org.radiotheque.{topic}.v9".encode()
    newer = tuple((name, kind if name == "ce_type" else value) for name, value in ours)
    newer_type = tuple((n, f"org.radiotheque.{topic}.v1".encode() if n == "ce_type" else v)
                       for n, v in ours)  # fmt: skip
    return {
        "not ours": ((("ce_type", b"com.example.other"),), b'{"hello": "world"}'),
        "not JSON": (newer_type, b"<xml/>"),
        "newer": (newer, known.value),
        "noise": ((), os.urandom(1_000_000)),
    }


@pytest.fixture
def rows(whole_stack: WholeStack) -> Iterator[Rows]:
    settings = whole_stack.settings.model_copy(update={"postgres_user": "radiotheque_operator"})
    with closing(connect_rows(settings)) as opened:
        yield opened


@pytest.mark.services
@pytest.mark.timeout(240)
def test_each_poison_becomes_one_whole_letter_work_goes_on_and_replay_reaches_its_group(
    whole_stack: WholeStack, rows: Rows
) -> None:
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    mark = f"poison-{time.time():.0f}"
    sent: dict[tuple[str, str], tuple[tuple[tuple[str, bytes], ...], bytes]] = {}
    waiting: list[OutboxRow] = []
    for topic, _ in READ:
        for word, (headers, value) in poisons(topic).items():
            key = f"{mark} {topic} {word}".encode()
            sent[topic, word] = (headers, value)
            waiting.append(OutboxRow(len(waiting), topic, key, headers, value))
    with closing(KafkaPublisher(whole_stack.settings)) as publisher:
        assert len(publisher.publish(waiting)) == len(READ) * 4

    def of_ours(state: str = "open") -> dict[tuple[str, str], Letter]:
        found = {}
        for letter in rows.letters.list(state, 1000):  # type: ignore[arg-type]
            key = (letter.key or b"").decode(errors="replace")
            if key.startswith(mark):
                found[letter.topic, key.split(" ", 2)[2]] = letter
        return found

    eventually(lambda: len(of_ours()) == len(sent), 60, every_s=0.5, what="a letter each")
    for (topic, word), letter in of_ours().items():
        headers, value = sent[topic, word]
        assert (letter.headers, letter.value) == (headers, value)
        assert letter.group == dict(READ)[topic]
        assert letter.reason

    made = films(3, seed=43)
    with Dropper(whole_stack, made, mark, every_s=0.1) as dropper:
        eventually(dropper.finished, 30)
    wanted = [film for film, _ in made]
    eventually(lambda: analysed(whole_stack, wanted) == set(wanted), 60, every_s=0.5)

    said = whole_stack.command("events", "tail", "dead.letter", "--from-beginning", "--max", "3")
    assert len([json.loads(line)["data"]["letter"] for line in said.stdout.splitlines()]) == 3
    shown = whole_stack.command("dead-letters", "list")
    letters = of_ours()
    assert {json.loads(line)["id"] for line in shown.stdout.splitlines()} >= {
        str(letter.id) for letter in letters.values()
    }
    first, *others = letters.values()
    answer = whole_stack.command("dead-letters", "replay", str(first.id))
    assert answer.returncode == 0, answer.stderr
    for letter in others:
        rows.letters.replay(letter.id, account=None)
    # Still poison, so each comes back as a letter of its own, of the group it was for only.
    eventually(lambda: len(of_ours()) == len(sent), 60, every_s=0.5, what="a letter each again")
    again = of_ours()
    assert not {letter.id for letter in again.values()} & {row.id for row in letters.values()}
    assert len(of_ours("replayed")) == len(sent)
    first, *others = again.values()
    answer = whole_stack.command("dead-letters", "discard", str(first.id))
    assert answer.returncode == 0, answer.stderr
    for letter in others:
        rows.letters.discard(letter.id, account=None)
    eventually(whole_stack.is_healthy, 60, every_s=1, what="all healthy after")
