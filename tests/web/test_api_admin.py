"""Accounts, tokens, dead letters and the system by the API: who may do what."""

import time
from uuid import UUID, uuid4

import pytest

from store.records import Letter, Role
from tests.fakes.rows_tables import now
from tests.web.conftest import ROLES, Web

NEW = {"name": "Dr Nouveau", "role": "radiologist", "password": "a long enough one"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/accounts", None),
        ("POST", "/accounts", NEW),
        ("PUT", "/accounts/{other}/role", {"role": "viewer"}),
        ("PUT", "/accounts/{other}/password", {"password": "a long enough one"}),
        ("POST", "/accounts/{other}/tokens", {"label": "program"}),
        ("DELETE", "/accounts/{other}", None),
    ],
)
def test_only_admins_manage_accounts(
    web: Web, role: Role, method: str, path: str, body: dict[str, str] | None
) -> None:
    other = web.rows.accounts.add("other", "viewer", "hash", by=web.accounts["admin"].id)

    answer = web.call(method, path.format(other=other.id), role, json=body)

    assert (answer.status_code < 300) == (role == "admin"), answer.data
    if role != "admin":
        assert answer.status_code == 403


def test_a_new_account_signs_in_with_its_password_and_a_new_token_works(web: Web) -> None:
    added = web.post("/accounts", json=NEW).json
    token = web.post(f"/accounts/{added['id']}/tokens", json={"label": "script"}).json

    answer = web.get("/account", None, headers={"Authorization": f"Bearer {token['token']}"})

    assert answer.json["name"] == "Dr Nouveau"
    kept = web.rows.tables.hashes[UUID(added["id"])]
    assert kept.startswith("$argon2id$")
    assert token["token"] not in str(web.rows.tables.tokens)
    assert web.call("DELETE", f"/tokens/{token['id']}").status_code == 204
    again = web.get("/account", None, headers={"Authorization": f"Bearer {token['token']}"})
    assert again.status_code == 401


@pytest.mark.parametrize(
    "change", [{"password": "short"}, {"role": "king"}, {"name": ""}, {"other": 1}]
)
def test_an_account_that_cannot_be_is_refused(web: Web, change: dict[str, object]) -> None:
    assert web.post("/accounts", json={**NEW, **change}).status_code == 422


def test_a_name_that_is_taken_is_a_conflict(web: Web) -> None:
    web.post("/accounts", json=NEW)

    answer = web.post("/accounts", json=NEW)

    assert (answer.status_code, answer.json["code"]) == (409, "conflict")


def test_the_last_admin_stays(web: Web) -> None:
    me = web.accounts["admin"].id

    assert web.call("DELETE", f"/accounts/{me}").status_code == 409
    assert web.call("PUT", f"/accounts/{me}/role", json={"role": "viewer"}).status_code == 409


def test_everybody_changes_the_own_password_and_makes_the_own_tokens(web: Web) -> None:
    me = web.accounts["viewer"].id
    body = {"password": "a long enough one"}

    assert web.call("PUT", f"/accounts/{me}/password", "viewer", json=body).status_code == 204
    made = web.post(f"/accounts/{me}/tokens", "viewer", json={"label": "mine"})
    assert made.status_code == 201


def test_what_is_not_there_is_not_found(web: Web) -> None:
    assert web.call("DELETE", f"/accounts/{uuid4()}").status_code == 404
    assert web.call("DELETE", f"/tokens/{uuid4()}").status_code == 404
    assert web.call("DELETE", "/tokens/nothing").status_code == 404


@pytest.fixture
def letter(web: Web) -> str:
    """Return an open dead letter."""
    row = Letter(
        id=uuid4(), topic="object.created", partition=0, offset=7, group="ingest",
        key=b"dropzone/Durand.png", headers=(), value=b"{broken", reason="not JSON",
        attempts=1, state="open", recorded_at=now(),
    )  # fmt: skip
    web.rows.letters.add(row, [])
    return str(row.id)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/dead-letters"),
        ("GET", "/dead-letters/{letter}"),
        ("POST", "/dead-letters/{letter}/replay"),
        ("POST", "/dead-letters/{letter}/discard"),
    ],
)
def test_stewards_and_admins_see_and_decide_dead_letters(
    web: Web, letter: str, role: Role, method: str, path: str
) -> None:
    answer = web.call(method, path.format(letter=letter), role)

    assert answer.status_code == (200 if role in {"steward", "admin"} else 403)


def test_a_dead_letter_is_shown_without_its_key_and_replayed_once(web: Web, letter: str) -> None:
    item = web.get("/dead-letters").json["items"][0]
    assert (item["topic"], item["offset"], item["size"]) == ("object.created", 7, 7)
    assert b"Durand" not in web.get("/dead-letters").data

    assert web.post(f"/dead-letters/{letter}/replay").json["state"] == "replayed"

    record = next(iter(web.rows.tables.outbox.values()))
    assert (record.value, record.headers) == (b"{broken", (("replay-for", b"ingest"),))
    assert web.post(f"/dead-letters/{letter}/replay").status_code == 409
    assert web.get("/dead-letters").json["items"] == []
    assert len(web.get("/dead-letters?state=all").json["items"]) == 1
    assert web.get("/dead-letters?state=odd").status_code == 422
    assert web.post(f"/dead-letters/{uuid4()}/replay").status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_everybody_signed_in_sees_the_state_of_the_system(web: Web, role: Role) -> None:
    web.status["dead_letters"] = 3

    assert web.get("/system", role).json["dead_letters"] == 3


def test_a_stranger_does_not_see_the_state_of_the_system(web: Web) -> None:
    assert web.get("/system", None).status_code == 401


def test_with_postgres_down_the_system_answers_whoever_was_verified_before(web: Web) -> None:
    web.get("/account", "viewer")
    web.rows.down = True
    known = web.app.extensions["radiotheque.accounts"]
    known._clock = lambda: time.monotonic() + 60  # no longer fresh

    assert web.get("/system", "viewer").status_code == 200
    assert web.get("/system", "steward").status_code == 503  # never seen by this process
    assert web.get("/radiographs", "viewer").status_code == 503


def test_a_token_seen_over_an_hour_ago_sees_nothing_while_postgres_is_down(web: Web) -> None:
    web.get("/account", "viewer")
    web.rows.down = True
    known = web.app.extensions["radiotheque.accounts"]
    known._clock = lambda: time.monotonic() + 3700

    assert web.get("/system", "viewer").status_code == 503
