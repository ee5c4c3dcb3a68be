"""What the deposit form says: hashed and shifted before anything is stored, shown to few."""

import logging
import socket
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidRequestLine
from gunicorn.workers.base import Worker

from schemas.facts import KnownFacts
from schemas.provenance import STATEMENT_VERSION
from schemas.pseudonyms import day_code, patient_code, shifted
from store.records import FormSays, Receipt, Role
from tests.web.conftest import ROLES, Answer, Web
from tests.web.library import add_film
from web.serving import Log

PATIENT = "DUPONT-1957 é"
DAY = date(2021, 4, 17)


def send(web: Web, films: int = 1, /, **fields: str | tuple[str, ...]) -> Answer:
    """Post films with these text fields, as a browser writes them."""
    fields = dict[str, str | tuple[str, ...]](statement=STATEMENT_VERSION) | fields
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, said in fields.items()
        for text in ((said,) if isinstance(said, str) else said)
    ]
    head = '--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    body = "".join([*parts, *[f"{head}film {number}\r\n" for number in range(films)], "--x--\r\n"])
    return web.post(
        "/radiographs",
        "radiologist",
        data=body.encode(),
        content_type="multipart/form-data; boundary=x",
    )


def receipts(web: Web) -> list[Receipt]:
    return list(web.rows.tables.receipts.values())


def test_code_and_day_are_hashed_and_shifted_before_they_are_kept(web: Web) -> None:
    answer = send(web, 2, patient=f" {PATIENT} ", exam_date="2021-04-17", view="LATERAL")
    assert answer.status_code == 202
    code = patient_code("site", web.settings.site, PATIENT)
    assert code is not None
    kept = FormSays(code, day_code("site", code, DAY), shifted("site", code, DAY), "LATERAL")
    assert [row.form for row in receipts(web)] == [kept, kept]
    everything = repr(web.rows.tables) + answer.text
    for private in ("DUPONT", "2021-04-17", "datetime.date(2021, 4, 17)"):
        assert private not in everything


def test_fields_left_blank_say_nothing(web: Web) -> None:
    assert send(web, patient="  ", exam_date="", view="").status_code == 202
    assert receipts(web)[0].form == FormSays()
    assert send(web, view="PA").status_code == 202
    assert receipts(web)[1].form == FormSays(view="PA")


TOMORROW_AFTER = (datetime.now(UTC).date() + timedelta(days=3)).isoformat()


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"patient": "x" * 65}, "patient"),
        ({"patient": "DUPONT\x07"}, "patient"),
        ({"patient": "p", "exam_date": "17/04/2021"}, "exam_date"),
        ({"patient": "p", "exam_date": "2021-02-30"}, "exam_date"),
        ({"patient": "p", "exam_date": "1618617600"}, "exam_date"),
        ({"patient": "p", "exam_date": "1895-01-01"}, "exam_date"),
        ({"patient": "p", "exam_date": TOMORROW_AFTER}, "exam_date"),
        ({"exam_date": "2021-04-17"}, "exam_date"),
        ({"view": "DUPONT"}, "view"),
        ({"name": "DUPONT"}, "name"),
        ({"patient": "x" * 2000}, "1024 bytes"),
        ({"patient": ("DUPONT", "p")}, "each once"),
        ({"files": "DUPONT"}, "is for files"),
    ],
)
def test_a_bad_field_is_named_without_what_came_and_nothing_is_kept(
    web: Web, fields: dict[str, str | tuple[str, ...]], place: str
) -> None:
    answer = send(web, **fields)
    assert answer.status_code == 422
    assert place in answer.json["detail"]
    for private in ("DUPONT", "17/04", "2021", "16186", "xxxx"):
        assert private not in answer.text
    assert web.objects.keys("dropzone") == []
    assert receipts(web) == []


def test_a_contradiction_is_in_the_receipt_and_shown_to_those_who_may_see_it(web: Web) -> None:
    send(web)
    [receipt] = receipts(web)
    with web.rows.tables.work():
        web.rows.tables.move(receipt, contradicts=("patient", "view"))
    seen: dict[Role, int] = {"radiologist": 200, "steward": 200, "viewer": 404}
    for role, status in seen.items():
        answer = web.get(f"/receipts/{receipt.id}", role)
        assert answer.status_code == status
        assert (answer.json.get("contradicts") == ["patient", "view"]) == (status == 200)


def test_a_receipt_says_that_its_film_was_here_already(web: Web) -> None:
    send(web)
    [receipt] = receipts(web)
    for here in (False, True):
        with web.rows.tables.work():
            web.rows.tables.move(receipt, already_here=here)
        assert web.get(f"/receipts/{receipt.id}", "radiologist").json["already_here"] is here


def test_what_is_known_of_a_film_is_in_its_detail_and_on_the_page(web: Web) -> None:
    film, _ = add_film(web, "one")
    facts = KnownFacts(
        sex="F",
        age=90,
        study_date=date(2020, 2, 1),
        pixel_spacing=(0.139, 0.14),
        maker="Acme",
        device="DR-7",
        method=("113100", "113107"),
    )
    web.rows.tables.films[film.id] = replace(film, view="LATERAL", facts=facts)
    assert web.get(f"/radiographs/{film.id}").json["facts"] == facts.model_dump(mode="json")

    browser = web.client()
    token = {"Authorization": f"Bearer {web.tokens['radiologist']}"}
    french = browser.get(f"/cliches/{film.id}", headers=token | {"Accept-Language": "fr"}).text
    for text in ("Ce qui est connu", "profil", "féminin", "90 ans ou plus", "0,139 × 0,140 mm",
                 "01/02/2020 (décalée", "Acme DR-7"):  # fmt: skip
        assert text in french
    english = browser.get(f"/cliches/{film.id}", headers=token | {"Accept-Language": "en"}).text
    for text in ("What is known", "female", "90 years or over", "0.139 × 0.140 mm",
                 "2020-02-01 (shifted"):  # fmt: skip
        assert text in english


def test_a_film_of_which_nothing_is_known_has_no_list(web: Web) -> None:
    film, _ = add_film(web, "one")
    token = {"Authorization": f"Bearer {web.tokens['radiologist']}"}
    page = web.client().get(f"/cliches/{film.id}", headers=token)
    assert page.status_code == 200
    assert "known-title" not in page.text


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log; gunicorn's own logger, as the server sets it up, hands on to it."""
    caplog.set_level(logging.INFO)
    return caplog


class Server(Worker):  # type: ignore[misc]  # gunicorn has no types
    """As much of gunicorn's worker as tells of a request that failed."""

    def __init__(self, settings: Config) -> None:
        self.cfg = settings
        self.log = Log(settings)


def test_a_request_that_fails_outside_the_application_is_logged_without_its_query(
    lines: pytest.LogCaptureFixture,
) -> None:
    server = Server(Config())
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server.handle_error(
            None, ours, ("::1", 1), InvalidRequestLine("GET /?key=Dupont Jeanne HTTP/1.1")
        )
        try:
            int("a stream that broke")
        except ValueError:
            uri = "/api/v1/receipts?key=Dupont%20Jeanne.png"
            server.log.exception("Error handling request %s %s", "GET", uri)
    assert "Error handling request GET /api/v1/receipts" in lines.text
    assert "A request that is no HTTP was refused" in lines.text
    assert "Dupont" not in lines.text


def test_a_query_is_in_no_log_whatever_the_answer(
    web: Web, lines: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.rows.down = True
    assert web.get("/receipts?key=Dupont%20Jeanne.png").status_code == 503
    web.rows.down = False

    def broken(*_: object) -> list[Receipt]:
        raise RuntimeError("a bug")

    monkeypatch.setattr(web.rows.receipts, "find", broken)
    answer = web.get("/receipts?key=Dupont%20Jeanne.png")
    assert answer.status_code == 500
    assert web.get("/receipts?key=Dupont%20Jeanne.png&bad=Dupont").status_code == 422
    assert lines.records
    assert "Dupont" not in lines.text + answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "report" not in answer.headers["Content-Security-Policy"]


def test_keys_and_names_are_shown_to_owner_and_stewards_only(web: Web) -> None:
    _, receipt = add_film(web, "Dupont", depositor=web.accounts["radiologist"].id)
    key = receipt.key
    for role in ROLES:
        shown = web.get(f"/receipts?key={key}", role).text
        assert ("Dupont.png" in shown) == (role != "viewer")
        # The key itself is what one asks by; no answer gives it.
        assert key not in shown
