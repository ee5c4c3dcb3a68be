"""Who is asking: sessions, tokens, and what each is worth."""

import time
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask, request, session
from limits import parse

from store.records import Role
from tests.web.conftest import PASSWORD, ROLES, Answer, Browser, Web, build
from web import accounts, auth, limits
from web.accounts import KnownAccounts, hash_password, password_fits, token_hash


def add_doors(app: Flask) -> None:
    """Add the plainest sign-in, so that these tests need no page."""

    @app.get("/door")
    def door() -> dict[str, Any]:
        from flask_wtf.csrf import generate_csrf

        account = auth.account_or_none()
        return {"csrf": generate_csrf(), "name": account.name if account else None}

    @app.post("/door")
    def enter() -> tuple[dict[str, Any], int]:
        account = auth.sign_in(request.form["name"], request.form["password"])
        return {"name": account.name if account else None}, 200 if account else 422

    @app.post("/door/out")
    def leave() -> dict[str, Any]:
        auth.sign_out()
        return {}

    @app.get("/door/session")
    def look() -> dict[str, Any]:
        return dict(session)


@pytest.fixture(scope="module")
def password_hash() -> str:
    # The real hash costs 50 ms and 64 MiB on purpose; a hash says itself what it costs.
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
def house(web: Web, password_hash: str) -> Web:
    """Return the application with a plain door, and real passwords."""
    add_doors(web.app)
    for account in web.accounts.values():
        web.rows.tables.hashes[account.id] = password_hash
    return web


def csrf(client: Browser) -> str:
    """Return the session's CSRF token."""
    token: str = client.get("/door").json["csrf"]
    return token


def enter(client: Browser, name: str, password: str = PASSWORD, **more: Any) -> Answer:
    form = {"name": name, "password": password, "csrf_token": csrf(client)}
    return client.post("/door", data=form, **more)


def test_a_person_signs_in_and_is_known_to_the_api(house: Web) -> None:
    browser = house.client()

    assert enter(browser, "A Radiologist").json == {"name": "a radiologist"}

    assert browser.get("/api/v1/account").json["role"] == "radiologist"
    assert house.rows.tables.audit[-1].action == "sign-in"


@pytest.mark.parametrize(("name", "password"), [("a viewer", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_look_the_same(
    house: Web, name: str, password: str
) -> None:
    browser = house.client()

    answer = enter(browser, name, password)

    assert (answer.status_code, answer.json) == (422, {"name": None})
    assert browser.get("/api/v1/account").status_code == 401
    assert house.rows.tables.audit[-1].action == "sign-in.refused"


def test_an_unknown_name_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    class Hasher:
        def verify(self, password_hash: str, password: str) -> bool:
            assert password
            checked.append(password_hash)
            return True

    monkeypatch.setattr(accounts, "_hasher", Hasher())

    # Even a hash that happened to fit would not open: there is no account behind it.
    assert password_fits("anything", None) is False
    assert checked == [accounts._NOBODY]
    assert accounts._NOBODY.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_signing_in_drops_the_session_there_was(house: Web) -> None:
    browser = house.client()
    before = csrf(browser)
    with browser.session_transaction() as planted:
        planted["planted"] = "by somebody else"
        planted["language"] = "en"

    enter(browser, "a viewer")

    after = browser.get("/door/session").json
    assert "planted" not in after
    assert after["language"] == "en"
    assert csrf(browser) != before
    old = browser.post("/door/out", headers={"X-CSRFToken": before})
    assert old.status_code == 403


def test_the_cookie_is_httponly_samesite_and_ends(house: Web) -> None:
    browser = house.client()

    cookie = enter(browser, "a viewer").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires=" in cookie
    assert "Secure" not in cookie


def test_behind_tls_the_cookie_is_secure(tmp_path: Any) -> None:
    web = build(tmp_path, web_secure_cookies=True)
    add_doors(web.app)

    cookie = web.client().get("/door", base_url="https://localhost").headers["Set-Cookie"]

    assert "Secure" in cookie


def test_a_session_ends_after_its_time_however_busy(
    house: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = house.client()
    enter(browser, "a viewer")
    later = time.time() + auth.SESSION_S + 1

    monkeypatch.setattr(time, "time", lambda: later)

    assert browser.get("/api/v1/account").status_code == 401


def test_signing_out_ends_the_session(house: Web) -> None:
    browser = house.client()
    enter(browser, "a viewer")

    browser.post("/door/out", headers={"X-CSRFToken": csrf(browser)})

    assert browser.get("/api/v1/account").status_code == 401


def test_a_removed_account_is_out_at_once_where_it_was_removed(house: Web) -> None:
    browser = house.client()
    enter(browser, "a viewer")

    gone = house.accounts["viewer"].id
    assert house.call("DELETE", f"/accounts/{gone}").status_code == 204

    assert browser.get("/api/v1/account").status_code == 401
    assert house.get("/account", "viewer").status_code == 401


@pytest.mark.parametrize("role", ROLES)
def test_a_token_is_its_account(web: Web, role: Role) -> None:
    assert web.get("/account", role).json["id"] == str(web.accounts[role].id)


@pytest.mark.parametrize(
    "header", ["Bearer nothing", "Bearer", "Bearer ", "Basic YTpi", "rad_token", "bearer  x y"]
)
def test_a_token_that_nobody_has_is_401_with_how_to_do_better(web: Web, header: str) -> None:
    answer = web.get("/account", None, headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json["code"] == "not-signed-in"


def test_a_request_with_a_token_never_leans_on_the_cookie(house: Web) -> None:
    browser = house.client()
    enter(browser, "a admin")

    wrong = browser.get("/api/v1/account", headers={"Authorization": "Bearer wrong"})
    other = browser.get(
        "/api/v1/account", headers={"Authorization": f"Bearer {house.tokens['viewer']}"}
    )

    assert wrong.status_code == 401
    assert other.json["role"] == "viewer"
    assert "Set-Cookie" not in other.headers


def test_an_unsafe_request_of_a_session_needs_its_csrf_token(house: Web) -> None:
    browser = house.client()
    enter(browser, "a admin")
    body = {"name": "new", "role": "viewer", "password": "long enough indeed"}

    refused = browser.post("/api/v1/accounts", json=body)
    wrong = browser.post("/api/v1/accounts", json=body, headers={"X-CSRFToken": "x"})
    done = browser.post("/api/v1/accounts", json=body, headers={"X-CSRFToken": csrf(browser)})

    assert (refused.status_code, refused.json["code"]) == (403, "csrf")
    assert wrong.status_code == 403
    assert done.status_code == 201


def test_a_request_sent_by_another_site_is_refused_even_with_a_token_of_the_session(
    house: Web,
) -> None:
    browser = house.client()
    enter(browser, "a admin")
    headers = {"X-CSRFToken": csrf(browser), "Sec-Fetch-Site": "cross-site"}

    assert browser.post("/door/out", headers=headers).status_code == 403


def test_a_form_needs_its_csrf_field(house: Web) -> None:
    answer = house.client().post("/door", data={"name": "a viewer", "password": PASSWORD})

    assert answer.status_code == 403


def test_the_eleventh_try_in_a_minute_waits(house: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "password_fits", lambda *_: False)
    browser = house.client()

    answers = [enter(browser, "a viewer", "guess") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert enter(browser, "a steward", "guess").status_code == 422


def test_an_address_that_tries_many_names_waits_too(
    house: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "password_fits", lambda *_: False)
    monkeypatch.setattr(limits, "ADDRESS", parse("1000/second"))
    browser = house.client()
    token = csrf(browser)

    answers = [
        browser.post("/door", data={"name": f"n{n}", "password": "p", "csrf_token": token})
        for n in range(61)
    ]

    assert answers[-1].status_code == 429
    assert answers[-2].status_code == 422


def test_an_account_is_asked_of_the_rows_once_in_a_few_seconds(web: Web) -> None:
    class Counted:
        def __init__(self) -> None:
            self.asked = 0

        def by_token(self, digest: bytes) -> Any:
            self.asked += 1
            return web.rows.accounts.by_token(digest)

    now = [0.0]
    counted = Counted()
    known = KnownAccounts(counted, clock=lambda: now[0])  # type: ignore[arg-type]
    token = web.tokens["viewer"]

    assert known.by_token(token) == web.accounts["viewer"]
    assert known.by_token(token) == web.accounts["viewer"]
    assert counted.asked == 1
    now[0] = accounts.FRESH_S + 0.1
    known.by_token(token)
    assert counted.asked == 2
    assert known.by_token("guess") is None
    assert known.by_token("guess") is None
    assert counted.asked == 4


def test_a_token_removed_elsewhere_is_out_after_a_few_seconds(web: Web) -> None:
    now = [0.0]
    known = KnownAccounts(web.rows.accounts, clock=lambda: now[0])
    assert known.by_token(web.tokens["viewer"])
    digest = token_hash(web.tokens["viewer"])
    number = next(key for key, row in web.rows.tables.tokens.items() if row[1] == digest)

    web.rows.accounts.remove_token(number, by=web.accounts["admin"].id)
    now[0] = accounts.FRESH_S + 0.1

    assert known.by_token(web.tokens["viewer"]) is None


def test_a_password_is_hashed_by_argon2id_and_a_short_one_is_refused() -> None:
    made = hash_password(PASSWORD)

    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert password_fits(PASSWORD, made)
    assert not password_fits(PASSWORD + "!", made)
    with pytest.raises(ValueError, match=r"wanted .* 12 to 256 characters, came 5"):
        hash_password("short")
