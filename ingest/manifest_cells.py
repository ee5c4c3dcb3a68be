"""What stands in a manifest's cells: each column's reader, and what it wants to see.

CheXpert's columns (Irvin et al. 2019) and PatientID, StudyDate, Site, Source, Licence, Sharing. A
number may have its country's comma. A cell is text from outside: odd characters are told first.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from schemas.drop_paths import one_form
from schemas.findings import FINDINGS
from schemas.manifest_faults import FaultKind
from schemas.plain_text import fault_in
from schemas.provenance import DepositorSays
from schemas.pseudonyms import FIRST_FILM, kept_age

_DAY: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_NUMBER: Final = re.compile(r"([+-]?\d{1,4})(?:[.,](\d{1,4}))?")
_SEXES: Final = {"MALE": "M", "FEMALE": "F", "M": "M", "F": "F", "O": "O", "UNKNOWN": ""}
_SIDES: Final = {"FRONTAL": "FRONTAL", "LATERAL": "LATERAL"}
#: CheXpert has LL and RL there, too: left and right lateral.
_VIEWS: Final = {"AP": "AP", "PA": "PA", "LL": "LATERAL", "RL": "LATERAL"}
#: A column's name that may be told: letters of any script, figures and few marks, in NFC.
_PLAIN_NAME: Final = re.compile(r"[^\W_][\w .,/()-]{0,39}")


@dataclass(frozen=True)
class Column:
    """What a cell should hold, in words, and its reader, which raises KeyError or ValueError.

    kind: under which its faults are counted.
    """

    wanted: str
    read: Callable[[str], Any]
    kind: FaultKind = "value"


def is_text(cell: str) -> bool:
    """Return whether a cell holds nothing but text that can be kept and shown as it is."""
    return fault_in(cell) is None and "\ufffd" not in cell


def told_name(name: str, place: int) -> str:
    """Return what is told of an unknown column: its name if it is a short plain one.

    Else the number of the column, from 1: names of columns may be anything.
    """
    plain = one_form(name)
    return plain if _PLAIN_NAME.fullmatch(plain) else f"column {place}"


def _number(text: str) -> int:
    """Return a whole number: 1, 1.0, 1,0 or, as some countries' tables have it, a true minus."""
    found = _NUMBER.fullmatch(text.replace("\N{MINUS SIGN}", "-"))
    if not found or (found[2] or "").strip("0"):
        raise ValueError
    return int(found[1])


def _finding(text: str) -> int:
    value = _number(text)
    if value not in {1, 0, -1}:
        raise ValueError
    return value


def _age(text: str) -> str:
    years = _number(text)
    if kept_age(years) is None:
        raise ValueError
    return f"{years:03d}Y"


def _day(text: str) -> str:
    found = _DAY.fullmatch(text)
    if not found:
        raise ValueError
    day = date(*(int(part) for part in found.groups()))
    # A day more: it is already tomorrow somewhere.
    if not FIRST_FILM <= day <= datetime.now(UTC).date() + timedelta(days=1):
        raise ValueError
    return "".join(found.groups())


def _code(text: str) -> str:
    if len(text) > 64:
        raise ValueError
    return text


def _said(name: str) -> Callable[[str], str]:
    """Return a reader of what a depositor may say: source, licence or sharing."""

    def read(text: str) -> str:
        try:
            DepositorSays.model_validate({name: text})
        except ValidationError:
            raise ValueError from None
        return text

    return read


#: Columns besides Path and Site, which are about the drop itself.
COLUMNS: Final[dict[str, Column]] = {
    "Sex": Column("Male or Female", lambda text: _SEXES[text.upper()]),
    "Age": Column("whole years, 0 to 125", _age),
    "Frontal/Lateral": Column("Frontal or Lateral", lambda text: _SIDES[text.upper()]),
    "AP/PA": Column("AP, PA, LL or RL", lambda text: _VIEWS[text.upper()]),
    "PatientID": Column("a code of 64 characters at most", _code),
    "StudyDate": Column("a day of the calendar, as 2026-11-25", _day, "day"),
    "Source": Column("small letters, digits and hyphens", _said("source")),
    "Licence": Column("a licence by its SPDX name", _said("licence")),
    "Sharing": Column("private, library or open", _said("sharing")),
    **{finding: Column("1.0, 0.0, -1.0 or nothing", _finding) for finding in FINDINGS},
}
#: What is wanted where the fault is not of one cell's value.
PATH_WANTED: Final = "a path under the manifest's folder"
TEXT_WANTED: Final = "text in UTF-8, UTF-16 or Windows-1252, without control characters"
SITE_WANTED: Final = "the site that the films are dropped at"
ROW_WANTED: Final = "a line of separated values"
CELLS_WANTED: Final = "as many cells as the header has: the line is left out"
TWIN_WANTED: Final = "one column of this name, or the same in both"
VIEW_WANTED: Final = "no frontal view of a lateral film"
SAME_WANTED: Final = "the same as in the other lines of this film"
#: All of them, for whoever puts them into another language.
WANTED: Final = frozenset(
    {
        *(column.wanted for column in COLUMNS.values()),
        *(PATH_WANTED, TEXT_WANTED, SITE_WANTED, ROW_WANTED),
        *(CELLS_WANTED, TWIN_WANTED, VIEW_WANTED, SAME_WANTED),
    }
)
