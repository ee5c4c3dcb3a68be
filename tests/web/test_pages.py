"""Pages as a browser without scripts gets them, on fakes."""

import re
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from schemas.errors import Unavailable
from store.records import Letter, Role
from tests.web.conftest import PASSWORD, Web
from tests.web.library import add_film
from web import limits
from web.accounts import hash_password
from web.pages import formats
from web.pages.gallery import read_filters
from web.pages.shell import own_address

RESEARCH = "n&#39;est pas un dispositif médical"


def token_of(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    return found.group(1)


def signed_in(web: Web, role: Role = "radiologist") -> FlaskClient:
    """Return a browser with a session; the form itself costs an argon2 hash each time."""
    client: FlaskClient = web.app.test_client()
    with client.session_transaction() as session:
        session.update(_user_id=str(web.accounts[role].id), _fresh=True, at=int(time.time()))
    return client


def add_letter(web: Web, offset: int = 7) -> Letter:
    letter = Letter(
        id=uuid4(), topic="analysis.requested", partition=1, offset=offset, group="analyse",
        key=b"k", headers=(), value=b"<script>", reason="wanted JSON, came <b>noise</b>",
        attempts=1, state="open", recorded_at=datetime.now(UTC),
    )  # fmt: skip
    web.rows.letters.add(letter, [])
    return letter


@pytest.mark.parametrize("path", ["/", "/depot", "/cliches", f"/cliches/{'0' * 64}", "/systeme"])
def test_a_stranger_is_sent_to_sign_in_and_comes_back(web: Web, path: str) -> None:
    client = web.app.test_client()
    answer = client.get(path, follow_redirects=False)
    while answer.status_code == 302 and "/connexion" not in answer.location:
        answer = client.get(answer.location)
    assert answer.status_code == 302
    assert answer.location.startswith("/connexion?suite=")


def test_a_wrong_password_says_so_and_never_which_of_the_two(web: Web) -> None:
    client = web.app.test_client()
    form = {"csrf_token": token_of(client.get("/connexion").text), "name": "x", "password": "y"}
    answer = client.post("/connexion", data=form)
    assert answer.status_code == 422
    assert "Nom de compte ou mot de passe incorrect." in answer.text


def test_too_many_tries_are_told_to_wait(web: Web) -> None:
    client = web.app.test_client()
    form = {"csrf_token": token_of(client.get("/connexion").text), "name": "x", "password": "y"}
    with web.app.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        for _ in range(10):
            limits.count_sign_in("x")
    answer = client.post("/connexion", data=form)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Attendez une minute" in answer.text


def test_the_right_password_leads_to_where_one_was_going(web: Web) -> None:
    account = web.accounts["radiologist"]
    web.rows.accounts.set_password(account.id, hash_password(PASSWORD), by=account.id)
    client = web.app.test_client()
    page = client.get("/connexion?suite=/depot").text
    form = {"csrf_token": token_of(page), "name": account.name, "password": PASSWORD}
    answer = client.post("/connexion", data=form | {"suite": "/depot"})
    assert (answer.status_code, answer.location) == (302, "/depot")
    assert client.get("/depot").status_code == 200


def test_signing_out_ends_the_session(web: Web) -> None:
    client = signed_in(web)
    form = {"csrf_token": token_of(client.get("/cliches").text)}
    assert client.post("/deconnexion", data=form).status_code == 302
    assert client.get("/cliches").location.startswith("/connexion")


def test_the_language_is_kept_and_leads_nowhere_else(web: Web) -> None:
    client = signed_in(web)
    page = client.get("/cliches").text
    assert '<html lang="fr"' in page
    form = {"csrf_token": token_of(page), "language": "en", "back": "//evil.example/"}
    assert client.post("/langue", data=form).location == "/"
    assert '<html lang="en"' in client.get("/cliches").text
    assert client.post("/langue", data=form | {"language": "xx"}).status_code == 422


@pytest.mark.parametrize(
    "address", ["https://evil.example", "//evil", "/\\evil", "cliches", "", "/a\nb", "/\tevil"]
)
def test_only_our_own_addresses_are_gone_back_to(address: str) -> None:
    assert own_address(address, "/else") == "/else"
    assert own_address("/cliches?finding=Edema", "/else") == "/cliches?finding=Edema"


def test_every_page_says_research_use_and_has_nothing_inline(web: Web) -> None:
    film, _ = add_film(web, "one", scores={"Edema": 0.9})
    client = signed_in(web, "admin")
    for path in ("/depot", "/cliches", f"/cliches/{film.id}", "/systeme", "/cliches/nothing"):
        answer = client.get(path)
        assert RESEARCH in answer.text
        assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
        assert not re.search(r'(src|href)="https?:', answer.text)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_reading_shows_scores_in_french_and_findings_in_reading_order(web: Web) -> None:
    film, _ = add_film(web, "one", scores={"Edema": 0.9, "Pneumonia": 0.4})
    page = signed_in(web).get(f"/cliches/{film.id}").text
    names = re.findall(r'class="finding" data-finding="([^"]+)" data-state="([^"]+)"', page)
    states = dict(names)
    assert [name for name, _ in names][:3] == ["Lung Opacity", "Consolidation", "Pneumonia"]
    assert [name for name, _ in names][-1] == "No Finding"
    assert states["Edema"] == "suspected"
    assert states["Pneumonia"] == "borderline"
    assert states["Cardiomegaly"] == "not_suspected"
    assert states["Fracture"] == "not_assessed"
    assert "<b>0,90</b>" in page
    assert "starter/1" in page


def test_opening_a_film_is_remembered_as_having_seen_the_answer(web: Web) -> None:
    film, _ = add_film(web, "one")
    signed_in(web).get(f"/cliches/{film.id}")
    reader = web.accounts["radiologist"]
    reading = web.rows.readings.record(
        film.id, {"Edema": 1}, account=reader.id, answer_visible=False, model=None
    )
    assert reading.answer_visible


def test_a_film_that_waits_says_so_and_tells_when_it_is_analysed(web: Web) -> None:
    film, _ = add_film(web, "one", analysed=False)
    client = signed_in(web)
    assert "Analyse en attente" in client.get(f"/cliches/{film.id}").text
    assert client.get(f"/cliches/{film.id}/analyse").json == {"analysed": False}
    other, _ = add_film(web, "two")
    assert client.get(f"/cliches/{other.id}/analyse").json == {"analysed": True}
    assert client.get(f"/cliches/{'0' * 64}/analyse").status_code == 404


def test_what_people_write_is_text_and_never_markup(web: Web) -> None:
    film, _ = add_film(web, "one")
    reader = web.accounts["radiologist"]
    web.rows.readings.comment(film.id, "<img src=x onerror=alert(1)>", account=reader.id)
    page = signed_in(web).get(f"/cliches/{film.id}").text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_a_viewer_may_look_but_is_offered_nothing_to_change(web: Web) -> None:
    film, _ = add_film(web, "one")
    client = signed_in(web, "viewer")
    page = client.get(f"/cliches/{film.id}").text
    assert 'id="save"' not in page
    assert 'id="comment-form"' not in page
    assert 'id="zone"' not in client.get("/depot").text


def test_cards_show_what_is_suspected_and_pages_go_on_by_keyset(web: Web) -> None:
    for number in range(50):
        add_film(web, f"film {number}", scores={"Edema": 0.9} if number == 49 else None)
    client = signed_in(web)
    page = client.get("/cliches").text
    assert page.count('class="film-card"') == 48
    assert page.count('class="card-finding"') == 1
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    second = client.get(following.group(1).replace("&amp;", "&")).text
    assert second.count('class="film-card"') == 2
    assert 'rel="next"' not in second


def test_filters_narrow_the_list_and_stay_chosen(web: Web) -> None:
    add_film(web, "one", scores={"Edema": 0.9})
    add_film(web, "two")
    page = signed_in(web).get("/cliches?finding=Edema&state=suspected&min=0,5").text
    assert page.count('class="film-card"') == 1
    assert '<option value="Edema" selected>' in page
    assert 'value="0,50"' in page


def test_an_empty_list_says_why_and_what_to_do(web: Web) -> None:
    client = signed_in(web)
    assert "La bibliothèque est vide" in client.get("/cliches").text
    assert "Aucun cliché pour ces critères" in client.get("/cliches?state=read").text


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"finding": "Edema", "min": "2"}, "films.bad_minimum"),
        ({"finding": "Edema", "min": "nan"}, "films.bad_minimum"),
        ({"finding": "Edema", "min": "high"}, "films.bad_minimum"),
        ({"min": "0.5"}, "films.need_finding"),
        ({"state": "suspected"}, "films.need_finding"),
        ({"after": "-3"}, "films.bad_after"),
        ({"after": "9" * 30}, "films.bad_after"),
    ],
)
def test_a_filter_that_is_not_understood_is_said_and_not_used(
    said: dict[str, str], problem: str
) -> None:
    filters = read_filters(said)
    assert [key for key, _ in filters.problems] == [problem]
    assert (filters.minimum, filters.after) == (None, None)


def test_the_page_says_how_far_look_alikes_are_for_a_new_model(web: Web) -> None:
    client = signed_in(web, "viewer")
    web.status["model"] = {"name": "starter", "version": 2, "filling": None}
    assert "clichés sur" not in client.get("/systeme").text
    filling = {"wanted": "e2", "used": "e1", "films": 1000, "missing": 400}
    web.status["model"] = {"name": "starter", "version": 2, "filling": filling}
    assert "600 clichés sur 1000" in client.get("/systeme").text


def test_a_steward_replays_and_discards_dead_letters(web: Web) -> None:
    first, second = add_letter(web), add_letter(web, 8)
    client = signed_in(web, "steward")
    page = client.get("/systeme").text
    assert "&lt;b&gt;noise&lt;/b&gt;" in page
    form = {"csrf_token": token_of(page)}
    for letter, action, state in (
        (first, "rejouer", "replayed"),
        (second, "ecarter", "discarded"),
    ):
        done = client.post(f"/systeme/messages/{letter.id}/{action}", data=form)
        assert done.status_code == 302
        kept = web.rows.letters.get(letter.id)
        assert kept is not None
        assert kept.state == state
    again = client.post(f"/systeme/messages/{first.id}/rejouer", data=form, follow_redirects=True)
    assert "Ce message a déjà été rejoué ou écarté." in again.text


def test_a_radiologist_sees_how_many_letters_there_are_and_cannot_act(web: Web) -> None:
    letter = add_letter(web)
    web.status["dead_letters"] = 1
    client = signed_in(web)
    page = client.get("/systeme").text
    assert "1 messages en échec" in page
    form = {"csrf_token": token_of(page)}
    assert client.post(f"/systeme/messages/{letter.id}/rejouer", data=form).status_code == 403


def test_an_act_without_the_session_s_token_is_refused(web: Web) -> None:
    letter = add_letter(web)
    client = signed_in(web, "steward")
    assert client.post(f"/systeme/messages/{letter.id}/rejouer").status_code == 403
    kept = web.rows.letters.get(letter.id)
    assert kept is not None
    assert kept.state == "open"


def test_the_system_page_answers_with_postgresql_down(web: Web) -> None:
    web.status.update(
        processes=[{"name": "postgres", "state": "backoff", "pid": None, "restarts": 3}],
        topics=[{"name": "radiograph.analysed", "lag": {"similar": None}}],
        dead_letters=None,
    )
    client = signed_in(web, "steward")
    web.rows.down = True
    for path in ("/systeme", "/systeme/etat"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "en panne, redémarrage prévu" in answer.text
        assert "PostgreSQL ne répond pas" in answer.text


def test_other_pages_answer_503_in_words_with_postgresql_down(web: Web) -> None:
    client = signed_in(web)
    web.rows.down = True
    with pytest.raises(Unavailable):
        web.rows.ping()
    answer = client.get("/cliches")
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert "Service indisponible" in answer.text


def test_numbers_and_dates_are_the_language_s_own() -> None:
    at = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    assert formats.score(0.4, "fr") == "0,40"
    assert formats.score(0.0123, "fr") == "0,012"
    assert formats.score(0.4, "en") == "0.40"
    assert formats.moment(at, "fr") == "03/02/2026 04:05 UTC"
    assert formats.day(at, "en") == "2026-02-03"


def test_a_bar_keeps_scores_in_order_and_inside() -> None:
    places = [formats.logistic_place(value) for value in (0, 0.01, 0.03, 0.2, 0.5, 0.9, 1)]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, 1)
    assert places[4] == pytest.approx(0.5)
