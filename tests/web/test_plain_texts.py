"""No text of a request reaches the rows with what none keeps, or what misleads its readers."""

import io
import json
from urllib.parse import quote
from uuid import UUID

import pytest

from schemas.provenance import STATEMENT_VERSION
from store.records import Drop
from tests.web.conftest import Web
from web.uploads import plain_name

ODD = ("\0", "\u202e", "\u2066", "\x1b", "\uffff")
ID = UUID("6f0c2c5e-2f5b-5d0e-9a43-7d6d1a6f3b11")
FILM = "0" * 64
BODIES: dict[str, dict[str, object]] = {
    f"/radiographs/{FILM}/comments": {"text": "a{odd}"},
    "/accounts": {"name": "a{odd}", "role": "viewer", "password": "x" * 20},
    f"/accounts/{ID}/tokens": {"label": "a{odd}"},
    f"/receipts/{ID}/refuse": {"note": "a{odd}"},
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("path", BODIES)
def test_words_with_what_no_row_keeps_are_refused_by_their_field(
    web: Web, path: str, odd: str
) -> None:
    body = json.dumps(BODIES[path]).replace("{odd}", json.dumps(odd)[1:-1])
    answer = web.post(path, data=body, content_type="application/json")
    assert answer.status_code == 422
    [error] = answer.json["errors"]
    assert error["field"] in {"text", "name", "label", "note"}
    assert "wanted plain text, came" in error["message"]


@pytest.mark.parametrize("path", BODIES)
def test_half_a_surrogate_pair_is_no_json(web: Web, path: str) -> None:
    body = json.dumps(BODIES[path]).replace("{odd}", "\\ud800")
    answer = web.post(path, data=body, content_type="application/json")
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("asked", ["key=a%00", "key=a&bucket=a%00", "key=a&bucket=a%E2%80%AE"])
def test_a_receipt_is_not_looked_for_by_what_no_object_is_called(web: Web, asked: str) -> None:
    assert web.get(f"/receipts?{asked}", "steward").status_code == 422


@pytest.mark.parametrize("odd", [*ODD[1:], "\n"])
def test_a_receipt_is_looked_for_by_its_key_as_it_is(web: Web, odd: str) -> None:
    key = f"s1/k-bidi/a{odd}gnp.png"
    drop = Drop("dropzone", key, "1", 9, "bulk", "local", "bucket")
    [receipt] = web.rows.receipts.open_many([drop])
    answer = web.get(f"/receipts?key={quote(key)}", "steward")
    assert [item["id"] for item in answer.json["items"]] == [str(receipt.id)]


@pytest.mark.parametrize("odd", ODD)
def test_a_deposits_words_are_refused_by_their_field_and_what_came_is_unsaid(
    web: Web, odd: str
) -> None:
    fields = {"statement": STATEMENT_VERSION, "patient": f"Dupont{odd}"}
    answer = web.post("/radiographs", data={**fields, "files": (io.BytesIO(b"film"), "a.png")})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "patient"
    assert "Dupont" not in answer.text
    assert web.objects.keys("dropzone") == []


def test_a_files_name_is_shown_without_what_misleads() -> None:
    assert plain_name("C:\\films\\gnp\u202e.exe\ud800\0") == "gnp.exe"
    assert plain_name("\u202e") == "film"
    assert plain_name("x" * 300) == "x" * 255


@pytest.mark.parametrize("odd", [*ODD, "\ud800"])
def test_nobody_is_called_what_no_row_can_hold(web: Web, odd: str) -> None:
    browser = web.client()
    page = browser.get("/connexion").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    name = f"a{odd}".encode(errors="surrogatepass")
    answer = browser.post(
        "/connexion",
        data={"name": name, "password": "x", "csrf_token": token},
    )
    assert answer.status_code == 422
