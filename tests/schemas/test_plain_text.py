import re
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError

from schemas.errors import Refusal
from schemas.identities import keyed_code
from schemas.plain_text import Plain, checked, fault_in, shown, unkept_in

#: By what is wrong: what stands in a text that no row keeps or that misleads.
ODD = {
    "a NUL": "\0",
    "half a surrogate pair": "\ud800",
    "a direction override": "\u202e",
    "a control character": "\x1b",
    "a noncharacter": "\uffff",
}


class Said(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=9), Plain()]


@pytest.mark.parametrize("word", ODD)
def test_what_no_row_keeps_or_what_misleads_is_told_without_the_text(word: str) -> None:
    text = f"Dupont{ODD[word]}"
    assert fault_in(text) == word
    assert shown(text, 9) == "Dupont"
    with pytest.raises(ValueError, match=word) as error:
        checked(text)
    assert "Dupont" not in str(error.value)
    with pytest.raises(ValidationError):
        Said(text=text)


@pytest.mark.parametrize("letter", [chr(code) for code in (*range(0x202A, 0x202F), 0x2069)])
def test_every_override_and_isolate_is_one(letter: str) -> None:
    assert fault_in(letter) == "a direction override"


@pytest.mark.parametrize("letter", ["\x01", "\x0b", "\x0c", "\x1f", "\x7f", "\x80", "\x9f"])
def test_every_control_character_but_tab_and_line_ends_is_one(letter: str) -> None:
    assert fault_in(letter) == "a control character"


@pytest.mark.parametrize("code", [0xFDD0, 0xFDEF, 0xFFFE, 0x1FFFE, 0x10FFFF])
def test_every_noncharacter_is_one(code: int) -> None:
    assert fault_in(chr(code)) == "a noncharacter"


def test_a_row_holds_all_but_nul_and_halves() -> None:
    unkept = {word for word, odd in ODD.items() if unkept_in(odd)}
    assert unkept == {"a NUL", "half a surrogate pair"}


@pytest.mark.parametrize(
    "text", ["été\r\n\tœ", "a\u00a0b\ufffd", "שלום\u200f", "صورة\u061c", "🫁", "\ufeff"]
)
def test_words_of_every_language_are_plain(text: str) -> None:
    assert fault_in(text, 10) is None
    assert shown(text, 10) == text
    assert Said(text=text).text == text


def test_a_text_that_is_too_long_says_how_long_it_may_be() -> None:
    assert fault_in("x" * 10, 9) == "10 characters, more than 9"
    with pytest.raises(ValidationError, match="at most 9 characters"):
        Said(text="x" * 10)


def test_the_schema_says_what_the_check_holds() -> None:
    said = Said.model_json_schema()["properties"]["text"]
    assert said["maxLength"] == 9
    for odd in ("\0", "\u202e", "\x1b", "\x9b", "\ufdd0", "\uffff"):
        assert re.search(said["pattern"], f"a{odd}") is None
    assert re.search(said["pattern"], "été\r\n\t\u200f🫁")


def test_a_refusal_has_facts_that_a_row_can_keep() -> None:
    refusal = Refusal("modality", wanted="a", came="one of modality C\0R\ud800" + "x" * 500)
    assert refusal.came.startswith("one of modality CRx")
    assert len(refusal.came) == 200
    assert fault_in(str(refusal)) is None


def test_half_a_surrogate_pair_in_an_id_has_a_code_of_its_own() -> None:
    assert keyed_code("s", "\ud800") != keyed_code("s", "\ud801")
