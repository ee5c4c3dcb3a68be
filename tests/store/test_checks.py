"""What the input check says of a film, and a steward's word on it."""

from dataclasses import replace

import numpy as np
import pytest

from schemas.errors import Dead, Erased, Forbidden, NotFound, Unavailable
from schemas.facts import KnownFacts
from schemas.film_check import FLAGGED, is_inverted
from store.ports import Rows
from store.records import Film
from tests.store.made import Library, analysis, film, library

SAID = {"lateral": 0.0, "inverted": 0.81, "rotated": 0.02}


def shelf_with(rows: Rows, **known: object) -> tuple[Library, Film]:
    shelf = library(rows)
    made = replace(film(1), checks=SAID, **known)  # type: ignore[arg-type]
    shelf.accept(made)
    shelf.analyse(made, Edema=0.7)
    return shelf, made


def stored(rows: Rows) -> Film:
    found = rows.films.get(film(1).id)
    assert found is not None
    return found


def test_a_film_keeps_what_the_check_says_and_what_is_sure_enough_is_a_flag(rows: Rows) -> None:
    shelf_with(rows)
    known = stored(rows)
    assert dict(known.checks) == SAID
    assert (known.flags, known.flagged) == ((), ("inverted",))


@pytest.mark.parametrize("role", ["steward", "admin"])
def test_a_steward_overrules_a_flag_and_the_audit_keeps_what_it_was(rows: Rows, role: str) -> None:
    shelf, made = shelf_with(rows)
    who = shelf.account(role)  # type: ignore[arg-type]
    rows.films.overrule(made.id, "inverted", holds=False, account=who.id)
    rows.films.overrule(made.id, "cropped", holds=True, account=who.id)
    assert dict(stored(rows).checks) == SAID | {"inverted": 0.0, "cropped": 1.0}
    assert stored(rows).flagged == ("cropped",)
    said = {
        str(row.detail["check"]): (row.account, row.subject, row.detail["was"], row.detail["now"])
        for row in rows.audit.list(by=shelf.admin.id)
        if row.action == "film.check_overruled"
    }
    assert said == {
        "inverted": (who.pseudonym, made.id, 0.81, False),
        "cropped": (who.pseudonym, made.id, None, True),
    }


@pytest.mark.parametrize("role", ["viewer", "radiologist"])
def test_only_stewards_overrule(rows: Rows, role: str) -> None:
    shelf, made = shelf_with(rows)
    with pytest.raises(Forbidden):
        rows.films.overrule(
            made.id,
            "inverted",
            holds=False,
            account=shelf.account(role).id,  # type: ignore[arg-type]
        )
    assert dict(stored(rows).checks) == SAID


def test_what_is_no_check_or_no_film_is_refused(rows: Rows) -> None:
    shelf, made = shelf_with(rows)
    with pytest.raises(Dead, match="five checks"):
        rows.films.overrule(made.id, "conflict", holds=False, account=shelf.admin.id)
    with pytest.raises(NotFound) as unknown:
        rows.films.overrule(film(2).id, "child", holds=True, account=shelf.admin.id)
    assert not isinstance(unknown.value, Erased)
    rows.films.erase(made.id, account=shelf.admin.id)
    with pytest.raises(Erased):
        rows.films.overrule(made.id, "child", holds=True, account=shelf.admin.id)


def test_a_film_that_becomes_lateral_or_is_no_more_is_analysed_anew(rows: Rows) -> None:
    shelf, made = shelf_with(rows)
    for holds in (True, False):
        rows.films.overrule(made.id, "lateral", holds=holds, account=shelf.admin.id)
        assert rows.analyses.get(made.id) is None
        assert rows.films.without_analysis(10) == [made.id]
        [row] = rows.films.page(account=shelf.admin.id).items
        assert (row.model, row.probabilities) == (None, None)
        # By a worker that read the film before the steward's word: it must read it again.
        with pytest.raises(Unavailable):
            rows.analyses.save([replace(analysis(made.id), anew=stored(rows).anew - 1)], [])
        again = replace(analysis(made.id), anew=stored(rows).anew)
        rows.analyses.save(
            [replace(again, probabilities=np.full(14, np.nan, np.float32)) if holds else again], []
        )
        rows.films.overrule(made.id, "lateral", holds=holds, account=shelf.admin.id)
        assert rows.analyses.get(made.id) is not None
        assert stored(rows).anew == (1 if holds else 2)


@pytest.mark.parametrize(
    ("check", "another"),
    [("inverted", True), ("rotated", False), ("cropped", False), ("child", False)],
)
def test_a_film_that_is_turned_over_or_no_more_is_another_film_for_the_model(
    rows: Rows, check: str, *, another: bool
) -> None:
    shelf, made = shelf_with(rows)
    holds = made.checks.get(check, 0.0) < FLAGGED
    rows.films.overrule(made.id, check, holds=holds, account=shelf.admin.id)
    assert (rows.analyses.get(made.id) is None) == another
    assert is_inverted(stored(rows).checks) == (check != "inverted")
    # Said again, it is as it was.
    anew = stored(rows).anew
    rows.films.overrule(made.id, check, holds=holds, account=shelf.admin.id)
    assert stored(rows).anew == anew == int(another)


def test_look_alikes_of_a_film_that_is_turned_over_are_those_of_what_is_shown(rows: Rows) -> None:
    shelf, made = shelf_with(rows)
    rows.films.overrule(made.id, "inverted", holds=False, account=shelf.admin.id)
    assert rows.vectors.embedded([made.id], "e1") == set()
    again = replace(analysis(made.id, seed=7), anew=stored(rows).anew)
    rows.analyses.save([again], [])
    kept = rows.analyses.get(made.id)
    assert kept is not None
    np.testing.assert_allclose(kept.embedding, again.embedding, atol=1e-3)


def test_a_later_drop_that_knows_view_and_age_says_lateral_and_child(rows: Rows) -> None:
    shelf, made = shelf_with(rows, view=None)
    assert dict(stored(rows).checks) == SAID
    shelf = Library(rows, shelf.admin)
    first = replace(film(2), view=None)
    shelf.accept(first)
    shelf.analyse(first, seed=2)
    told = replace(first, view="LATERAL", facts=KnownFacts(age=17))
    shelf.accept(told, seed=3)
    known = rows.films.get(first.id)
    assert known is not None
    assert dict(known.checks) == {"lateral": 1.0, "child": 1.0}
    assert rows.analyses.get(first.id) is None
    # Said already, by a steward or of the pixels: it stands.
    shelf.accept(replace(made, view="LATERAL"), seed=4)
    assert stored(rows).checks["lateral"] == 0.0
    assert rows.analyses.get(made.id) is not None
