"""Why a film was refused, in both languages: every fact and code that ingest can say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import ingest
from schemas.body_parts import ELSEWHERE
from schemas.refusals import REFUSAL_CODES
from store.records import Receipt
from tests.fakes.rows_tables import now
from tests.web.conftest import Web
from tests.web.library import add_film
from web.facts import FACTS, french_of
from web.language import LANGUAGES
from web.reasons import SENTENCES, message, reason_of

KINDS = {"Refusal", "Doubt"}
FOLDER = Path(str(ingest.__file__)).parent


def texts(node: ast.expr, names: dict[str, str]) -> str | None:
    """Return what an argument says, with 7 for each figure; None for a variable."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(
                str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts
            )
        case ast.Name(id=name):
            return names.get(name)
    return None


def constants(tree: ast.Module) -> dict[str, str]:
    """Return the texts that a module gives names to."""
    named: dict[str, str] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                named[name] = texts(value, {}) or ""
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                named[name] = texts(value, {}) or ""
    return {name: text for name, text in named.items() if text}


def refusals() -> Iterator[tuple[str, str]]:
    """Yield (argument, text) of every `Refusal` or `Doubt` in ingest."""
    for path in FOLDER.rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS:
                arguments = [(key.arg or "", key.value) for key in node.keywords]
                arguments += [("code", value) for value in node.args[:1]]
                for argument, value in arguments:
                    said = texts(value, names)
                    if said is not None:
                        yield argument, said


def test_every_fact_that_ingest_says_has_a_french_form() -> None:
    facts = {text for argument, text in refusals() if argument in {"wanted", "came"}}
    # The name of a part of the body: each has a test of its own, below.
    facts.remove("one of the 7")

    assert len(facts) > 15
    assert sorted(text for text in facts if french_of(text) is None) == []


def test_no_fact_is_taken_for_another_of_which_half_would_stay_english() -> None:
    plain = {
        pattern.pattern: french
        for pattern, french in FACTS
        if re.fullmatch(r"[\w ,'/-]+", pattern.pattern)
    }
    assert len(plain) > 40
    assert {english: french_of(english) for english in plain} == plain


def test_every_code_that_ingest_says_has_a_sentence_in_both_languages() -> None:
    codes = {text for argument, text in refusals() if argument == "code"}

    assert codes >= {"empty", "truncated", "not-an-image", "unsupported", "too-large"}
    assert sorted(codes - REFUSAL_CODES) == []
    assert set(SENTENCES) == REFUSAL_CODES | {"quarantined", "failed"}
    assert all(len(pair) == 2 and all(pair) for pair in SENTENCES.values())


@pytest.mark.parametrize("part", sorted(set(ELSEWHERE.values())))
def test_every_part_of_the_body_has_a_french_name(part: str) -> None:
    assert french_of(f"one of the {part}")


@pytest.mark.parametrize("code", sorted(REFUSAL_CODES))
def test_a_message_says_what_was_wanted_and_what_came_in_each_language(code: str) -> None:
    facts = ("at least 64 pixels a side", "9 x 8 pixels")

    french, english = (message(code, *facts, language) for language in LANGUAGES)

    assert french.endswith(" : attendu au moins 64 pixels de côté, reçu 9 × 8 pixels.")
    assert english.endswith(": wanted at least 64 pixels a side, came 9 x 8 pixels.")


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("a file of 0 bytes", "un fichier vide"),
        ("a file of 12 bytes", "un fichier de 12 octets"),
        ("a DICOM file", "un fichier DICOM"),
        ("300 x 20 pixels", "300 × 20 pixels"),
        ("3 channels, 0 x 0 pixels", "3 canaux, 0 × 0 pixels"),
    ],
)
def test_facts_keep_their_figures(english: str, french: str) -> None:
    assert french_of(english) == french


def receipt(state: Any, **more: Any) -> Receipt:
    return Receipt(
        id=uuid4(), bucket="b", key="k", version="v", lane="first",
        state=state, site="local", source="upload", created_at=now(), updated_at=now(), **more,
    )  # fmt: skip


def test_only_a_receipt_that_went_wrong_has_a_reason() -> None:
    for state in ("received", "accepted", "analysed"):
        assert reason_of(receipt(state), "fr") is None
    failed = reason_of(receipt("failed"), "en")
    assert failed == {
        "code": "failed",
        "message": "Processing failed; nothing is lost, a steward can replay it.",
    }


def test_an_unknown_code_is_told_with_the_facts_that_the_language_has() -> None:
    odd = receipt("rejected", code="odd", wanted="a file of 3 bytes", came="some words")

    french, english = (reason_of(odd, language) for language in LANGUAGES)

    assert french == {
        "code": "odd",
        "message": "Le cliché a été refusé (odd) : attendu un fichier de 3 octets.",
    }
    assert english == {
        "code": "odd",
        "message": "The film was refused (odd): wanted a file of 3 bytes, came some words.",
    }


def test_a_film_that_was_erased_says_whom_to_ask(web: Web) -> None:
    film, first = add_film(web, "a")
    web.call("DELETE", f"/radiographs/{film.id}")
    drop_again = receipt("received", film="")
    web.rows.tables.receipts[drop_again.id] = drop_again
    web.rows.receipts.accept(drop_again, film, [])

    body = web.get(f"/receipts/{drop_again.id}", headers={"Accept-Language": "en"}).json

    assert first.state == "analysed"
    assert body["reason"]["code"] == "erased"
    assert "a steward has to allow it" in body["reason"]["message"]
