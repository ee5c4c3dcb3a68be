"""The application on the real stores: what fakes cannot show of roles, versions and signals."""

import json
from collections.abc import Iterator
from uuid import UUID

import pytest

from store.rows import connect
from store.settings import Settings
from tests.web.conftest import CHEAP_HASH, Answer, Browser
from tests.web.test_api_uploads import MULTIPART, body_of
from tests.web.test_live import events
from web.accounts import new_token, token_hash
from web.app import create_app, open_deps

pytestmark = pytest.mark.services


class RealWeb:
    """The application on real stores, with an admin's and a radiologist's token."""

    def __init__(self, settings: Settings) -> None:
        operator = connect(settings.model_copy(update={"postgres_user": "radiotheque_operator"}))
        admin = operator.accounts.add("the admin", "admin", CHEAP_HASH, by=None)
        reader = operator.accounts.add("the reader", "radiologist", CHEAP_HASH, by=admin.id)
        self.tokens = {"admin": new_token(), "radiologist": new_token()}
        for account, role in ((admin, "admin"), (reader, "radiologist")):
            digest = token_hash(self.tokens[role])
            operator.accounts.add_token(account.id, digest, "test", by=admin.id)
        operator.close()
        self.reader = reader
        self.deps = open_deps(settings, dict)
        self.app = create_app(settings, self.deps)
        self.app.test_client_class = Browser

    def open(self, method: str, path: str, role: str = "radiologist", **more: object) -> Answer:
        """Ask with a role's token."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        client: Browser = self.app.test_client()  # type: ignore[assignment]  # a Browser
        return client.open(path, method=method, headers=headers, **more)


@pytest.fixture(scope="module")
def real(module_settings: Settings) -> Iterator[RealWeb]:
    """Return the application on this module's own database and buckets."""
    web = RealWeb(module_settings)
    yield web
    web.deps.rows.close()


def upload(real: RealWeb, content: bytes) -> str:
    answer = real.open(
        "POST", "/api/v1/radiographs", data=body_of(("a.png", content)), content_type=MULTIPART
    )
    assert answer.status_code == 202, answer.data
    receipt: str = answer.json["receipts"][0]["id"]
    return receipt


def test_the_web_is_ready_when_its_stores_answer(real: RealWeb) -> None:
    client = real.app.test_client()

    assert client.get("/readyz").json == {"status": "ready", "down": []}


def test_an_upload_is_one_version_in_the_dropzone_and_one_event_in_the_outbox(
    real: RealWeb, module_settings: Settings
) -> None:
    receipt = upload(real, b"some bytes")

    kept = real.deps.rows.receipts.get(UUID(receipt), account=real.reader.id)
    assert kept is not None
    assert real.deps.objects.read("dropzone", kept.key, kept.version) == b"some bytes"
    assert kept.version
    relay = connect(module_settings.model_copy(update={"postgres_user": "radiotheque_relay"}))
    said = [row for row in relay.outbox.pending(100) if row.topic == "object.uploaded"]
    relay.close()
    assert [json.loads(row.value or b"")["receipt"] for row in said] == [receipt]


def test_the_stored_functions_hold_the_roles(real: RealWeb) -> None:
    body = {"name": "another", "role": "admin", "password": "a long enough one"}

    assert real.open("POST", "/api/v1/accounts", json=body).status_code == 403
    assert real.open("POST", "/api/v1/accounts", "admin", json=body).status_code == 201
    assert real.open("POST", "/api/v1/accounts", "admin", json=body).status_code == 409
    assert real.open("DELETE", f"/api/v1/radiographs/{'0' * 64}").status_code == 403
    assert real.open("DELETE", f"/api/v1/radiographs/{'0' * 64}", "admin").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/radiographs",
        "/api/v1/radiographs?finding=Edema&min=0.5",
        "/api/v1/radiographs?finding=Edema&state=suspected",
        "/api/v1/radiographs?finding=Edema&label=1&source=imported",
        "/api/v1/radiographs?finding=Edema&source=physician",
        "/api/v1/radiographs?state=waiting&updated_since=2026-01-01T00:00:00Z",
        "/api/v1/dead-letters?state=all",
        "/api/v1/accounts",
    ],
)
def test_every_list_is_granted_to_the_webs_login_role(real: RealWeb, path: str) -> None:
    answer = real.open("GET", path, "admin")

    assert answer.status_code == 200, answer.data
    assert "items" in answer.json


def test_an_unknown_film_is_not_found_in_every_way(real: RealWeb) -> None:
    film = f"/api/v1/radiographs/{'0' * 64}"

    for part in ("", "/image", "/activation?finding=Edema", "/similar"):
        assert real.open("GET", film + part).status_code == 404, part
    labels = {"labels": {"Edema": 1}, "answer_visible": False}
    assert real.open("POST", f"{film}/validations", json=labels).status_code == 404
    assert real.open("POST", f"{film}/comments", json={"text": "x"}).status_code == 404


def test_a_change_in_the_rows_wakes_a_live_stream(
    real: RealWeb, module_settings: Settings
) -> None:
    receipt = upload(real, b"other bytes")
    stream = events(real.open("GET", f"/live/receipts?ids={receipt}"))
    assert next(stream)[1]["state"] == "received"

    ingest = connect(module_settings.model_copy(update={"postgres_user": "radiotheque_ingest"}))
    kept = ingest.receipts.get(UUID(receipt))
    assert kept is not None
    ingest.receipts.reject(
        kept, code="not-an-image", wanted="a PNG or JPEG film", came="a ZIP archive", events=[]
    )
    ingest.close()

    told = [data for kind, data in stream if kind == "receipt"]
    assert [row["state"] for row in told] == ["rejected"]
    assert "une archive ZIP" in told[0]["reason"]["message"]


def test_our_own_user_may_list_the_dropzone(real: RealWeb) -> None:
    upload(real, b"to be listed")

    found = list(real.deps.objects.versions("dropzone", "uploads/"))

    assert len(found) >= 1
    assert all(version for _, version, _, _ in found)
