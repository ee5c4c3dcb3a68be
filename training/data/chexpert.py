"""CheXpert's own form: train.csv and valid.csv (Irvin et al. 2019, arXiv 1901.07031).

Columns `Path,Sex,Age,Frontal/Lateral,AP/PA` and the fourteen findings as 1.0, 0.0, -1.0 or empty;
here also `Patient`, else the patient is the `patientNNNNN` of the path, `Source`, and `Infant`: 1
where an age of 0 is one.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from schemas.findings import FINDINGS
from training.data.csv_lines import CsvLines
from training.data.table import NO_AGE, NOT_MENTIONED
from training.data.table_builder import TableBuilder, name_columns
from training.errors import WrongInput

_KNOWN: Final = (
    "Path",
    "Sex",
    "Age",
    "Frontal/Lateral",
    "AP/PA",
    *FINDINGS,
    "Patient",
    "Source",
    "Infant",
)
_MAY_LACK: Final = ("Patient", "Source", "Infant")
_PATIENT: Final = re.compile(r"(?:^|/)(patient\d+)(?=/)", re.IGNORECASE)
_SIDE: Final = re.compile(r"(frontal|lateral)[^/]*$", re.IGNORECASE)
_OLDEST: Final = 130
_LABELS: Final = {
    "1.0": 1,
    "1": 1,
    "0.0": 0,
    "0": 0,
    "-1.0": -1,
    "-1": -1,
    "": NOT_MENTIONED,
}
_NUMBERS: Final = (1.0, 0.0, -1.0)
#: What no label is.
_NONE: Final = -128
#: Of a wrong cell, in a reason.
_SHOWN: Final = 40
_SEXES: Final = {"male": "M", "m": "M", "female": "F", "f": "F", "unknown": "", "": ""}
_INFANT: Final = {"1": True, "0": False, "": False}
#: LL and RL stand beside a few frontal films of CheXpert: neither of the two.
_PROJECTIONS: Final = {"ap": "AP", "pa": "PA", "ll": "", "rl": "", "": ""}


def read_chexpert(file: Path, builder: TableBuilder, *, laterals: bool, fixed: str) -> None:
    """Add the films of one CSV.

    laterals: whether lateral films are kept. fixed: the part of all its films, or "".
    A label that is none, a film that is neither frontal nor lateral, a film without patient: left
    out and named. A wrong sex, age or projection: named, and taken as not said. An age of 0 is
    one that was not known (CheXpert's patients are adults, and three of them have it) unless the
    row's Infant is 1.
    Raises WrongInput for a file without Path or without any finding.
    """
    lines = CsvLines.open(file, _KNOWN, ("Path",))
    if not any(lines.place(name) is not None for name in FINDINGS):
        raise WrongInput(
            f"{file}: wanted columns of CheXpert's findings, came none of the fourteen"
        )
    name_columns(builder, lines.unknown, lines.twice)
    for name in _KNOWN:
        if lines.place(name) is None and name not in _MAY_LACK:
            builder.problem(name, f"{file.name} has no such column: taken as not said")
    form = _Form(lines)
    for number, cells in lines.rows():
        if isinstance(cells, str):
            builder.problem(lines.where(number), f"{cells}: left out")
            continue
        path = form.path(cells)
        side = _side(form.side(cells), path)
        if not path:
            builder.problem(lines.where(number), "wanted a Path, came none: left out")
        elif side == "lateral" and not laterals:
            builder.leave_out_lateral(path)
        elif not side:
            came = form.side(cells)[:_SHOWN]
            reason = f"wanted Frontal or Lateral, came {came!r}: left out"
            builder.problem(path, f"{lines.where(number)}: {reason}")
        elif isinstance(labels := form.labels(cells), str):
            builder.problem(path, f"{lines.where(number)}: {labels}: left out")
        else:
            form.add(builder, cells, labels, lateral=side == "lateral", fixed=fixed)


class _Form:
    """The columns of one file, each a function of a row's cells."""

    def __init__(self, lines: CsvLines) -> None:
        self._columns = {name: _reader(lines, name) for name in _KNOWN}
        self._findings = tuple(self._columns[name] for name in FINDINGS)
        self.path = self._columns["Path"]
        self.side = self._columns["Frontal/Lateral"]

    def labels(self, cells: list[str]) -> list[int] | str:
        """Return the fourteen labels, or what is wrong with one."""
        found = [_LABELS.get(of(cells), _NONE) for of in self._findings]
        if _NONE in found:
            found = [_label(of(cells)) for of in self._findings]
        if _NONE in found:
            wrong = found.index(_NONE)
            came = self._findings[wrong](cells)[:_SHOWN]
            return f"{FINDINGS[wrong]}: wanted 1, 0, -1 or nothing, came {came!r}"
        return found

    def add(
        self,
        builder: TableBuilder,
        cells: list[str],
        labels: list[int],
        *,
        lateral: bool,
        fixed: str,
    ) -> None:
        """Add a row's film; what is wrong with what it can be without is named."""
        path = self.path(cells)
        sex = _SEXES.get(self._columns["Sex"](cells).casefold())
        infant = _INFANT.get(self._columns["Infant"](cells))
        age = _age(self._columns["Age"](cells), infant=bool(infant))
        projection = _PROJECTIONS.get(self._columns["AP/PA"](cells).casefold())
        for name, value in (("Sex", sex), ("Age", age), ("AP/PA", projection), ("Infant", infant)):
            if value is None:
                came = self._columns[name](cells)[:_SHOWN]
                builder.problem(path, f"{name}: came {came!r}, taken as not said")
        patient = self._columns["Patient"](cells)
        if not patient and (found := _PATIENT.search(path)):
            patient = found[1]
        builder.add(
            path,
            labels,
            patient=patient,
            view="LATERAL" if lateral else projection or "",
            sex=sex or "",
            age=NO_AGE if age is None else age,
            source=self._columns["Source"](cells),
            fixed=fixed,
        )


def _reader(lines: CsvLines, name: str) -> Callable[[list[str]], str]:
    """Return the function of a row's cells that gives this column's text, "" without one."""
    place = lines.place(name)
    return (lambda _: "") if place is None else (lambda cells: cells[place].strip())


def _side(said: str, path: str) -> str:
    """Return `frontal` or `lateral`, by the path's name where the row does not say; else ""."""
    if not said:
        found = _SIDE.search(path)
        return found[1].lower() if found else ""
    said = said.casefold()
    return said if said in {"frontal", "lateral"} else ""


def _label(cell: str) -> int:
    """Return a label written in another way (`1.00`), _NONE where it is none."""
    try:
        number = float(cell)
    except ValueError:
        return NOT_MENTIONED if not cell else _NONE
    return int(number) if number in _NUMBERS else _NONE


def _age(cell: str, *, infant: bool) -> int | None:
    """Return years, NO_AGE where it is not said, None where it is no age.

    infant: 0 is an age.
    """
    if cell.isdecimal() and len(cell) <= len(str(_OLDEST)):
        years = float(cell)
    else:
        try:
            years = float(cell or 0)
        except ValueError:
            return None
    if not 0 <= years <= _OLDEST or years != int(years):
        return None
    return int(years) if years or (infant and cell) else NO_AGE
