"""The depositor's statement, and where a film comes from: the API and *Lecture*."""

from dataclasses import replace

import pytest

from schemas.provenance import STATEMENT_VERSION, STATEMENTS
from store.records import FormSays, Role
from tests.web.conftest import ROLES, Web
from tests.web.library import add_film
from tests.web.test_deposit_form import receipts, send


def test_without_the_statement_nothing_is_taken_and_the_answer_says_so(web: Web) -> None:
    for statement in ("", "2001-01", "yes"):
        answer = send(web, statement=statement)
        assert answer.status_code == 422
        assert [row["field"] for row in answer.json["errors"]] == ["statement"]
        assert "yes" not in answer.text
    assert receipts(web) == []
    assert web.objects.keys("dropzone") == []


def test_the_statement_is_on_the_receipt_with_its_version_and_date(web: Web) -> None:
    (row,) = send(web).json["receipts"]
    told = web.get(f"/receipts/{row['id']}", "radiologist").json
    assert told["statement"] == STATEMENT_VERSION
    assert told["stated_at"] is not None
    assert (told["sharing"], told["kept_private"]) == (None, False)
    (kept,) = receipts(web)
    assert kept.depositor == web.accounts["radiologist"].id


def test_source_licence_and_sharing_are_kept_with_the_receipt(web: Web) -> None:
    said = {"source": "nih-cxr14", "licence": "CC0-1.0", "sharing": "library"}
    assert send(web, **said).status_code == 202
    assert send(web, sharing="private").status_code == 202
    kept = [row.form for row in receipts(web)]
    assert kept == [FormSays(**said), FormSays()]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"source": "Dr. DUPONT"}, "source"),
        ({"source": "x" * 41}, "source"),
        ({"licence": "DUPONT"}, "licence"),
        ({"sharing": "DUPONT"}, "sharing"),
        ({"sharing": "open"}, "sharing"),
    ],
)
def test_what_could_not_be_kept_is_refused_without_quoting_it(
    web: Web, fields: dict[str, str], place: str
) -> None:
    answer = send(web, 1, **fields)
    assert answer.status_code == 422
    assert place in answer.text
    assert "DUPONT" not in answer.text
    assert receipts(web) == []


def stated(web: Web, text_check: str = "unseen") -> str:
    """Add a film that was deposited with a statement; return its id."""
    film, receipt = add_film(web, "a")
    tables = web.rows.tables
    tables.films[film.id] = replace(film, licence="CC0-1.0", text_check=text_check)  # type: ignore[arg-type]
    tables.receipts[receipt.id] = replace(
        receipt, statement=STATEMENT_VERSION, stated_at=receipt.created_at
    )
    return film.id


def test_a_film_says_where_it_comes_from(web: Web) -> None:
    film = stated(web)
    told = web.get(f"/radiographs/{film}").json
    assert (told["site"], told["licence"], told["sharing"]) == ("local", "CC0-1.0", "private")
    assert told["provenance"]["statement"] == STATEMENT_VERSION
    assert told["provenance"]["stated_at"] is not None
    assert told["provenance"]["text_check"] == "unseen"
    assert web.get("/radiographs").json["items"][0]["sharing"] == "private"


@pytest.mark.parametrize("role", ROLES)
def test_a_steward_shares_a_clean_film_and_the_journal_says_who(web: Web, role: Role) -> None:
    film = stated(web, "clean")
    answer = web.call(
        "PUT", f"/radiographs/{film}/sharing", role, json={"sharing": "open", "licence": "CC0-1.0"}
    )
    if role not in {"steward", "admin"}:
        assert answer.status_code == 403
        return
    assert answer.json == {"sharing": "open", "licence": "CC0-1.0"}
    row = web.rows.tables.audit[-1]
    assert (row.account, row.action) == (web.accounts[role].pseudonym, "film.shared")
    assert web.get(f"/radiographs/{film}").json["sharing"] == "open"


def test_a_film_that_is_not_clean_stays_private_and_an_open_one_has_a_licence(web: Web) -> None:
    film = stated(web)
    for body in ({"sharing": "library"}, {"sharing": "open", "licence": "CC0-1.0"}):
        answer = web.call("PUT", f"/radiographs/{film}/sharing", "steward", json=body)
        assert (answer.status_code, answer.json["code"]) == (409, "kept-private")
    film = stated(web, "clean")
    answer = web.call("PUT", f"/radiographs/{film}/sharing", "steward", json={"sharing": "open"})
    assert answer.status_code == 409
    wrong = {"sharing": "open", "licence": "mine"}
    answer = web.call("PUT", f"/radiographs/{film}/sharing", "steward", json=wrong)
    assert answer.status_code == 422
    assert web.get(f"/radiographs/{film}").json["sharing"] == "private"


def page(web: Web, film: str, role: Role, language: str = "fr") -> str:
    headers = {"Authorization": f"Bearer {web.tokens[role]}", "Accept-Language": language}
    return web.client().get(f"/cliches/{film}", headers=headers).text


def test_lecture_shows_where_a_film_comes_from_and_lets_stewards_share_it(web: Web) -> None:
    film = stated(web)
    french = page(web, film, "viewer")
    for text in ("Provenance", "CC0-1.0", "Privé : ce site seulement", "version 2026-11, "):
        assert text in french
    assert 'id="share-form"' not in french
    steward = page(web, film, "steward", "en")
    assert 'id="share-form"' in steward
    assert "Stays private" in steward
    assert 'value="open"' not in steward
    assert 'value="open"' in page(web, stated(web, "clean"), "steward")


def test_an_admin_of_another_site_is_not_offered_what_is_not_theirs(web: Web) -> None:
    film = stated(web, "clean")
    tables = web.rows.tables
    tables.films[film] = replace(tables.films[film], site="elsewhere", sharing="library")
    assert 'id="share-form"' not in page(web, film, "steward")
    assert 'id="erase"' not in page(web, film, "steward")
    assert 'id="share-form"' in page(web, film, "admin")


def test_depot_asks_for_the_statement_in_the_page_s_language(web: Web) -> None:
    for language, text in zip(("fr", "en"), STATEMENTS[STATEMENT_VERSION], strict=True):
        headers = {
            "Authorization": f"Bearer {web.tokens['radiologist']}",
            "Accept-Language": language,
        }
        shown = web.client().get("/depot", headers=headers).text
        assert text.replace("'", "&#39;") in shown
        assert f'value="{STATEMENT_VERSION}" required' in shown
