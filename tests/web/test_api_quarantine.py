"""Quarantine over the API and on its page: what a steward sees and decides, and nobody else."""

from datetime import UTC, datetime

import pytest

from schemas.envelope import from_record
from schemas.events import ObjectUploaded
from store.ports import held_key
from store.records import Drop, Receipt, Role
from tests.web.conftest import Web

PICTURE = b"\xff\xd8 a picture"


@pytest.fixture
def held(web: Web) -> Receipt:
    return hold(web, "films/Dupont.dcm", "Dupont.dcm")


def hold(web: Web, key: str, filename: str | None = None, site: str = "local") -> Receipt:
    depositor = web.accounts["radiologist"].id
    drop = Drop("dropzone", key, "v", 9, "first", site, "upload", filename, depositor)
    [receipt] = web.rows.receipts.open_many([drop])
    web.objects.put("quarantine", held_key(receipt.id, "display"), PICTURE)
    web.rows.quarantine.hold(
        receipt,
        code="burned-in",
        wanted="a film without text in its pixels",
        came="one that says it has some (BurnedInAnnotation)",
        events=[],
    )
    return web.rows.tables.receipts[receipt.id]


def test_a_steward_sees_what_waits_and_why(web: Web, held: Receipt) -> None:
    hold(web, "far", site="elsewhere")
    answer = web.get("/quarantine", "steward", headers={"Accept-Language": "fr"})
    [row] = answer.json["items"]
    assert (row["id"], row["state"], row["reason"]["code"]) == (
        str(held.id),
        "quarantined",
        "burned-in",
    )
    assert "attendu un cliché sans texte dans ses pixels" in row["reason"]["message"]
    assert web.get(f"/quarantine?after={held.id}", "steward").json["items"] == []


def test_its_picture_is_shown_to_a_steward_kept_nowhere_and_audited(
    web: Web, held: Receipt
) -> None:
    answer = web.get(f"/receipts/{held.id}/picture", "steward")
    assert answer.data == PICTURE
    assert answer.headers["Cache-Control"] == "no-store"
    [row] = [row for row in web.rows.tables.audit if row.action == "quarantine.opened"]
    assert row.subject == str(held.id)


@pytest.mark.parametrize("role", ["viewer", "radiologist"])
def test_others_see_and_decide_nothing(web: Web, held: Receipt, role: Role) -> None:
    assert web.get("/quarantine", role).status_code == 403
    assert web.get(f"/receipts/{held.id}/picture", role).status_code == 403
    assert web.post(f"/receipts/{held.id}/release", role, json={}).status_code == 403
    assert web.post(f"/receipts/{held.id}/refuse", role, json={"note": "x"}).status_code == 403
    assert web.rows.tables.receipts[held.id].state == "quarantined"


def test_a_film_is_let_pass_with_parts_blacked_out(web: Web, held: Receipt) -> None:
    part = {"left": 0.1, "top": 0, "width": 0.9, "height": 0.25}
    answer = web.post(f"/receipts/{held.id}/release", "steward", json={"black_out": [part]})
    assert answer.status_code == 204
    known = web.rows.tables.receipts[held.id]
    assert (known.state, known.black_out) == ("received", ((0.1, 0.0, 0.9, 0.25),))
    said = web.rows.outbox.messages[-1]
    headers = {name: value.encode() for name, value in said.headers.items()}
    event = from_record(said.topic, headers, said.value).event
    assert isinstance(event, ObjectUploaded)
    assert event.receipt == held.id
    again = web.post(f"/receipts/{held.id}/release", "steward", json={})
    assert again.status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"black_out": [{"left": 0.5, "top": 0, "width": 0.6, "height": 0.1}]},
        {"black_out": [{"left": 0, "top": 0, "width": 0, "height": 0.1}]},
        {"black_out": [{"left": -1, "top": 0, "width": 0.1, "height": 0.1}]},
        {"black_out": [{"left": 0, "top": 0, "width": 0.1}]},
        {"black_out": "everything"},
    ],
)
def test_a_part_that_is_none_of_the_film_is_refused(web: Web, held: Receipt, body: object) -> None:
    assert web.post(f"/receipts/{held.id}/release", "steward", json=body).status_code == 422
    assert web.rows.tables.receipts[held.id].state == "quarantined"


def test_a_refusal_says_why_to_its_depositor(web: Web, held: Receipt) -> None:
    answer = web.post(f"/receipts/{held.id}/refuse", "steward", json={"note": "nom lisible"})
    assert answer.status_code == 204
    told = web.get(f"/receipts/{held.id}", "radiologist", headers={"Accept-Language": "fr"}).json
    assert told["reason"]["code"] == "refused"
    assert told["reason"]["message"].endswith("« nom lisible »")
    assert web.get(f"/receipts/{held.id}", "viewer").status_code == 404


@pytest.mark.parametrize("note", ["", "   ", "x" * 501])
def test_a_refusal_without_a_reason_is_refused(web: Web, held: Receipt, note: str) -> None:
    answer = web.post(f"/receipts/{held.id}/refuse", "steward", json={"note": note})
    assert answer.status_code == 422


def test_what_does_not_wait_has_no_picture(web: Web, held: Receipt) -> None:
    web.post(f"/receipts/{held.id}/release", "steward", json={})
    assert web.get(f"/receipts/{held.id}/picture", "steward").status_code == 409
    assert datetime.now(UTC) >= held.updated_at
