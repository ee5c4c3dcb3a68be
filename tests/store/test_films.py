"""Films in lists: filters, pages, labels, erasure."""

import uuid

import pytest

from schemas.errors import Dead, Forbidden, NotFound
from store.records import FilmPage, LabelRow, LabelSource
from tests.fakes.rows_tables import now
from tests.store.made import Library, analysis, drop, film, manifest


def label(finding: str, value: int = 1, source: LabelSource = "imported") -> LabelRow:
    return LabelRow(finding, value, source, "nih", now())


def ids(page: FilmPage) -> list[str]:
    return [row.film.id for row in page.items]


@pytest.fixture
def five(shelf: Library) -> Library:
    """Five films: Edema scored 0.9, 0.3, 0.1, 0.7; the last waits for its analysis."""
    for seed in range(5):
        shelf.accept(film(seed))
    for seed, score in enumerate((0.9, 0.3, 0.1, 0.7)):
        shelf.analyse(film(seed), seed=seed, Edema=score)
    return shelf


def test_pages_go_newest_first_and_end(five: Library) -> None:
    page = five.rows.films.page(account=five.admin.id, limit=2)
    seen = ids(page)
    while page.next is not None:
        page = five.rows.films.page(account=five.admin.id, limit=2, after=page.next)
        seen += ids(page)
    assert seen == [film(seed).id for seed in (4, 3, 2, 1, 0)]


def test_a_page_that_ends_exactly_has_no_next(five: Library) -> None:
    assert five.rows.films.page(account=five.admin.id, limit=5).next is None


def test_films_are_found_by_score(five: Library) -> None:
    page = five.rows.films.page(account=five.admin.id, finding="Edema", minimum=0.6)
    assert ids(page) == [film(3).id, film(0).id]
    page = five.rows.films.page(account=five.admin.id, finding="Edema", minimum=0.25)
    assert ids(page) == [film(3).id, film(1).id, film(0).id]


@pytest.mark.parametrize(
    ("state", "seeds"),
    [("suspected", (3, 0)), ("borderline", (1,)), ("not_suspected", (2,)), ("not_assessed", ())],
)
def test_films_are_found_by_the_state_of_a_finding(
    five: Library, state: str, seeds: tuple[int, ...]
) -> None:
    page = five.rows.films.page(account=five.admin.id, finding="Edema", state=state)
    assert ids(page) == [film(seed).id for seed in seeds]


def test_a_finding_the_model_does_not_judge_is_not_assessed(five: Library) -> None:
    page = five.rows.films.page(account=five.admin.id, finding="Fracture", state="not_assessed")
    assert len(page.items) == 4
    assert page.items[0].probabilities is not None
    assert page.items[0].probabilities[11:] == (None, None, None)


def test_films_are_found_by_what_happened_to_them(five: Library) -> None:
    five.rows.readings.record(
        film(1).id, {"Edema": 1}, account=five.admin.id, answer_visible=False, model=None
    )
    found = {
        state: ids(five.rows.films.page(account=five.admin.id, state=state))
        for state in ("analysed", "waiting", "read", "unread")
    }
    assert found["waiting"] == [film(4).id]
    assert len(found["analysed"]) == 4
    assert found["read"] == [film(1).id]
    assert len(found["unread"]) == 4


def test_films_are_found_by_label_value_and_source(five: Library) -> None:
    five.rows.films.add_labels(film(0).id, [label("Edema"), label("Fracture", 0)])
    five.rows.films.add_labels(film(1).id, [label("Edema", 1, "synthetic")])
    five.rows.films.add_labels(film(2).id, [label("Edema", -1)])
    who = five.admin.id
    films = five.rows.films
    assert ids(films.page(account=who, finding="Edema", label=1)) == [film(1).id, film(0).id]
    imported = films.page(account=who, finding="Edema", label=1, source="imported")
    assert ids(imported) == [film(0).id]
    assert ids(films.page(account=who, finding="Edema", label=-1)) == [film(2).id]
    assert ids(films.page(account=who, source="synthetic")) == [film(1).id]
    assert ids(films.page(account=who, finding="Fracture", source="imported")) == [film(0).id]


def test_films_are_found_by_when_they_changed(five: Library) -> None:
    moment = now()
    five.rows.readings.comment(film(2).id, "flou", account=five.admin.id)
    page = five.rows.films.page(account=five.admin.id, updated_since=moment)
    assert ids(page) == [film(2).id]
    assert page.items[0].comments == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"finding": "Oedema", "minimum": 0.5},
        {"minimum": 0.5},
        {"label": 1},
        {"state": "suspected"},
        {"state": "lost"},
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(five: Library, wrong: dict[str, object]) -> None:
    with pytest.raises(Dead):
        five.rows.films.page(account=five.admin.id, **wrong)  # type: ignore[arg-type]


def test_a_detail_tells_all_and_is_written_down(five: Library) -> None:
    five.rows.films.add_labels(film(0).id, [label("Fracture", -1)])
    five.rows.readings.comment(film(0).id, "à revoir", account=five.admin.id)
    detail = five.rows.films.detail(film(0).id, account=five.admin.id)
    assert detail.live
    assert detail.manifest == manifest()
    assert detail.analysis is not None
    assert detail.analysis.activation.shape == (14, 7, 5)
    assert [row.finding for row in detail.row.labels] == ["Fracture"]
    assert [row.text for row in detail.comments] == ["à revoir"]
    opened = five.rows.audit.list(by=five.admin.id)[0]
    assert (opened.action, opened.subject) == ("film.opened", film(0).id)


def test_a_film_waiting_for_its_analysis_has_none(five: Library) -> None:
    detail = five.rows.films.detail(film(4).id, account=five.admin.id)
    assert (detail.analysis, detail.manifest, detail.live) == (None, None, False)
    assert detail.row.probabilities is None


def test_an_unknown_film_is_not_found_and_a_stranger_may_not_look(five: Library) -> None:
    with pytest.raises(NotFound):
        five.rows.films.detail("0" * 64, account=five.admin.id)
    with pytest.raises(Forbidden):
        five.rows.films.detail(film(0).id, account=uuid.uuid4())
    with pytest.raises(Forbidden):
        five.rows.films.page(account=uuid.uuid4())


def test_rows_come_in_the_order_asked_without_those_gone(five: Library) -> None:
    asked = [film(2).id, "0" * 64, film(0).id]
    page = five.rows.films.rows(asked, account=five.admin.id)
    assert ids(page) == [film(2).id, film(0).id]


def test_a_label_said_again_replaces_and_a_removed_one_is_gone(five: Library) -> None:
    for value in (1, 0):
        five.rows.films.add_labels(film(0).id, [label("Edema", value)])
    detail = five.rows.films.detail(film(0).id, account=five.admin.id)
    assert [row.value for row in detail.row.labels] == [0]
    five.rows.films.remove_label(film(0).id, "Edema", "imported", "nih")
    detail = five.rows.films.detail(film(0).id, account=five.admin.id)
    assert detail.row.labels == ()
    with pytest.raises(NotFound):
        five.rows.films.remove_label(film(0).id, "Edema", "imported", "nih")


@pytest.mark.parametrize(("finding", "value"), [("Oedema", 1), ("Edema", 2)])
def test_a_label_outside_the_fourteen_or_the_three_is_dead(
    five: Library, finding: str, value: int
) -> None:
    with pytest.raises(Dead):
        five.rows.films.add_labels(film(0).id, [label(finding, value)])


def test_erasing_leaves_nothing_but_the_announcement(five: Library) -> None:
    five.rows.readings.comment(film(0).id, "x", account=five.admin.id)
    five.forget_outbox()
    five.rows.films.erase(film(0).id, account=five.admin.id)
    assert five.rows.films.get(film(0).id) is None
    assert five.rows.analyses.get(film(0).id) is None
    assert film(0).id not in ids(five.rows.films.page(account=five.admin.id))
    assert five.topics() == ["radiograph.erased"]
    assert five.rows.audit.list(by=five.admin.id)[0].action == "film.erased"
    with pytest.raises(NotFound):
        five.rows.films.erase(film(0).id, account=five.admin.id)


def test_only_stewards_and_admins_erase(five: Library) -> None:
    reader = five.account("radiologist")
    with pytest.raises(Forbidden, match="radiologist"):
        five.rows.films.erase(film(0).id, account=reader.id)
    assert five.rows.films.get(film(0).id) is not None


def test_a_film_just_dropped_is_waited_for(shelf: Library) -> None:
    shelf.accept(film(1))
    assert shelf.rows.films.without_analysis(10) == []


def test_a_new_live_model_asks_for_the_library_a_few_at_a_time(shelf: Library) -> None:
    for seed in range(3):
        (receipt,) = shelf.rows.receipts.open_many([drop(seed)])
        shelf.rows.receipts.accept(receipt, film(seed), [])
        shelf.analyse(film(seed), seed=seed)
    assert shelf.rows.films.without_analysis(10) == []
    shelf.rows.models.register(manifest(2), "live")
    asked = shelf.rows.films.without_analysis(2)
    assert asked == [film(0).id, film(1).id]
    shelf.rows.analyses.request(asked, [])
    # Two are outstanding: a limit of 2 leaves no room, one of 3 room for one.
    assert shelf.rows.films.without_analysis(2) == []
    assert shelf.rows.films.without_analysis(3) == [film(2).id]
    shelf.rows.analyses.save([analysis(film(0).id, model=2)], [])
    assert shelf.rows.films.without_analysis(2) == [film(2).id]
