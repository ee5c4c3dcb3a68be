"""The library by the API: lists, one film, look-alikes, erasure."""

from dataclasses import replace

import pytest

from schemas.findings import FINDINGS
from store.records import LabelRow, Neighbour, Role
from tests.fakes.rows_tables import now
from tests.web.conftest import Web
from tests.web.library import ALERT, SENSITIVE, add_film, analyse


def test_a_page_has_films_newest_first_and_goes_on_after_next(web: Web) -> None:
    films = [add_film(web, f"film {number}")[0].id for number in range(5)]

    first = web.get("/radiographs?limit=3").json
    second = web.get(f"/radiographs?limit=3&after={first['next']}").json

    assert [item["id"] for item in first["items"]] == films[:1:-1]
    assert [item["id"] for item in second["items"]] == films[1::-1]
    assert second["next"] is None


def test_a_film_in_a_list_has_the_fourteen_in_chexperts_order_with_their_states(
    web: Web,
) -> None:
    add_film(web, "one", scores={"Edema": 0.7, "Pneumonia": 0.4})

    findings = web.get("/radiographs").json["items"][0]["findings"]

    assert tuple(row["name"] for row in findings) == FINDINGS
    states = {row["name"]: row["state"] for row in findings}
    assert states["Edema"] == "suspected"
    assert states["Pneumonia"] == "borderline"
    assert states["Atelectasis"] == "not_suspected"
    fracture = findings[FINDINGS.index("Fracture")]
    none = {"probability": None, "state": "not_assessed", "reliability": None}
    assert fracture == {"name": "Fracture"} | none


def test_filters_reach_the_rows(web: Web) -> None:
    strong = add_film(web, "strong", scores={"Edema": 0.9})[0].id
    labelled = add_film(web, "labelled", scores={"Edema": 0.2})[0].id
    add_film(web, "waiting", analysed=False)
    web.rows.films.add_labels(labelled, [LabelRow("Edema", 1, "imported", "nih", now())])

    def ids(query: str) -> list[str]:
        return [item["id"] for item in web.get(f"/radiographs?{query}").json["items"]]

    assert ids("finding=Edema&min=0.5") == [strong]
    assert ids("finding=Edema&label=1") == [labelled]
    assert ids("finding=Edema&label=1&source=physician") == []
    assert ids("finding=Edema&state=suspected") == [strong]
    assert len(ids("state=waiting")) == 1
    assert ids("updated_since=2100-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    "query",
    [
        "finding=Oedema",
        "min=0.5",
        "label=1",
        "source=physician",
        "state=suspected",
        "finding=Edema&min=2",
        "finding=Edema&min=nan",
        "finding=Edema&label=2",
        "source=somebody&finding=Edema",
        "limit=0",
        "limit=201",
        "limit=many",
        "after=x",
        "after=-1",
        "after=99999999999999999999",
        "updated_since=yesterday",
        "state=odd",
        "colour=red",
    ],
)
def test_a_filter_that_means_nothing_is_refused(web: Web, query: str) -> None:
    answer = web.get(f"/radiographs?{query}")

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "invalid"


def test_a_film_has_its_findings_with_operating_points_model_labels_and_readings(
    web: Web,
) -> None:
    film = add_film(web, "one", scores={"Edema": 0.7})[0].id
    web.rows.films.add_labels(film, [LabelRow("Edema", 1, "imported", "nih", now())])
    web.post(
        f"/radiographs/{film}/validations",
        "radiologist",
        json={"labels": {"Edema": 1}, "answer_visible": False},
    )
    web.post(f"/radiographs/{film}/comments", "radiologist", json={"text": "Œdème net."})

    answer = web.get(f"/radiographs/{film}").json

    edema = answer["findings"][FINDINGS.index("Edema")]
    assert edema["probability"] == pytest.approx(0.7)
    assert edema["state"] == "suspected"
    assert edema["operating_point"]["alert"] == {
        "threshold": ALERT,
        "sensitivity": 0.7,
        "specificity": 0.8,
    }
    assert edema["operating_point"]["sensitive"]["threshold"] == SENSITIVE
    assert answer["findings"][FINDINGS.index("Fracture")]["operating_point"] is None
    assert (answer["model"]["name"], answer["model"]["version"]) == ("starter", 1)
    assert answer["model"]["live"] is True
    assert {row["source"] for row in answer["labels"]} == {"imported", "physician"}
    assert answer["validations"][0]["labels"] == {"Edema": 1}
    assert answer["validations"][0]["reader"] == web.accounts["radiologist"].pseudonym
    assert answer["comments"][0]["text"] == "Œdème net."


def test_a_film_without_analysis_has_no_findings_and_no_model(web: Web) -> None:
    film = add_film(web, "one", analysed=False)[0].id

    answer = web.get(f"/radiographs/{film}").json

    assert answer["findings"] == []
    assert answer["model"] is None


def test_opening_a_film_is_remembered_so_that_a_later_reading_was_not_blind(web: Web) -> None:
    film = add_film(web, "one")[0].id
    web.get(f"/radiographs/{film}", "radiologist")

    web.post(
        f"/radiographs/{film}/validations",
        "radiologist",
        json={"labels": {"Edema": 0}, "answer_visible": False},
    )

    assert web.rows.tables.readings[0].answer_visible is True
    assert "film.opened" in [row.action for row in web.rows.tables.audit]


def test_a_film_that_only_an_older_model_analysed_says_so(web: Web) -> None:
    film = add_film(web, "one")[0].id
    other = add_film(web, "two", analysed=False)[0].id
    analyse(web, other, {}, version=2)

    assert web.get(f"/radiographs/{film}").json["model"]["live"] is False
    assert web.get(f"/radiographs/{other}").json["model"]["version"] == 2


@pytest.mark.parametrize("film", ["0" * 64, "nothing", "0" * 63, "Z" * 64])
@pytest.mark.parametrize("part", ["", "/similar", "/image", "/activation?finding=Edema"])
def test_an_unknown_film_is_not_found(web: Web, film: str, part: str) -> None:
    answer = web.get(f"/radiographs/{film}{part}")

    assert answer.status_code == 404
    assert answer.json["status"] == 404


def test_look_alikes_come_in_order_with_findings_labels_and_duplicates(web: Web) -> None:
    film, near, far, copy = (add_film(web, name)[0].id for name in ("a", "b", "c", "d"))
    web.rows.films.add_labels(near, [LabelRow("Edema", 1, "imported", "nih", now())])
    web.similar.answers[film] = (Neighbour(near, 0.98, (copy,)), Neighbour(far, 0.5))

    items = web.get(f"/radiographs/{film}/similar").json["items"]

    assert [(row["id"], row["similarity"]) for row in items] == [(near, 0.98), (far, 0.5)]
    assert items[0]["duplicates"] == [copy]
    assert items[0]["labels"][0]["finding"] == "Edema"
    assert len(items[0]["findings"]) == 14
    assert web.similar.asked == [(film, 12, None, False)]


def test_look_alikes_take_a_number_a_finding_and_the_same_patient(web: Web) -> None:
    film = add_film(web, "a")[0].id
    web.similar.answers[film] = ()

    web.get(f"/radiographs/{film}/similar?k=5&finding=Lung Opacity&same_patient=include")

    assert web.similar.asked == [(film, 5, "Lung Opacity", True)]


@pytest.mark.parametrize("query", ["k=0", "k=101", "finding=x", "same_patient=perhaps"])
def test_a_question_for_look_alikes_that_means_nothing_is_refused(web: Web, query: str) -> None:
    film = add_film(web, "a")[0].id

    assert web.get(f"/radiographs/{film}/similar?{query}").status_code == 422


def test_an_erased_film_is_in_no_answer_even_one_that_was_kept(web: Web) -> None:
    film, gone = add_film(web, "a")[0].id, add_film(web, "b")[0].id
    web.similar.answers[film] = (Neighbour(gone, 0.9),)
    other = add_film(web, "c")[0].id
    web.similar.answers[gone] = (Neighbour(film, 0.9),)
    web.similar.answers[other] = (Neighbour(film, 0.9, (gone,)),)

    assert web.call("DELETE", f"/radiographs/{gone}", "steward").status_code == 204

    assert web.get(f"/radiographs/{film}/similar").json["items"] == []
    (kept,) = web.get(f"/radiographs/{other}/similar").json["items"]
    assert (kept["id"], kept["duplicates"]) == (film, [])
    assert web.get(f"/radiographs/{gone}/similar").status_code == 404
    assert web.get(f"/radiographs/{gone}/image").status_code == 404
    assert "radiograph.erased" in [row.topic for row in web.rows.outbox.messages]


def test_a_kept_answer_shows_nothing_that_another_site_has_made_private(web: Web) -> None:
    film, hidden = add_film(web, "a")[0].id, add_film(web, "b")[0].id
    seen = add_film(web, "c")[0].id
    films = web.rows.tables.films
    films[hidden] = replace(films[hidden], site="elsewhere")
    web.similar.answers[film] = (Neighbour(hidden, 0.9), Neighbour(seen, 0.8, (hidden,)))

    (item,) = web.get(f"/radiographs/{film}/similar").json["items"]

    assert (item["id"], item["duplicates"]) == (seen, [])


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("radiologist", 403)])
def test_only_stewards_erase(web: Web, role: Role, status: int) -> None:
    film = add_film(web, "a")[0].id

    assert web.call("DELETE", f"/radiographs/{film}", role).status_code == status
    assert web.get(f"/radiographs/{film}").status_code == 200
