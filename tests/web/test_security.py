"""Headers, limits, errors, health, and the document that describes the API."""

import json
from pathlib import Path
from typing import Any

import pytest
from limits import parse

from schemas.errors import Conflict, Dead, Forbidden, NotFound, Unavailable
from store.records import Role
from tests.web.conftest import Web
from web import limits, problems
from web.problems import Problem

OPENAPI = Path(problems.__file__).parent / "openapi.json"


@pytest.mark.parametrize(
    "path", ["/healthz", "/nowhere", "/api/v1/radiographs", "/api/v1/openapi.json"]
)
def test_every_answer_forbids_what_is_not_ours(web: Web, path: str) -> None:
    headers = web.client().get(path).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_token_over_its_share_is_told_to_wait_whole_seconds(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TOKEN", parse("3/minute"))

    answers = [web.get("/account", "viewer") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["Retry-After"].isdigit()
    assert answers[-1].json["code"] == "too-many-requests"
    assert web.get("/account", "steward").status_code == 200


def test_a_token_gets_at_least_the_two_hundred_a_second_that_are_promised() -> None:
    assert limits.TOKEN.amount / limits.TOKEN.get_expiry() >= 200


def test_health_is_never_counted(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADDRESS", parse("1/minute"))

    assert {web.client().get("/healthz").status_code for _ in range(5)} == {200}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Forbidden("secret"), 403),
        (NotFound("secret"), 404),
        (Conflict("secret"), 409),
        (Dead("secret"), 422),
        (Unavailable("postgres", "secret"), 503),
        (RuntimeError("secret"), 500),
        (Problem(418, "I am a teapot"), 418),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/try", "/try"])
def test_every_error_has_its_answer_and_no_private_word(
    web: Web, error: Exception, status: int, path: str
) -> None:
    def fail() -> str:
        raise error

    web.app.add_url_rule(path, "try", fail)

    answer = web.client().get(path)

    assert answer.status_code == status
    assert b"secret" not in answer.data
    assert b"Traceback" not in answer.data
    if path.startswith("/api"):
        assert answer.content_type == "application/problem+json"
        assert {"type", "title", "status", "detail", "code"} <= set(answer.json)
        assert answer.json["status"] == status
    else:
        assert answer.content_type.startswith("text/html")
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/nothing", 404), ("PATCH", "/api/v1/accounts", 405)],
)
def test_an_address_or_method_that_is_not_there_is_a_problem_too(
    web: Web, method: str, path: str, status: int
) -> None:
    answer = web.call(method, path.removeprefix("/api/v1"))

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_a_body_over_the_limit_of_ordinary_requests_is_413(web: Web) -> None:
    answer = web.post("/accounts", data=bytes(2 << 20), content_type="application/json")

    assert answer.status_code == 413


def test_alive_says_only_that_and_ready_says_which_store_is_down(web: Web) -> None:
    client = web.client()
    assert client.get("/readyz").json == {"status": "ready", "down": []}

    web.rows.down = True
    waiting = client.get("/readyz")
    assert (waiting.status_code, waiting.json["down"]) == (503, ["postgres"])
    web.objects.down = True
    assert client.get("/readyz").json["down"] == ["postgres", "minio"]
    assert client.get("/healthz").status_code == 200


def test_metrics_count_by_endpoint_and_never_by_path(web: Web) -> None:
    web.get("/radiographs/" + "a" * 64)

    text = web.client().get("/metrics").text

    assert 'endpoint="api_films.read",method="GET",status="404"' in text
    assert "aaaa" not in text


def test_the_checked_in_openapi_document_is_the_one_that_is_served(web: Web) -> None:
    served = web.client().get("/api/v1/openapi.json").json

    assert served["openapi"].startswith("3.1")
    assert json.loads(OPENAPI.read_text()) == served, (
        "run: .venv/bin/python -m web.describe > web/openapi.json"
    )


def test_every_operation_of_the_document_needs_an_account_and_names_its_problems(
    web: Web,
) -> None:
    document = web.client().get("/api/v1/openapi.json").json

    operations: list[dict[str, Any]] = [
        operation for path in document["paths"].values() for operation in path.values()
    ]
    assert len(operations) >= 24
    for operation in operations:
        assert {"401", "403", "404", "422", "429", "503"} <= set(operation["responses"])
        assert operation["security"] == [{"token": []}, {"session": []}]


@pytest.mark.parametrize("role", [None])
def test_no_operation_answers_a_stranger(web: Web, role: Role | None) -> None:
    document = web.client().get("/api/v1/openapi.json").json

    for path, operations in document["paths"].items():
        for method in operations:
            address = path.replace("{film}", "0" * 64).replace("{id}", "x")
            answer = web.client().open(
                address, method=method.upper(), headers={"Authorization": "Bearer no"}
            )
            assert answer.status_code == 401, (method, path, role)
