"""`radiotheque dead-letters` on letters in memory."""

import json
from argparse import Namespace
from uuid import UUID

import pytest

from radiotheque import letter_commands as commands
from radiotheque.__main__ import parser
from schemas.errors import Conflict, NotFound
from store.records import Letter
from tests.fakes.rows import FakeRows
from tests.workers.making import NOW

ONE, TWO, NONE = UUID(int=1), UUID(int=2), UUID(int=3)


def letter(number: UUID, value: bytes) -> Letter:
    return Letter(
        id=number,
        topic="analysis.requested",
        partition=4,
        offset=number.int,
        group="analyse",
        key=b"key",
        headers=(("h", b"\xff"),),
        value=value,
        reason="wanted JSON",
        attempts=1,
        state="open",
        recorded_at=NOW,
    )


@pytest.fixture
def rows() -> FakeRows:
    rows = FakeRows(operator=True)
    rows.letters.add(letter(ONE, b"<xml/>"), [])
    rows.letters.add(letter(TWO, b"\x00\xff"), [])
    return rows


def ask(*words: str) -> Namespace:
    return parser().parse_args(["dead-letters", *words])


def test_the_list_is_one_object_a_line_without_the_records(
    rows: FakeRows, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.run_list(ask("list"), rows.letters) == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["id"] for line in lines} == {str(ONE), str(TWO)}
    assert lines[0]["group"] == "analyse"
    assert lines[0]["origin"].startswith("analysis.requested/4/")
    assert "value" not in lines[0]


def test_show_gives_the_record_whole_with_bytes_in_base64(
    rows: FakeRows, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.run_show(ask("show", str(ONE)), rows.letters)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["key"], shown["value"]) == ("key", "<xml/>")
    assert shown["headers"] == [["h", {"base64": "/w=="}]]

    commands.run_show(ask("show", str(TWO)), rows.letters)
    assert json.loads(capsys.readouterr().out)["value"] == {"base64": "AP8="}


def test_a_replay_publishes_for_the_letters_own_group_and_closes_it(rows: FakeRows) -> None:
    assert commands.run_replay(ask("replay", str(ONE)), rows.letters) == 0

    (row,) = rows.outbox.pending(10)
    assert (row.topic, row.key, row.value) == ("analysis.requested", b"key", b"<xml/>")
    assert dict(row.headers)["replay-for"] == b"analyse"
    assert [left.id for left in rows.letters.list()] == [TWO]
    with pytest.raises(Conflict):
        commands.run_replay(ask("replay", str(ONE)), rows.letters)


def test_all_open_letters_are_replayed_at_once(rows: FakeRows) -> None:
    assert commands.run_replay(ask("replay", "--all"), rows.letters) == 0

    assert rows.letters.list() == []
    assert len(rows.outbox.pending(10)) == 2


def test_replay_wants_one_id_or_all(rows: FakeRows) -> None:
    assert commands.run_replay(ask("replay"), rows.letters) == 2
    assert commands.run_replay(ask("replay", str(ONE), "--all"), rows.letters) == 2
    assert len(rows.letters.list()) == 2


def test_a_discarded_letter_stays_as_a_row(
    rows: FakeRows, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.run_discard(ask("discard", str(ONE)), rows.letters) == 0

    assert rows.outbox.pending(10) == []
    capsys.readouterr()
    commands.run_list(ask("list", "--state", "discarded"), rows.letters)
    assert json.loads(capsys.readouterr().out)["id"] == str(ONE)


def test_an_unknown_letter_is_named(rows: FakeRows) -> None:
    with pytest.raises(NotFound, match=str(NONE)):
        commands.run_show(ask("show", str(NONE)), rows.letters)
