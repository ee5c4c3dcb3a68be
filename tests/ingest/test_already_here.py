"""The same bytes dropped again: no second film, no second look, and a receipt that says so."""

import ast
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest

from ingest import already_here
from ingest.already_here import DECODERS, READERS, AlreadyHere, sources
from ingest.handler import IngestHandler
from ingest.text_in_film import TextLook
from ingest.text_reader import Line
from schemas.identities import film_id, raw_code
from store.log import Record
from store.records import Drop, FormSays, Receipt
from tests.ingest.films import drawn, png_of
from tests.ingest.test_handler import House, uploaded

FILM: Final = drawn()
BYTES: Final = png_of(FILM)
#: What readers call besides, that makes nothing of a film's samples and facts.
LOOK_ONLY: Final = {
    "ingest.checks",
    "ingest.rules",
    "ingest.text_views",
    "schemas.body_parts",
    "schemas.drop_paths",
    "schemas.errors",
    "schemas.film_check",
    "schemas.film_files",
    "schemas.film_tensor",
    "schemas.plain_text",
    "store.records",
}


class NoText:
    """Finds no text; `read_` counts what it looked at."""

    def __init__(self) -> None:
        self.read_ = 0

    def read(self, picture: Any, contrast: int = 0) -> list[Line]:
        del picture, contrast
        self.read_ += 1
        return []

    def longer(self, picture: Any, line: Line) -> Line:
        del picture
        return line


@pytest.fixture
def house() -> House:
    return House()


def take(house: House, key: str, data: bytes = BYTES) -> Receipt:
    record = house.drop(key, data)
    house.handler.handle([record])
    return house.receipt(record)


def upload(house: House, key: str, form: FormSays, site: str = "test") -> Receipt:
    version = house.objects.put("dropzone", key, BYTES)
    drop = Drop("dropzone", key, version, 1, "first", site, "upload", form=form)
    house.rows.receipts.open_with_event([drop])
    house.handler.handle([uploaded(house.said("object.uploaded")[-1])])
    [found] = house.rows.receipts.find("dropzone", key)
    return found


def puts(house: House) -> int:
    return sum(call[:2] == ("put", "radiographs") for call in house.objects.calls)


def test_the_same_bytes_are_one_film_and_are_neither_decoded_nor_looked_at_again(
    house: House,
) -> None:
    reader = NoText()
    house.handler = IngestHandler(
        house.settings,
        house.rows,
        house.objects,
        house.decoder,
        house.chest,
        text=TextLook([reader]),
    )
    first = take(house, "2026/a.png")
    done = (house.decoder.seen, len(house.chest.asked), reader.read_, puts(house))
    assert done == (1, 1, max(done[2], 1), 3)
    again = [take(house, key) for key in ("2026/a.png", "2027/b.png")]
    assert (house.decoder.seen, len(house.chest.asked), reader.read_, puts(house)) == done
    assert {row.film for row in (first, *again)} == {film_id(FILM)}
    assert [row.already_here for row in (first, *again)] == [False, True, True]
    assert len(house.rows.tables.films) == 1
    assert house.raw() == []
    assert len(house.said("radiograph.received")) == 3


def test_a_record_that_comes_again_does_not_make_a_first_drop_a_second_one(house: House) -> None:
    record = house.drop("a", BYTES)
    for _ in range(3):
        house.handler.handle([record])
    assert not house.receipt(record).already_here


def test_the_same_film_in_other_bytes_is_read_and_is_here_too(house: House) -> None:
    take(house, "a")
    other = take(house, "b", BYTES + b"junk behind the end")
    assert house.decoder.seen == 2
    assert (other.film, other.already_here) == (film_id(FILM), True)


def test_what_the_second_drop_says_is_its_own(house: House) -> None:
    take(house, "a")
    told = FormSays(source="nih-cxr14", licence="CC0-1.0", sharing="open")
    again = upload(house, "uploads/1", told)
    assert house.decoder.seen == 1
    assert (again.form, again.already_here) == (told, True)
    said = json.loads(house.said("radiograph.received")[-1].value)
    assert (said["source"], said["receipt"]) == ("nih-cxr14", str(again.id))
    # The first drop has said what the film is, as ever.
    film = house.rows.films.get(film_id(FILM))
    assert film is not None
    assert (film.source, film.licence, film.sharing) == ("bucket", None, "private")
    # A person waits for this one.
    assert len(house.said("analysis.requested")) == 1


def test_a_dropped_file_says_of_its_patient_what_it_said_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it had been decoded: two houses, of which one does not know bytes again."""

    def story(house: House) -> tuple[list[Any], list[Any]]:
        says = house.decoder.says
        rows = []
        for key, patient, data in (
            ("a", "P1", BYTES),
            ("b", "P2", BYTES + b"2"),
            ("c", "P2", BYTES + b"2"),
            ("d", "P1", BYTES),
        ):
            house.decoder.says = replace(
                says,
                patient_id=patient,
                study="1.2.3",
                study_date="20200102",
                view="PA",
                age="061Y",
            )
            row = take(house, key, data)
            rows.append((row.state, row.film, row.contradicts, row.already_here, row.form))
        told = [json.loads(each.value) for each in house.said("radiograph.received")]
        for each in told:
            del each["receipt"], each["received_at"]
        films = [replace(film, created_at=None) for film in house.rows.tables.films.values()]
        return rows, [told, films]

    known = story(house)
    assert house.decoder.seen == 2
    assert known[0][2][2] == ("patient",)
    monkeypatch.setattr(AlreadyHere, "find", lambda *_: None)
    decoded = House()
    assert story(decoded) == known
    assert decoded.decoder.seen == 4


def with_patient(house: House) -> None:
    upload(house, "uploads/2", FormSays(patient="0" * 32))


def with_a_day(house: House) -> None:
    upload(house, "uploads/2", FormSays(study_date=date(2020, 1, 2)))


def of_another_site(house: House) -> None:
    upload(house, "uploads/2", FormSays(), site="elsewhere")


def read_otherwise(house: House) -> None:
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(already_here, "reading", lambda: "another release")
        take(house, "b")


@pytest.mark.parametrize(
    "again",
    [with_patient, with_a_day, of_another_site, read_otherwise],
    ids=lambda it: it.__name__,
)
def test_where_more_than_the_bytes_counts_a_drop_is_decoded(
    house: House, again: Callable[[House], None]
) -> None:
    take(house, "a")
    again(house)
    assert house.decoder.seen == 2
    # And what such a form said is not taken for the bytes' own.
    take(house, "c")
    assert house.decoder.seen == 2
    assert {row.film for row in house.rows.tables.receipts.values()} == {film_id(FILM)}


def test_a_film_that_came_with_a_form_is_decoded_when_its_bytes_come_without(house: House) -> None:
    upload(house, "uploads/1", FormSays(patient="0" * 32))
    bare = take(house, "a")
    assert house.decoder.seen == 2
    assert bare.contradicts == ()
    said = json.loads(house.said("radiograph.received")[-1].value)
    assert said["patient"] is None


def test_a_film_nobody_has_looked_for_text_in_is_looked_at(house: House) -> None:
    take(house, "a")
    reader = NoText()
    house.handler = IngestHandler(
        house.settings,
        house.rows,
        house.objects,
        house.decoder,
        house.chest,
        text=TextLook([reader]),
    )
    take(house, "b")
    looked = reader.read_
    assert looked > 0
    take(house, "c")
    assert (house.decoder.seen, reader.read_) == (2, looked)


def test_refused_and_held_bytes_are_judged_anew(house: House) -> None:
    assert [take(house, key, b"no film").code for key in "ab"] == ["not-an-image"] * 2
    says = house.decoder.says
    house.decoder.says = replace(says, burned_in="YES")
    assert [take(house, key).state for key in "cd"] == ["quarantined"] * 2
    house.decoder.says = says
    assert take(house, "e").state == "accepted"
    assert house.decoder.seen == 5


def test_an_erased_film_is_refused_and_its_bytes_are_not_known_any_more(house: House) -> None:
    first = take(house, "a")
    assert first.film is not None
    house.rows.tables.operator = True
    house.rows.films.erase(first.film, account=None)
    assert house.rows.tables.raw_codes == {}
    again = take(house, "b")
    assert (again.state, again.code, again.already_here) == ("rejected", "erased", False)


@pytest.mark.parametrize("lifted", ["", "lifted"])
def test_a_film_erased_after_its_bytes_were_known_is_refused_or_read(
    house: House, monkeypatch: pytest.MonkeyPatch, lifted: str
) -> None:
    first = take(house, "a")
    film = first.film
    assert film is not None
    find = AlreadyHere.find

    def erased_after(known: AlreadyHere, receipt: Receipt, code: str | None) -> Any:
        found = find(known, receipt, code)
        assert found is not None
        house.rows.tables.operator = True
        house.rows.films.erase(film, account=None)
        if lifted:
            house.rows.tables.erasures.clear()
            house.rows.films.lift_erasure(film, account=None)
        return found

    monkeypatch.setattr(AlreadyHere, "find", erased_after)
    again = take(house, "b")
    if lifted:
        assert (again.state, again.film, again.already_here) == ("accepted", film, False)
        assert house.decoder.seen == 2
    else:
        assert (again.state, again.code) == ("rejected", "erased")


def test_a_hundred_records_of_ten_bytes_decode_ten(house: House) -> None:
    films = [png_of(drawn(seed=seed)) for seed in range(10)]
    house.handler.handle(
        [house.drop(f"first/{number}", data) for number, data in enumerate(films)]
    )
    again: list[Record] = [
        house.drop(f"{turn}/{number}", data)
        for turn in range(9)
        for number, data in enumerate(films)
    ]
    house.handler.handle(again)
    assert house.decoder.seen == 10
    assert all(house.receipt(record).already_here for record in again)


def imported(name: str) -> set[str]:
    """Return the modules that a module's files import, wherever they do."""
    found = set()
    for path in sources(name):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    return found


def test_whatever_readers_read_with_is_in_the_code_of_the_bytes() -> None:
    used = {module for name in READERS for module in imported(name)}
    ours = {module for module in used if module.split(".")[0] in {"ingest", "schemas", "store"}}
    within = {module for module in ours if module.startswith("ingest.readers.")}
    missing = ours - within - LOOK_ONLY - set(READERS)
    assert not missing, "into READERS what makes samples or facts, into LOOK_ONLY what does not"
    names = {"PIL": "pillow"}
    others = {module.split(".")[0] for module in used - ours} - set(sys.stdlib_module_names)
    assert {names.get(name, name) for name in others} - {"pydantic"} == set(DECODERS)


def test_the_code_is_keyed_and_changes_with_bytes_and_reading() -> None:
    codes = {
        raw_code(secret, reading, raw)
        for secret in ("s", "t")
        for reading in ("1", "2")
        for raw in (b"a", b"b")
    }
    assert len(codes) == 8
    assert len(already_here.reading()) == 64
