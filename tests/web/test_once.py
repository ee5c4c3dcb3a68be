"""Idempotency-Key: the same request sent again gets the first answer."""

from typing import Any

import pytest

from schemas.errors import InFlight
from tests.web.conftest import Answer, Web
from tests.web.library import add_film

BODIES: dict[str, dict[str, Any]] = {
    "validations": {"labels": {"Edema": 1, "Fracture": 0}, "answer_visible": True},
    "comments": {"text": "Bien vu."},
}
EACH = pytest.mark.parametrize("what", BODIES)


@pytest.fixture
def film(web: Web) -> str:
    return add_film(web, "a")[0].id


def send(web: Web, film: str, what: str, key: str = '"a key"', **body: Any) -> Answer:
    headers = {"Idempotency-Key": key}
    said = {**BODIES[what], **body}
    return web.post(f"/radiographs/{film}/{what}", "radiologist", json=said, headers=headers)


@EACH
def test_sent_again_it_gets_the_first_answer_and_makes_nothing(
    web: Web, film: str, what: str
) -> None:
    first = send(web, film, what)
    said = len(web.rows.outbox.messages)
    again = send(web, film, what)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert len(web.rows.outbox.messages) == said
    assert len(web.rows.tables.readings) + len(web.rows.tables.comments) == 1


def test_the_same_said_in_another_order_is_the_same(web: Web, film: str) -> None:
    first = send(web, film, "validations")
    turned = dict(reversed(BODIES["validations"]["labels"].items()))

    assert send(web, film, "validations", labels=turned).json == first.json


def test_a_bare_key_and_one_in_quotes_are_one(web: Web, film: str) -> None:
    first = send(web, film, "comments", "abc-123")

    assert send(web, film, "comments", '"abc-123"').json == first.json
    assert send(web, film, "comments", '"abc-124"').json != first.json


@EACH
def test_a_key_of_another_request_is_422(web: Web, film: str, what: str) -> None:
    send(web, film, what)
    other = add_film(web, "b")[0].id
    change: dict[str, Any] = {"text": "Non."} if what == "comments" else {"answer_visible": False}

    for answer in (send(web, film, what, **change), send(web, other, what)):
        assert (answer.status_code, answer.json["code"]) == (422, "key-reused")
    assert len(web.rows.tables.readings) + len(web.rows.tables.comments) == 1


@EACH
def test_while_the_first_is_being_done_it_is_409_and_when_to_come_again(
    web: Web, film: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any, **__: Any) -> None:
        raise InFlight("a request with this key is being done")

    for name in ("record", "comment"):
        monkeypatch.setattr(web.rows.readings, name, busy)

    answer = send(web, film, what)

    assert (answer.status_code, answer.json["code"]) == (409, "in-flight")
    assert int(answer.headers["Retry-After"]) > 0


@EACH
@pytest.mark.parametrize(
    "key",
    [
        '""',
        '"',
        '"a',
        "é",
        '"é"',
        '"a\\b"',
        "a b",
        "x" * 256,
        "a,b",
        '"a","b"',
        '"' + "x" * 256 + '"',
        "\x7f",
    ],
)
def test_a_key_of_another_shape_is_refused_and_nothing_is_made(
    web: Web, film: str, what: str, key: str
) -> None:
    answer = send(web, film, what, key)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"
    assert len(web.rows.tables.readings) + len(web.rows.tables.comments) == 0


@pytest.mark.parametrize("key", ["x" * 255, '"' + "x" * 255 + '"', '"a \\"b\\" \\\\"', "0"])
def test_keys_of_every_shape_that_is_allowed_are_taken(web: Web, film: str, key: str) -> None:
    first = send(web, film, "comments", key)

    assert (first.status_code, send(web, film, "comments", key).json) == (201, first.json)
