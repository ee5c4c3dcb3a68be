"""Patients over the API: erased whole by their pseudonym, refused until lifted."""

from dataclasses import replace

import numpy as np
import pytest

from store.records import Film, Role
from tests.web.conftest import Web
from tests.web.library import add_film

CODE, OTHER = "a" * 32, "b" * 32


def belongs(web: Web, name: str, patient: str | None) -> Film:
    """Put a film of this patient into the store."""
    film = add_film(web, name)[0]
    tables = web.rows.tables
    tables.films[film.id] = replace(tables.films[film.id], patient=patient)
    return tables.films[film.id]


def test_a_patient_is_erased_and_what_may_be_the_patients_is_listed(web: Web) -> None:
    mine = [belongs(web, name, CODE) for name in ("one", "two")]
    theirs, alike, unlike = (
        belongs(web, name, patient)
        for name, patient in (("theirs", OTHER), ("alike", None), ("unlike", None))
    )
    tables = web.rows.tables
    for version in {version for _, version in tables.embeddings}:
        for film in (*mine, theirs, alike):
            tables.embeddings[film.id, version] = tables.embeddings[mine[0].id, version]
        other = np.roll(tables.embeddings[mine[0].id, version], 7)
        tables.embeddings[unlike.id, version] = other

    answer = web.call("DELETE", f"/patients/{CODE}", "steward")

    assert answer.status_code == 200
    assert answer.json == {
        "patient": CODE,
        "erased": [film.id for film in mine],
        "near": [alike.id],
        "disputed": [],
    }
    assert set(tables.films) == {theirs.id, alike.id, unlike.id}
    again = web.call("DELETE", f"/patients/{CODE}", "steward")
    assert (again.status_code, again.json["erased"]) == (200, [])


def test_an_erasure_is_lifted_when_it_has_ended(web: Web) -> None:
    film = belongs(web, "one", CODE)
    web.call("DELETE", f"/patients/{CODE}")
    assert web.post(f"/patients/{CODE}/lift").status_code == 409
    assert web.post(f"/radiographs/{film.id}/lift").status_code == 409

    web.rows.tables.erasures.clear()
    assert web.post(f"/patients/{CODE}/lift", "steward").status_code == 204
    assert web.post(f"/patients/{CODE}/lift").status_code == 404
    assert web.post(f"/radiographs/{film.id}/lift").status_code == 404


def test_an_erased_film_is_lifted_by_a_steward(web: Web) -> None:
    film = add_film(web, "one")[0]
    web.call("DELETE", f"/radiographs/{film.id}")
    web.rows.tables.erasures.clear()
    assert web.post(f"/radiographs/{film.id}/lift", "radiologist").status_code == 403
    assert web.post(f"/radiographs/{film.id}/lift", "steward").status_code == 204


def test_whoever_writes_of_an_erased_film_hears_that_it_was_erased(web: Web) -> None:
    film = add_film(web, "one")[0]
    web.call("DELETE", f"/radiographs/{film.id}")
    answer = web.post(f"/radiographs/{film.id}/comments", json={"text": "flou"})
    assert (answer.status_code, answer.json["code"]) == (404, "erased")


@pytest.mark.parametrize("role", ["viewer", "radiologist", None])
def test_only_stewards_and_admins_erase_and_lift_patients(web: Web, role: Role | None) -> None:
    belongs(web, "one", CODE)
    status = 401 if role is None else 403
    assert web.call("DELETE", f"/patients/{CODE}", role).status_code == status
    assert web.post(f"/patients/{CODE}/lift", role).status_code == status
    assert len(web.rows.tables.films) == 1


@pytest.mark.parametrize("code", ["Dupont", "A" * 32, "a" * 31, OTHER])
def test_a_patient_that_is_none_is_not_found(web: Web, code: str) -> None:
    assert web.call("DELETE", f"/patients/{code}").status_code == 404
