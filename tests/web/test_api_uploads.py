"""Depositing films by the API: what is taken, what is too much, what becomes of it."""

import io
import tempfile
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from schemas.deposits import deposit_folder, film_key
from schemas.film_files import is_manifest
from schemas.provenance import STATEMENT_VERSION
from store.records import Role
from tests.web.conftest import Answer, Web, build
from tests.web.library import add_film

MULTIPART = "multipart/form-data; boundary=x"


def send(
    web: Web,
    *files: tuple[str, bytes],
    role: Role | None = "radiologist",
    deposit: UUID | str = "",
) -> Answer:
    """Post these files in the field `files`."""
    field = '--x\r\nContent-Disposition: form-data; name="deposit"\r\n\r\n'
    said = f"{field}{deposit}\r\n".encode()
    return web.post("/radiographs", role, data=said + body_of(*files), content_type=MULTIPART)


def stated() -> bytes:
    """Return the field in which a depositor states what every deposit needs."""
    head = '--x\r\nContent-Disposition: form-data; name="statement"'
    return f"{head}\r\n\r\n{STATEMENT_VERSION}\r\n".encode()


def body_of(*files: tuple[str, bytes]) -> bytes:
    """Return a multipart body, as a browser writes it."""
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="'
        + name.encode()
        + b'"\r\nContent-Type: image/png\r\n\r\n'
        + content
        + b"\r\n"
        for name, content in files
    ]
    return stated() + b"".join(parts) + b"--x--\r\n"


@pytest.fixture
def small(tmp_path: Path) -> Web:
    """Return the application with limits that a test can pass."""
    return build(tmp_path, file_limit_bytes=1000, request_limit_bytes=2500, request_limit_files=3)


def test_films_are_put_in_dropzone_and_receipts_come_in_the_order_sent(web: Web) -> None:
    names = [f"film {number}.png" for number in range(9)]

    answer = send(web, *((name, name.encode()) for name in names))

    assert answer.status_code == 202
    receipts = answer.json["receipts"]
    assert [row["filename"] for row in receipts] == names
    for row, name in zip(receipts, names, strict=True):
        assert row["url"] == f"/api/v1/receipts/{row['id']}"
        kept = web.rows.tables.receipts[UUID(row["id"])]
        assert web.objects.read("dropzone", kept.key, kept.version) == name.encode()
        assert (kept.lane, kept.state) == ("first", "received")
        assert kept.depositor == web.accounts["radiologist"].id
    said = [row for row in web.rows.outbox.messages if row.topic == "object.uploaded"]
    assert [row.key for row in said] == [row["id"] for row in receipts]


def test_no_file_name_gets_into_a_key_or_an_event(web: Web) -> None:
    send(web, ("Durand Jeanne.png", b"x"))

    assert "Durand" not in "".join(web.objects.keys("dropzone"))
    assert all(b"Durand" not in row.value for row in web.rows.outbox.messages)


def test_a_film_s_key_is_a_code_of_its_path_within_its_own_deposit(web: Web) -> None:
    secret = web.settings.site_secret.get_secret_value()
    deposit = uuid4()
    for _ in range(2):
        answer = send(web, ("lot/e\u0301te\u0301.png", b"x"), deposit=deposit)
        assert answer.status_code == 202
    folder = deposit_folder(secret, web.accounts["radiologist"].id, deposit)
    key = film_key(secret, folder, "lot/\u00e9t\u00e9.png")
    rows = list(web.rows.tables.receipts.values())
    assert [(row.key, row.filename) for row in rows] == [(key, "e\u0301te\u0301.png")] * 2
    assert rows[0].version != rows[1].version
    # Another account's deposit of the same number is another one.
    assert (
        send(web, ("lot/\u00e9t\u00e9.png", b"x"), deposit=deposit, role="steward").status_code
        == 202
    )
    assert list(web.rows.tables.receipts.values())[-1].key != key


def test_without_a_number_each_request_is_a_deposit(web: Web) -> None:
    for _ in range(2):
        assert send(web, ("a.png", b"x"), ("labels.csv", b"Path\na.png\n")).status_code == 202
    folders = [row.key.rpartition("/")[0] for row in web.rows.tables.receipts.values()]
    assert folders[0] == folders[1] != folders[2] == folders[3]


def test_a_manifest_lies_in_its_deposit_under_its_own_path(web: Web) -> None:
    deposit = uuid4()
    send(web, ("lot/Labels.CSV", b"Path\na.png\n"), ("lot/a.png", b"x"), deposit=deposit)
    table, film = web.rows.tables.receipts.values()
    folder = film.key.rpartition("/")[0]
    assert (table.key, table.filename) == (f"{folder}/lot/Labels.CSV", "Labels.CSV")
    assert is_manifest(table.key)


def test_of_two_files_of_one_path_neither_is_the_one_that_a_manifest_means(web: Web) -> None:
    send(web, ("a.png", b"one"), ("a.png", b"two"), ("../a.png", b"three"), ("b.png", b"four"))
    keys = [row.key for row in web.rows.tables.receipts.values()]
    secret = web.settings.site_secret.get_secret_value()
    folder = keys[0].rpartition("/")[0]
    assert len(set(keys)) == 4
    assert [key == film_key(secret, folder, "a.png") for key in keys] == [False] * 4
    assert keys[3] == film_key(secret, folder, "b.png")


def test_a_deposit_s_number_that_is_none_is_refused(web: Web) -> None:
    answer = send(web, ("a.png", b"x"), deposit="Durand")
    assert answer.status_code == 422
    assert "Durand" not in answer.text


def test_a_large_film_goes_by_way_of_the_disk_and_leaves_nothing_there(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    large = bytes(range(256)) * 20_000

    assert send(web, ("large.png", large), ("small.png", b"x")).status_code == 202

    sizes = {len(web.objects.read("dropzone", key)) for key in web.objects.keys("dropzone")}
    assert sizes == {len(large), 1}
    assert list(tmp_path.glob("radiotheque-*")) == []


def test_a_name_is_shown_without_folders_and_control_characters(web: Web) -> None:
    receipts = send(web, ("../../etc/é\x07t\u00e9.png", b"x"), ("x" * 400, b"y")).json["receipts"]

    assert receipts[0]["filename"] == "été.png"
    assert len(receipts[1]["filename"]) == 255


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('filename="été.png"'.encode(), "été.png"),
        ('filename="été.png"'.encode("latin-1"), "été.png"),
        (b'filename="c\x9cur \x8d.png"', "cœur \ufffd.png"),
        (b"filename*=UTF-8''%C3%A9t%C3%A9.png", "été.png"),
        (b"filename*=iso-8859-1'fr'%E9t%E9.png", "été.png"),
        (b"filename=\"e.png\"; filename*=UTF-8''%C3%A9.png", "é.png"),
        (b"filename*=UTF-8''%C3%A9.png; filename=\"e.png\"", "é.png"),
        (b"filename=\"a; filename*=UTF-8''b.png\"", "a; filename*=UTF-8''b.png"),
        (b"filename*=UTF-8''%2e%2e%2fx%00%E2%80%AE.png", "x.png"),
        (b"filename*=UTF-8''%FF%FE.png", "\ufffd\ufffd.png"),
        (b"filename*=klingon''x.png", "x.png"),
        (b"filename=x.png", "x.png"),
        (b'filename=""', "film"),
    ],
)
def test_a_files_name_is_kept_and_shown_right_however_it_was_written(
    web: Web, said: bytes, name: str
) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="files"; ' + said
    body = stated() + part + b"\r\n\r\nabc\r\n--x--\r\n"

    answer = web.post("/radiographs", "radiologist", data=body, content_type=MULTIPART)

    assert answer.status_code == 202
    assert answer.json["receipts"][0]["filename"] == name
    kept = web.rows.tables.receipts[UUID(answer.json["receipts"][0]["id"])]
    assert kept.filename == name
    shown = web.get(f"/receipts/{kept.id}", "radiologist").json
    assert shown["filename"] == name


def test_a_file_over_the_limit_of_one_is_refused_and_nothing_is_kept(small: Web) -> None:
    answer = send(small, ("a.png", bytes(10)), ("b.png", bytes(1001)))

    assert answer.status_code == 413
    assert answer.json["detail"] == "Wanted files of at most 1000 bytes each."
    assert small.objects.keys("dropzone") == []
    assert small.rows.tables.receipts == {}


def test_files_over_the_limit_together_are_refused(small: Web) -> None:
    answer = send(small, *((f"{number}.png", bytes(900)) for number in range(3)))

    assert answer.status_code == 413
    assert answer.json["detail"] == "Wanted files of at most 2500 bytes together."


def test_too_many_files_are_refused(small: Web) -> None:
    answer = send(small, *((f"{number}.png", b"x") for number in range(4)))

    assert answer.status_code == 413
    assert answer.json["detail"] == "Wanted at most 3 files in a request."


def test_files_at_every_limit_are_taken(small: Web) -> None:
    files = [("a", bytes(1000)), ("b", bytes(1000)), ("c", bytes(500))]

    assert send(small, *files).status_code == 202


def test_a_request_that_says_it_is_too_large_is_refused_before_it_is_read(small: Web) -> None:
    body = io.BytesIO(bytes(1 << 20))
    environ = {"wsgi.input": body, "CONTENT_LENGTH": str(1 << 30)}
    answer = small.client().post(
        "/api/v1/radiographs",
        headers={"Authorization": f"Bearer {small.tokens['radiologist']}"},
        content_type=MULTIPART,
        environ_overrides=environ,
        buffered=False,
    )

    assert answer.status_code == 413
    assert b"2500 bytes together" in next(iter(answer.response))
    assert body.tell() == 0


def test_after_a_refusal_the_rest_of_the_body_is_read_so_that_its_sender_sees_why(
    small: Web,
) -> None:
    whole = body_of(("a", bytes(1001)), ("b", bytes(900_000)))
    body = io.BytesIO(whole)

    answer = small.post(
        "/radiographs",
        input_stream=body,
        content_length=len(whole),
        content_type=MULTIPART,
    )

    assert (answer.status_code, answer.json["code"]) == (413, "too-large")
    assert body.tell() == len(whole)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", MULTIPART),
        (b"--x--\r\n", MULTIPART),
        (b"anything", "multipart/form-data"),
        (b"{}", "application/json"),
        (b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nabc',
         MULTIPART),
        (b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\nabc\r\n--x--\r\n',
         MULTIPART),
        (b'--x\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\nb\r\n--x--',
         MULTIPART),
        (b"--x\r\nNonsense\r\n\r\nabc\r\n--x--\r\n", MULTIPART),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n", MULTIPART),
    ],
)  # fmt: skip
def test_a_body_without_a_whole_file_is_refused(web: Web, body: bytes, content_type: str) -> None:
    answer = web.post("/radiographs", data=body, content_type=content_type)

    assert answer.status_code == 422
    assert web.objects.keys("dropzone") == []


def test_a_preamble_without_end_does_not_fill_the_memory(web: Web) -> None:
    answer = web.post("/radiographs", data=bytes(3 << 20), content_type=MULTIPART)

    assert answer.status_code == 413


def test_a_viewer_may_not_deposit(web: Web) -> None:
    assert send(web, ("a.png", b"x"), role="viewer").status_code == 403
    assert web.objects.keys("dropzone") == []


def test_a_stranger_is_told_to_sign_in_before_anything_is_read(web: Web) -> None:
    assert send(web, ("a.png", b"x"), role=None).status_code == 401
    assert web.get("/receipts/" + str(uuid4()), None).status_code == 401


@pytest.mark.parametrize("down", ["rows", "objects"])
def test_while_a_store_is_down_the_answer_is_503_and_when_to_come_again(
    web: Web, down: str
) -> None:
    web.get("/account", "radiologist")  # the token is known for a few seconds
    getattr(web, down).down = True

    answer = send(web, ("a.png", b"x"))

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert web.rows.tables.receipts == {}


@pytest.fixture
def receipt(web: Web) -> str:
    """Return a receipt of the radiologist's."""
    made: str = send(web, ("a.png", b"x")).json["receipts"][0]["id"]
    return made


def test_a_receipt_says_its_state_its_reason_and_its_film(web: Web, receipt: str) -> None:
    body = web.get(f"/receipts/{receipt}").json
    assert (body["state"], body["reason"], body["radiograph"]) == ("received", None, None)

    kept = next(iter(web.rows.tables.receipts.values()))
    web.rows.receipts.reject(
        kept, code="too-small", wanted="at least 64 pixels a side", came="9 x 9 pixels", events=[]
    )
    refused = web.get(f"/receipts/{receipt}").json
    assert refused["state"] == "rejected"
    assert refused["reason"] == {
        "code": "too-small",
        "message": "Le cliché est trop petit pour être lu :"
        " attendu au moins 64 pixels de côté, reçu 9 × 9 pixels.",
    }

    film, done = add_film(web, "b", depositor=web.accounts["radiologist"].id)
    analysed = web.get(f"/receipts/{done.id}").json
    assert (analysed["state"], analysed["radiograph"]) == ("analysed", film.id)


def test_a_reason_is_in_the_language_asked_for(web: Web, receipt: str) -> None:
    kept = next(iter(web.rows.tables.receipts.values()))
    web.rows.receipts.reject(kept, code="new-code", wanted="this", came="that", events=[])

    english = web.get(f"/receipts/{receipt}", headers={"Accept-Language": "en-GB,fr;q=0.5"})

    message = "The film was refused (new-code): wanted this, came that."
    assert english.json["reason"]["message"] == message


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 404), ("radiologist", 200), ("steward", 200), ("admin", 200)]
)
def test_a_receipt_is_its_depositors_and_the_stewards(
    web: Web, receipt: str, role: Role, status: int
) -> None:
    assert web.get(f"/receipts/{receipt}", role).status_code == status


@pytest.mark.parametrize("receipt_id", [str(UUID(int=7)), "nothing"])
def test_an_unknown_receipt_is_not_found(web: Web, receipt_id: str) -> None:
    assert web.get(f"/receipts/{receipt_id}").status_code == 404


def test_receipts_are_found_by_key_newest_first_and_only_those_one_may_see(
    web: Web, receipt: str
) -> None:
    key = next(iter(web.rows.tables.receipts.values())).key

    assert [row["id"] for row in web.get(f"/receipts?key={key}").json["items"]] == [receipt]
    assert web.get(f"/receipts?key={key}&bucket=elsewhere").json == {"items": []}
    assert web.get(f"/receipts?key={key}", "viewer").json == {"items": []}
    assert web.get("/receipts").status_code == 422
