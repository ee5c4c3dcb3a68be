"""A private film is seen by its own site alone: every function and role, on both stores."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from typing import Any, get_args

import pytest

from schemas.errors import Conflict, Erased, Forbidden, NotFound, RadiothequeError
from schemas.provenance import Sharing
from store.grants import GRANTS
from store.ports import Rows
from store.records import Account, Drop, Film, LabelRow, Letter, Receipt, Role
from store.records_manifests import ManifestSummary
from store.rows import connect
from store.settings import Settings
from tests.fakes.rows import FakeRows
from tests.fakes.rows_tables import now
from tests.store.conftest import BOTH, as_role
from tests.store.hidden import HIDDEN, NO_FILM, PROGRAMS, House, Subject
from tests.store.made import analysed, analysis, film, manifest, received

ROLES: tuple[Role, ...] = get_args(Role)
CALLS = [(name, place) for name, calls in HIDDEN.items() for place in range(len(calls))]


def of_site(site: str, seed: int, **more: Any) -> Film:
    return replace(film(seed), site=site, **more)


def drop(of: Film, key: str, depositor: uuid.UUID | None = None) -> Drop:
    return Drop("dropzone", key, "v1", 9, "bulk", of.site, "drop", depositor=depositor)


def accept(rows: Rows, of: Film, key: str, depositor: uuid.UUID | None = None) -> Receipt:
    (receipt,) = rows.receipts.open_many([drop(of, key, depositor)])
    rows.receipts.accept(receipt, of, received(receipt, of))
    found = rows.receipts.get(receipt.id)
    assert found is not None
    return found


def analyse(rows: Rows, of: Film, seed: int) -> None:
    rows.analyses.save([analysis(of.id, seed=seed, scores={"Edema": 0.9})], [analysed(of)])


def private_film(rows: Rows, steward: Account) -> tuple[Film, Subject]:
    """Store a private film of the north with all that can hang on one."""
    of = of_site("north", 1, patient="a" * 32)
    receipt = accept(rows, of, "in/north/1.png")
    # Another drop of it names another patient.
    accept(rows, replace(of, patient="d" * 32), "in/north/again.png")
    analyse(rows, of, 1)
    rows.films.add_labels(of.id, [LabelRow("Edema", 1, "imported", "nih", now())])
    rows.readings.record(
        of.id, {"Edema": 1}, account=steward.id, answer_visible=True, model="starter/1"
    )
    comment = rows.readings.comment(of.id, "of the north", account=steward.id)
    (held,) = rows.receipts.open_many([drop(of, "in/north/held.png")])
    (manifest,) = rows.receipts.open_many([drop(of, "in/north/labels.csv")])
    rows.manifests.end(manifest, ManifestSummary(3))
    rows.quarantine.hold(held, code="burned-in", wanted="none", came="text", events=[])
    letter = Letter(
        uuid.uuid4(), "analysis.requested", 0, 1, "analyse", of.id.encode(), (), b"{}",
        "wanted a film, came none", 3, "open", now(), receipt.id,
    )  # fmt: skip
    rows.letters.add(letter, [])
    erased = of_site("north", 3)
    accept(rows, erased, "in/north/3.png")
    rows.films.erase(erased.id, account=steward.id)
    accept(rows, of_site("north", 4, patient="e" * 32), "in/north/4.png")
    rows.patients.erase("e" * 32, account=steward.id)
    return of, Subject(
        of.id, erased.id, "a" * 32, "d" * 32, "e" * 32, comment.id, receipt.id, letter.id,
        "in/north/1.png", held.id, manifest.id,
    )  # fmt: skip


def furnish(rows: Rows, web: Rows) -> House:
    """Return both sites with an account of every role, and a film of each."""
    rows.accounts.add("Ada", "admin", "hash", by=None)
    rows.models.register(manifest(), "live")
    people = {
        site: {
            role: rows.accounts.add(f"{role} {site}", role, "hash", by=None, site=site)
            for role in ROLES
        }
        for site in ("north", "south")
    }
    of, theirs = private_film(rows, people["north"]["steward"])
    own = of_site("south", 2, text_check="clean", sharing="library")
    accept(rows, own, "in/south/2.png")
    analyse(rows, own, 2)
    nobodys = Subject(
        "0" * 64, "1" * 64, "0" * 32, "1" * 32, "2" * 32, uuid.uuid4(), uuid.uuid4(),
        uuid.uuid4(), "in/north/none.png", uuid.uuid4(), uuid.uuid4(),
    )  # fmt: skip
    return House(rows, web, theirs, nobodys, of, own, people)


@pytest.fixture(params=BOTH)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    if request.param == "fake":
        fake = FakeRows(operator=True)
        yield furnish(fake, fake)
        return
    settings = request.getfixturevalue("database")
    rows, web = connect(settings), connect(as_role(settings, "radiotheque_web"))
    yield furnish(rows, web)
    rows.close()
    web.close()


def outcome(house: House, name: str, place: int, who: Account, subject: Subject) -> str:
    """Return what is answered, with the subject's own names taken out."""
    try:
        said = repr(HIDDEN[name][place](house, who, subject))
    except RadiothequeError as error:
        said = f"{type(error).__name__}: {error}"
    for number, word in enumerate(astuple(subject)):
        said = said.replace(str(word), f"<{number}>")
    return said


def test_every_granted_function_is_tried_or_has_nothing_to_do_with_films() -> None:
    granted = frozenset().union(*GRANTS.values())
    assert granted == HIDDEN.keys() | NO_FILM.keys() | PROGRAMS
    assert len(granted) == len(HIDDEN) + len(NO_FILM) + len(PROGRAMS)
    web = GRANTS["radiotheque_web"]
    assert web == HIDDEN.keys() | NO_FILM.keys()
    assert not web & PROGRAMS


@pytest.mark.parametrize(("name", "place"), CALLS)
def test_a_private_film_of_another_site_is_not_there_whatever_is_asked(
    house: House, name: str, place: int
) -> None:
    for role in ROLES:
        who = house.people["south"][role]
        told = outcome(house, name, place, who, house.theirs)
        assert told == outcome(house, name, place, who, house.nobodys), role
    # Its own site's steward is answered otherwise: the comparison can fail.
    own = house.people["north"]["steward"]
    assert outcome(house, name, place, own, house.theirs) != outcome(
        house, name, place, own, house.nobodys
    )


@pytest.mark.services
def test_web_is_told_nothing_without_an_account(database: Settings) -> None:
    rows, web = connect(database), connect(as_role(database, "radiotheque_web"))
    house = furnish(rows, web)
    nobody = replace(house.people["north"]["admin"], id=None)  # type: ignore[arg-type]
    for name, place in CALLS:
        told = outcome(house, name, place, nobody, house.theirs)
        assert told.startswith("Forbidden"), (name, place)
    rows.close()
    web.close()


def test_programs_and_the_command_line_see_every_film(house: House) -> None:
    rows, film_id = house.rows, house.film.id
    assert rows.films.many([film_id]).keys() == {film_id}
    assert rows.films.seen([film_id], account=None).keys() == {film_id}
    assert rows.analyses.get(film_id) is not None
    _, near = rows.vectors.nearest(house.own.id, count=9)
    assert [row.film for row in near] == [film_id]


def test_a_program_asks_for_a_site_what_its_accounts_would_be_told(house: House) -> None:
    near = house.rows.vectors.nearest
    assert near(house.own.id, count=9, site="south")[1] == []
    with pytest.raises(NotFound):
        near(house.film.id, count=9, site="south")
    assert [row.film for row in near(house.film.id, count=9, site="north")[1]] == [house.own.id]


def test_who_drops_a_film_that_is_private_elsewhere_is_not_told_of_it(house: House) -> None:
    who = house.people["south"]["radiologist"]
    again = replace(house.film, site="south", patient="c" * 32)
    receipt = accept(house.rows, again, "uploads/south", who.id)
    assert (receipt.film, receipt.contradicts) == (house.film.id, ("patient",))

    told = house.web.receipts.get(receipt.id, account=who.id)
    (recent,) = house.web.receipts.recent(who.id)

    assert told is not None
    assert told.state == receipt.state
    assert (told.film, told.contradicts) == (None, ())
    assert recent == told
    assert house.web.films.seen([house.film.id], account=who.id) == {}


def test_what_its_site_shares_is_seen_by_all_and_decided_on_by_its_own_stewards(
    house: House,
) -> None:
    shared = of_site("north", 7, text_check="clean", sharing="library")
    accept(house.rows, shared, "in/north/7.png")
    south = house.people["south"]
    for who in south.values():
        assert house.web.films.detail(shared.id, account=who.id).row.film.sharing == "library"
        page = house.web.films.page(account=who.id)
        assert [row.film.id for row in page.items] == [shared.id, house.own.id]
    with pytest.raises(Forbidden):
        house.web.films.erase(shared.id, account=south["steward"].id)
    with pytest.raises(Forbidden):
        house.web.films.share(shared.id, "private", None, account=south["steward"].id)
    house.web.films.share(shared.id, "private", None, account=south["admin"].id)
    for who in south.values():
        with pytest.raises(NotFound):
            house.web.films.detail(shared.id, account=who.id)
    house.web.films.erase(shared.id, account=house.people["north"]["steward"].id)
    with pytest.raises(Erased):
        house.web.readings.shown(
            shared.id, account=house.people["north"]["viewer"].id, answer=True, others=False
        )


@pytest.mark.parametrize(
    ("wish", "text_check", "licence", "sharing"),
    [
        ("private", "clean", "CC0-1.0", "private"),
        ("library", "clean", None, "library"),
        ("open", "clean", "CC-BY-4.0", "open"),
        ("open", "clean", None, "private"),
        ("library", "unseen", "CC0-1.0", "private"),
        ("open", "found", "CC0-1.0", "private"),
    ],
)
def test_only_a_clean_film_leaves_its_site_and_only_with_a_licence_the_library(
    house: House, wish: Sharing, text_check: Any, licence: str | None, sharing: Sharing
) -> None:
    of = of_site("north", 8, text_check=text_check, licence=licence, sharing=wish)
    accept(house.rows, of, "in/north/8.png")
    assert house.rows.films.many([of.id])[of.id].sharing == sharing
    steward = house.people["north"]["steward"]
    if sharing == wish:
        assert house.web.films.share(of.id, wish, licence, account=steward.id).sharing == wish
        return
    with pytest.raises(Conflict):
        house.web.films.share(of.id, wish, licence, account=steward.id)
    assert house.rows.films.many([of.id])[of.id].sharing == "private"


def test_who_shared_a_film_and_how_it_was_before_is_in_the_journal(house: House) -> None:
    of = of_site("north", 9, text_check="clean")
    accept(house.rows, of, "in/north/9.png")
    steward, viewer = house.people["north"]["steward"], house.people["north"]["viewer"]
    house.web.films.share(of.id, "open", "CC0-1.0", account=steward.id)
    with pytest.raises(Forbidden):
        house.web.films.share(of.id, "private", None, account=viewer.id)
    row = house.web.audit.list(by=steward.id)[0]
    assert (row.account, row.action, row.subject) == (steward.pseudonym, "film.shared", of.id)
    assert row.detail == {
        "sharing": "open",
        "licence": "CC0-1.0",
        "before": {"sharing": "private", "licence": None},
    }
    with pytest.raises(RadiothequeError, match="licence"):
        house.web.films.share(of.id, "open", "mine", account=steward.id)


def test_an_admin_has_no_hand_in_the_accounts_of_another_site(house: House) -> None:
    # Who could set another's password would see what the other sees.
    accounts, admin = house.web.accounts, house.people["south"]["admin"]
    other, own = house.people["north"]["steward"], house.people["south"]["viewer"]
    token = accounts.add_token(other.id, b"t" * 32, "theirs", by=other.id)
    assert {row.site for row in accounts.list(by=admin.id)} == {"south"}
    with pytest.raises(Forbidden):
        accounts.add("spy", "viewer", "hash", by=admin.id, site="north")

    def change(account: Account) -> list[Callable[[], object]]:
        return [
            lambda: accounts.set_password(account.id, "new", by=admin.id),
            lambda: accounts.add_token(account.id, b"s" * 32, "spy", by=admin.id),
            lambda: accounts.set_role(account.id, "viewer", by=admin.id),
            lambda: accounts.remove(account.id, by=admin.id),
        ]

    for call in change(other):
        with pytest.raises(NotFound):
            call()
    for call in change(own):
        call()
    with pytest.raises(NotFound):
        accounts.remove_token(token, by=admin.id)
