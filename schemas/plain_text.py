"""Text from outside, at every door: what no database keeps and what misleads whoever reads it.

PostgreSQL keeps no NUL (SQLSTATE 22021, in JSON 22P05), UTF-8 has no form of half a surrogate
pair, and a direction override shows letters in another order than they are written (a file
called "exe.png" is shown where "gnp.exe" stands; Unicode TR 36, 2.2.7). A terminal obeys a control
character (ECMA-48), and a noncharacter is no text at all (Unicode Standard, 23.7). People's words
are refused with what is wrong (`fault_in`, `Plain`); what is only shown, a file's name, is shown
without (`shown`). An object's key is an address, not a text to read: it stays as it is, and may
be asked for by whatever a row can hold (`Kept`).
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

_NUL: Final = "\0"
_HALF: Final = re.compile("[\ud800-\udfff]")
#: Embeddings and overrides, isolates (Unicode Standard Annex 9, 2.1 to 2.5). Not the marks
#: U+200E, U+200F and U+061C, which names in Arabic and Hebrew have.
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: C0 without tab, line feed and carriage return, DEL, and C1.
_CONTROLS: Final = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
#: U+FDD0 to U+FDEF, and the last two of each of the 17 planes.
_NO_CHARACTERS: Final = re.compile(
    "[\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
_ODD: Final = {
    "a direction override": _TURNS,
    "a control character": _CONTROLS,
    "a noncharacter": _NO_CHARACTERS,
}
_HIDDEN: Final = re.compile("|".join(["[\0]", *(odd.pattern for odd in (_HALF, *_ODD.values()))]))
#: Categories that show nothing of their own: others (controls, formats, halves, unassigned),
#: separators, and marks, which need a letter to stand on.
_UNSEEN: Final = frozenset("CZM")
#: Letters and a symbol that are drawn as a blank (Default_Ignorable_Code_Point among letters, and
#: Braille's pattern without dots).
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
#: The same as a pattern of JSON Schema (ECMA 262), for what documents say of a text; without what
#: lies beyond U+FFFF, which it reads as halves where its flag u is not set.
PATTERN: Final = (
    r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
    r"\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]*$"
)
#: What a row can hold.
KEPT_PATTERN: Final = r"^[^\u0000]*$"


def unkept_in(text: str) -> str | None:
    """Return what of a text no row can hold, in words; None where it holds all of it."""
    if _NUL in text:
        return "a NUL"
    if _HALF.search(text):
        return "half a surrogate pair"
    return None


def fault_in(text: str, longest: int | None = None) -> str | None:
    """Return what is wrong with a text, in words without any of it; None for a plain text.

    longest: characters it may have at most, None where somebody else counts them.
    """
    unkept = unkept_in(text)
    if unkept:
        return unkept
    for fault, odd in _ODD.items():
        if odd.search(text):
            return fault
    if longest is not None and len(text) > longest:
        return f"{len(text)} characters, more than {longest}"
    return None


def checked(text: str, longest: int | None = None) -> str:
    """Return a plain text as it is. Raises ValueError, without any of it, for another."""
    fault = fault_in(text, longest)
    if fault:
        raise ValueError(f"wanted plain text, came {fault}")
    return text


def keepable(text: str) -> str:
    """Return a text that a row can hold as it is. Raises ValueError, without any of it, else."""
    fault = unkept_in(text)
    if fault:
        raise ValueError(f"wanted what a row can hold, came {fault}")
    return text


def shown(text: str, longest: int) -> str:
    """Return a text as it may be kept and shown: odd characters left out, cut where too long."""
    return _HIDDEN.sub("", text)[:longest]


def shows(text: str) -> bool:
    """Return whether a text shows anything at all, in whatever font."""
    return any(
        unicodedata.category(letter)[0] not in _UNSEEN and letter not in _BLANK for letter in text
    )


def visible(text: str) -> str:
    """Return a text that shows something as it is. Raises ValueError for another."""
    if not shows(text):
        raise ValueError("wanted words, came nothing that shows")
    return text


class _Held:
    """Holds a text of a request to a check, behind its own schema, whose length counts first."""

    def __init__(self, check: Callable[[str], str], said: dict[str, str]) -> None:
        self._check = check
        self._said = said

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the text's own schema with the check behind it."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the text's JSON Schema with what says the same; of two patterns both hold."""
        own = handler(core)
        if "pattern" in own and "pattern" in self._said:
            return {**own, "allOf": [self._said]}
        return {**own, **self._said}


class Visible(_Held):
    """Holds a text of a request to `visible`: Annotated[str, Plain(), Visible()].

    What no pattern of ECMA 262 says, its JSON Schema says in words.
    """

    def __init__(self) -> None:
        super().__init__(visible, {"description": "shows something: not spaces or joiners alone"})


class Plain(_Held):
    """Holds a text of a request to `checked`: Annotated[str, Field(max_length=200), Plain()]."""

    def __init__(self) -> None:
        super().__init__(checked, {"pattern": PATTERN})


class Kept(_Held):
    """Holds an address of a request, as an object's key, to `keepable`: Annotated[str, Kept()]."""

    def __init__(self) -> None:
        super().__init__(keepable, {"pattern": KEPT_PATTERN})
