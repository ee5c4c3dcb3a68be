"""JSON bodies are taken as they were sent, and said so in the document of the API."""

import gzip
import json
from typing import Any

import pytest

from schemas.findings import FINDINGS
from tests.web.conftest import Web
from tests.web.library import add_film

SAID = '{"labels": {"Edema": 1}, "answer_visible": true}'
JSON = "application/json"


def post(web: Web, body: str | bytes, media: str | None = JSON, **headers: str) -> Any:
    """Post a reading of a film as these bytes."""
    film = add_film(web, "a")[0].id
    return web.post(
        f"/radiographs/{film}/validations", data=body, content_type=media, headers=headers
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"labels": {"Edema": true}, "answer_visible": true}',
        '{"labels": {"Edema": "1"}, "answer_visible": true}',
        '{"labels": {"Edema": 1.0}, "answer_visible": true}',
        '{"labels": {"Edema": 1e0}, "answer_visible": true}',
        '{"labels": {"Edema": [1]}, "answer_visible": true}',
        '{"labels": {"Edema": 1}, "answer_visible": 1}',
        '{"labels": {"Edema": 1}, "answer_visible": "true"}',
        '{"labels": {"Edema": 1}, "answer_visible": true, "model": true}',
        '{"labels": {"Edema": 1}, "answer_visible": true, "model": 1.0}',
        '{"labels": [["Edema", 1]], "answer_visible": true}',
        '{"labels": {"Edema": NaN}, "answer_visible": true}',
        '{"labels": {"Edema": -Infinity}, "answer_visible": true}',
        '{"labels": {"Edema": 1}, "answer_visible": true,}',
        '{"labels": {"Edema": 1}, "answer_visible": true} {}',
        '{"labels": {"Edema": 01}, "answer_visible": true}',
        '{"labels": {"Edema": 1}, "answer_visible": true, "model": "\\ud800"}',
        json.dumps(SAID),
        "[" * 900 + "]" * 900,
        "[" * 100_000,
        '{"labels": {"Edema": 1' + "0" * 5000 + '}, "answer_visible": true}',
    ],
)
def test_nothing_is_turned_into_what_it_is_not(web: Web, body: str) -> None:
    answer = post(web, body)

    assert answer.status_code == 422
    assert web.rows.tables.readings == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"labels": {"Edema": 1, "Edema": 0}, "answer_visible": true}', "labels.Edema"),
        ('{"labels": {"Edema": 1, "Edema": 1}, "answer_visible": true}', "labels.Edema"),
        ('{"labels": {"Edema": 1}, "labels": {}, "answer_visible": true}', "labels"),
        ('{"labels": {"\\u0045dema": 1, "Edema": 0}, "answer_visible": true}', "labels.Edema"),
        ('{"Dupont": {"Jeanne": [1, {"x": 1, "x": 2}]}, "labels": {}}', "?.?.1.?"),
    ],
)
def test_a_name_that_stands_twice_is_an_error_that_says_where(
    web: Web, body: str, place: str
) -> None:
    answer = post(web, body)

    assert answer.status_code == 422
    assert answer.json["errors"] == [{"field": place, "message": "it stands there twice"}]
    assert "Dupont" not in answer.text
    assert web.rows.tables.readings == []


def test_parts_to_black_out_may_be_whole_numbers_and_nothing_else(web: Web) -> None:
    for part, status in ((1, 404), (0.5, 404), (True, 422), ("1", 422)):
        said = {"left": 0, "top": 0.0, "width": part, "height": 1}
        answer = web.post(f"/receipts/{'0' * 8}-0000-0000-0000-{'0' * 12}/release",
                          json={"black_out": [said]})  # fmt: skip
        assert answer.status_code == status, part


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_of_another_kind_than_json_is_415_with_what_was_wanted(
    web: Web, media: str | None
) -> None:
    answer = post(web, SAID, media)

    assert (answer.status_code, answer.json["code"]) == (415, "unsupported-media-type")
    assert answer.json["detail"].startswith("Wanted application/json, came ")
    assert answer.headers["Accept"] == JSON
    assert web.rows.tables.readings == []


@pytest.mark.parametrize("media", [JSON, "application/json; charset=utf-8", "application/x+json"])
def test_json_under_each_of_its_names_is_read(web: Web, media: str) -> None:
    assert post(web, SAID, media).status_code == 201


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "GZIP", "identity, gzip", "dupont"])
@pytest.mark.parametrize("what", ["validations", "films"])
def test_a_body_that_is_folded_up_is_415_with_what_was_wanted(
    web: Web, coding: str, what: str
) -> None:
    headers = {"Content-Encoding": coding}
    if what == "films":
        answer = web.post("/radiographs", data=gzip.compress(b"x"), headers=headers)
    else:
        answer = post(web, gzip.compress(SAID.encode()), **headers)

    assert (answer.status_code, answer.content_type) == (415, "application/problem+json")
    assert answer.headers["Accept-Encoding"] == "identity"
    assert "Content-Encoding: identity" in answer.json["detail"]
    assert "dupont" not in answer.text
    assert ("gzip" in answer.json["detail"]) == ("gzip" in coding.lower())


@pytest.mark.parametrize("coding", ["identity", "Identity", "", "identity, identity"])
def test_a_body_that_says_it_is_as_it_is_passes(web: Web, coding: str) -> None:
    assert post(web, SAID, **{"Content-Encoding": coding}).status_code == 201


@pytest.mark.parametrize(
    "text",
    [
        " \t\r\n",
        "\u200b",
        "\u200d\u200c\ufeff",
        "\u00a0\u2003\u3000",
        "\u2028\u2029",
        "\x01\x1f\x7f\x85",
        "\u00ad\u061c\u200e\u200f\u2060\u2064\u180e",
        "\u115f\u1160\u3164\uffa0\u2800",
        "\u034f\ufe0f\U000e0100",
        "\U000e0041\ue000",
        "\u0301",
    ],
)
def test_a_comment_that_shows_nothing_is_refused(web: Web, text: str) -> None:
    film = add_film(web, "a")[0].id

    answer = web.post(f"/radiographs/{film}/comments", json={"text": text})

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "text"
    assert web.rows.tables.comments == {}


@pytest.mark.parametrize(
    "text", ["?", "é", "e\u0301", "नमस्ते", "\u0645\u06cc\u200c\u062e\u0648", "🫁", "\u200bx"]
)
def test_a_comment_that_shows_anything_is_kept_as_it_is(web: Web, text: str) -> None:
    film = add_film(web, "a")[0].id

    answer = web.post(f"/radiographs/{film}/comments", json={"text": text})

    assert (answer.status_code, answer.json["text"]) == (201, text)


def test_names_and_labels_that_show_nothing_are_refused_too(web: Web) -> None:
    account = web.accounts["viewer"].id
    new = {"name": "\u200b", "role": "viewer", "password": "a long password"}

    assert web.post("/accounts", json=new).status_code == 422
    assert web.post(f"/accounts/{account}/tokens", json={"label": "\u2800"}).status_code == 422


def test_the_document_forbids_what_the_rules_forbid(web: Web) -> None:
    schemas = web.client().get("/api/v1/openapi.json").json["components"]["schemas"]

    labels = schemas["ReadingIn"]["properties"]["labels"]
    assert list(labels["properties"]) == list(FINDINGS)
    assert labels["additionalProperties"] is False
    assert labels["minProperties"] == 1
    assert {tuple(verdict["enum"]) for verdict in labels["properties"].values()} == {(1, 0, -1)}
    assert schemas["CommentIn"]["properties"]["text"]["maxLength"] == 4000
    taken = [name for name in schemas if name.endswith("In")]
    assert len(taken) >= 11
    assert all(schemas[name]["additionalProperties"] is False for name in taken)


def test_depositing_stands_in_the_document_with_its_fields_answers_and_limits(web: Web) -> None:
    document = web.client().get("/api/v1/openapi.json").json
    both = document["paths"]["/api/v1/radiographs"]

    assert {"get", "post"} <= set(both)
    body = both["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(body["required"]) == {"files", "statement"}
    assert body["additionalProperties"] is False
    assert body["properties"]["files"]["maxItems"] == 100
    assert "64 MiB each" in body["properties"]["files"]["description"]
    said = {"patient", "exam_date", "view", "source", "licence", "sharing"}
    assert said <= set(body["properties"])
    patient = body["properties"]["patient"]["anyOf"][0]
    assert patient["pattern"] == r"^[^\x00-\x1f\x7f\\]+$"
    assert {"202", "401", "403", "413", "415", "422", "503"} <= set(both["post"]["responses"])
