"""The JSON of answers: what it takes, and what it refuses."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask

from tests.web.conftest import Web
from web.answers import OrJson


def test_what_views_return_is_written_as_json_has_it() -> None:
    written = OrJson(Flask("told")).dumps(
        {
            "é": "œdème",
            "id": UUID(int=1),
            "at": datetime(2026, 11, 26, 12, tzinfo=UTC),
            "score": 0.1,
            "none": float("nan"),
        }
    )
    assert json.loads(written) == {
        "é": "œdème",
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-11-26T12:00:00+00:00",
        "score": 0.1,
        "none": None,
    }
    assert "œdème" in written


def test_what_json_has_no_form_of_is_an_error_and_so_is_an_option() -> None:
    mine = OrJson(Flask("told"))
    with pytest.raises(TypeError):
        mine.dumps({"raw": b"bytes"})
    with pytest.raises(TypeError, match="wanted no option but sort_keys, came indent"):
        mine.dumps({}, indent=1)


def test_flask_s_sessions_and_templates_ask_for_what_it_does() -> None:
    mine = OrJson(Flask("told"))
    assert mine.dumps({"b": 1, "a": [1, 2]}, separators=(",", ":")) == '{"b":1,"a":[1,2]}'
    assert mine.dumps({"b": 1, "a": 2}, sort_keys=True) == '{"a":2,"b":1}'


@pytest.mark.parametrize("text", ['{"a": NaN}', "{", ""])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        OrJson(Flask("told")).loads(text)


def test_the_application_answers_by_it(web: Web) -> None:
    assert isinstance(web.app.json, OrJson)
    assert web.get("/radiographs").get_json()["items"] == []
