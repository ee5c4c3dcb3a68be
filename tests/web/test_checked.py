"""What the input check says of a film: on *Lecture*, in the API, and overruled by a steward."""

import html
import re

import pytest

from store.records import Role
from tests.web.conftest import Web
from tests.web.library import add_film
from tests.web.test_pages import signed_in, token_of

SAID = {"lateral": 1.0, "inverted": 0.93, "rotated": 0.5, "cropped": 0.49, "child": 0.0}


def shown(page: str) -> str:
    """Return the words of the check's part of the page, blanks made one."""
    found = re.search(r'<section class="known checked".*?</section>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found.group(0)).split()) if found else ""


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "fr",
            (
                "Cliché de profil certain Niveaux de gris inversés presque certain"
                " Cliché tourné vraisemblable"
            ),
        ),
        ("en", "Lateral film certain Inverted greys almost certain Rotated film likely"),
    ],
)
def test_lecture_shows_each_flag_with_how_sure_it_is(web: Web, language: str, words: str) -> None:
    film, _ = add_film(web, "a", checks=SAID)
    client = signed_in(web)
    token = {"csrf_token": token_of(client.get("/cliches").text)}
    client.post("/langue", data=token | {"language": language, "back": "/"})
    page = client.get(f"/cliches/{film.id}").text
    assert shown(page).endswith(words)
    assert "overrule" not in page


@pytest.mark.parametrize(
    ("language", "words", "undo"),
    [
        ("fr", "Cliché reçu en négatif : il est affiché, et évalué", "Rétablir tel que reçu"),
        ("en", "This film came as a negative: it is shown, and scored", "Undo: as it came"),
    ],
)
def test_lecture_says_that_a_film_is_turned_over_and_a_steward_undoes_it(
    web: Web, language: str, words: str, undo: str
) -> None:
    film, _ = add_film(web, "a", checks={"inverted": 0.93})
    reader, client = signed_in(web), signed_in(web, "steward")
    for one in (reader, client):
        token = {"csrf_token": token_of(one.get("/cliches").text)}
        one.post("/langue", data=token | {"language": language, "back": "/"})
    page = reader.get(f"/cliches/{film.id}").text
    assert words in page
    assert 'data-inverted="true"' in page
    assert undo not in page
    assert "rendition=thumbnail&inverted=true" in html.unescape(reader.get("/cliches").text)
    page = client.get(f"/cliches/{film.id}").text
    assert undo in page
    form = {"csrf_token": token_of(page), "check": "inverted", "holds": "no"}
    done = client.post(f"/cliches/{film.id}/controle", data=form, follow_redirects=True).text
    assert words not in done
    assert 'data-inverted="false"' in done
    # What was said of the negative's positive is not said of it: it waits to be scored anew.
    assert 'data-analysed="no"' in done


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "Redressé selon son en-tête certain"), ("en", "Turned as its header says certain")],
)
def test_lecture_says_that_a_film_is_turned_and_leaves_nothing_to_correct_in_it(
    web: Web, language: str, words: str
) -> None:
    film, _ = add_film(web, "a", checks={"turned": 1.0})
    client = signed_in(web, "steward")
    token = {"csrf_token": token_of(client.get("/cliches").text)}
    client.post("/langue", data=token | {"language": language, "back": "/"})
    page = client.get(f"/cliches/{film.id}").text
    assert words in shown(page)
    assert 'value="rotated"' in page
    assert 'value="turned"' not in page


def test_lecture_says_why_nothing_is_assessed_in_a_lateral_film(web: Web) -> None:
    film, _ = add_film(web, "a", checks=SAID)
    other, _ = add_film(web, "b", checks=SAID | {"lateral": 0.0})
    client = signed_in(web)
    why = "Cliché de profil : les modèles ne connaissent que la face"
    assert why in client.get(f"/cliches/{film.id}").text
    assert why not in client.get(f"/cliches/{other.id}").text


def test_the_api_s_film_has_its_checks_and_flags(web: Web) -> None:
    film, _ = add_film(web, "a", checks=SAID)
    [listed] = web.get("/radiographs", "viewer").json["items"]
    whole = web.get(f"/radiographs/{film.id}", "viewer").json
    for answer in (listed, whole):
        assert answer["checks"] == SAID
        assert answer["flags"] == ["lateral", "inverted", "rotated"]


def test_a_steward_overrules_on_lecture_and_the_audit_says_who(web: Web) -> None:
    film, _ = add_film(web, "a", checks=SAID)
    client = signed_in(web, "steward")
    page = client.get(f"/cliches/{film.id}").text
    form = {"csrf_token": token_of(page), "check": "inverted", "holds": "no"}
    done = client.post(f"/cliches/{film.id}/controle", data=form, follow_redirects=True)
    assert done.status_code == 200
    assert "presque certain" not in shown(done.text)
    row = web.rows.tables.audit[-2]
    assert (row.action, row.subject) == ("film.check_overruled", film.id)
    assert row.account == web.accounts["steward"].pseudonym
    assert dict(row.detail) == {"check": "inverted", "was": 0.93, "now": False}


@pytest.mark.parametrize(
    ("role", "form", "status"),
    [
        ("radiologist", {"check": "inverted", "holds": "no"}, 403),
        ("viewer", {"check": "inverted", "holds": "no"}, 403),
        ("steward", {"check": "conflict", "holds": "no"}, 422),
        ("steward", {"check": "inverted"}, 422),
        ("steward", {"check": "inverted", "holds": "no", "csrf_token": ""}, 403),
    ],
)
def test_nobody_else_overrules_and_nothing_else_is_overruled(
    web: Web, role: Role, form: dict[str, str], status: int
) -> None:
    film, _ = add_film(web, "a", checks=SAID)
    client = signed_in(web, role)
    token = {"csrf_token": token_of(client.get("/cliches").text)}
    done = client.post(f"/cliches/{film.id}/controle", data=token | form)
    assert done.status_code == status
    assert dict(web.rows.tables.films[film.id].checks) == SAID


def test_the_api_overrules_for_stewards_only(web: Web) -> None:
    film, _ = add_film(web, "a", checks=SAID)
    path = f"/radiographs/{film.id}/checks"
    body = {"check": "lateral", "holds": False}
    assert web.post(path, "radiologist", json=body).status_code == 403
    assert web.post(path, "steward", json={"check": "lateral"}).status_code == 422
    assert web.post(path, "steward", json=body | {"check": "x"}).status_code == 422
    assert web.post(path, "steward", json=body).status_code == 204
    assert web.rows.tables.films[film.id].checks["lateral"] == 0.0
    # Scored as lateral, it waits to be scored as frontal.
    answer = web.get(f"/radiographs/{film.id}", "steward").json
    assert (answer["model"], answer["findings"]) == (None, [])
    missing = f"/radiographs/{'0' * 64}/checks"
    assert web.post(missing, "steward", json=body).status_code == 404
