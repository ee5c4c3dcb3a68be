"""Verdicts and comments by the API."""

import json

import pytest

from store.records import Role
from tests.web.conftest import Web
from tests.web.library import add_film

VERDICTS = {"labels": {"Edema": 1, "Pneumonia": -1, "Fracture": 0}, "answer_visible": True}


def test_a_reading_is_saved_whole_with_one_event_per_verdict(web: Web) -> None:
    film = add_film(web, "a")[0].id

    answer = web.post(
        f"/radiographs/{film}/validations", "radiologist", json={**VERDICTS, "model": "starter/1"}
    )

    assert answer.status_code == 201
    reading = web.rows.tables.readings[0]
    assert answer.json["id"] == str(reading.id)
    assert set(answer.json["validations"]) == {"Edema", "Pneumonia", "Fracture"}
    events = [
        json.loads(row.value) for row in web.rows.outbox.messages
        if row.topic == "validation.recorded"
    ]  # fmt: skip
    assert {(row["finding"], row["label"]) for row in events} == {
        ("Edema", 1),
        ("Pneumonia", -1),
        ("Fracture", 0),
    }
    assert {row["model"] for row in events} == {"starter/1"}
    assert {row["reader"] for row in events} == {web.accounts["radiologist"].pseudonym}


@pytest.mark.parametrize("said", [1, "1", "starter/1"])
def test_the_model_may_be_named_by_its_version_or_its_label(web: Web, said: int | str) -> None:
    film = add_film(web, "a")[0].id

    web.post(f"/radiographs/{film}/validations", json={**VERDICTS, "model": said})

    assert web.rows.tables.readings[0].model == "starter/1"


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {}},
        {"labels": {"Oedema": 1}},
        {"labels": {"Edema": 2}},
        {"labels": {"Edema": 0.5}},
        {"labels": {"Edema": None}},
        {"labels": ["Edema"]},
        {"answer_visible": "perhaps"},
        {"answer_visible": None},
        {"model": "unheard/9"},
        {"model": 9},
        {"colour": "red"},
    ],
)
def test_a_reading_that_means_nothing_is_refused_and_nothing_is_saved(
    web: Web, change: dict[str, object]
) -> None:
    film = add_film(web, "a")[0].id

    answer = web.post(f"/radiographs/{film}/validations", json={**VERDICTS, **change})

    assert answer.status_code == 422
    assert web.rows.tables.readings == []


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"null"])
def test_a_body_that_is_not_the_json_wanted_is_refused(web: Web, body: bytes) -> None:
    film = add_film(web, "a")[0].id

    answer = web.post(
        f"/radiographs/{film}/validations", data=body, content_type="application/json"
    )

    assert answer.status_code == 422


@pytest.mark.parametrize("what", ["validations", "comments"])
def test_nobody_speaks_of_an_unknown_film(web: Web, what: str) -> None:
    body = VERDICTS if what == "validations" else {"text": "x"}

    assert web.post(f"/radiographs/{'0' * 64}/{what}", json=body).status_code == 404


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("radiologist", 201), ("steward", 201), ("admin", 201)]
)
@pytest.mark.parametrize("what", ["validations", "comments"])
def test_every_role_but_viewer_speaks(web: Web, role: Role, status: int, what: str) -> None:
    film = add_film(web, "a")[0].id
    body = VERDICTS if what == "validations" else {"text": "Bien vu."}

    assert web.post(f"/radiographs/{film}/{what}", role, json=body).status_code == status


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_a_comment_without_words_or_with_too_many_is_refused(web: Web, text: str) -> None:
    film = add_film(web, "a")[0].id

    assert web.post(f"/radiographs/{film}/comments", json={"text": text}).status_code == 422


def test_the_event_of_a_comment_has_its_id_and_no_words(web: Web) -> None:
    film = add_film(web, "a")[0].id

    added = web.post(f"/radiographs/{film}/comments", json={"text": "un secret"}).json

    said = next(row for row in web.rows.outbox.messages if row.topic == "comment.recorded")
    assert json.loads(said.value)["comment"] == added["id"]
    assert b"secret" not in said.value


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("steward", 204), ("admin", 204)])
def test_a_comment_is_removed_by_its_author_or_a_steward(
    web: Web, role: Role, status: int
) -> None:
    film = add_film(web, "a")[0].id
    path = f"/radiographs/{film}/comments"
    mine, other = (web.post(path, "radiologist", json={"text": "x"}).json["id"] for _ in "ab")

    assert web.call("DELETE", f"/comments/{mine}", "radiologist").status_code == 204
    assert web.call("DELETE", f"/comments/{other}", role).status_code == status
    assert web.call("DELETE", f"/comments/{mine}").status_code == 404
