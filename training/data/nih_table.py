"""NIH's labels.csv (training/data/nih.py) as a table in CheXpert's columns."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from training.data import nih
from training.data.csv_lines import CsvLines
from training.data.table import NO_AGE, NOT_MENTIONED, FilmTable
from training.data.table_builder import TableBuilder, name_columns

_REQUIRED: Final = ("file", "findings", "patient_id")
_KNOWN: Final = (*_REQUIRED, "source", "view", "sex", "age", "licence")
_SEXES: Final = {"M": "M", "F": "F", "": ""}
_VIEWS: Final = {"PA": "PA", "AP": "AP", "": ""}
_OLDEST: Final = 130


def read_nih(file: Path, builder: TableBuilder) -> None:
    """Add the films of one labels.csv; what NIH does not label is not mentioned.

    A word that is not one of NIH's fifteen, a film without patient: left out and named. A wrong
    sex, age or view: named, and taken as not said. Raises WrongInput for a missing column.
    """
    lines = CsvLines.open(file, _KNOWN, _REQUIRED)
    name_columns(builder, lines.unknown, lines.twice)
    for name in _KNOWN[:-1]:
        if lines.place(name) is None:
            builder.problem(name, f"{file.name} has no such column: taken as not said")
    places = {name: lines.place(name) for name in _KNOWN}
    for number, cells in lines.rows():
        if isinstance(cells, str):
            builder.problem(lines.where(number), f"{cells}: left out")
            continue
        row = {
            name: "" if place is None else cells[place].strip() for name, place in places.items()
        }
        path = row["file"]
        if not path:
            builder.problem(lines.where(number), "wanted a file, came none: left out")
            continue
        findings = frozenset(word.strip() for word in row["findings"].split("|"))
        if not findings <= nih.NIH_NAMES:
            came = ", ".join(sorted(findings - nih.NIH_NAMES))[:80]
            reason = f"{lines.where(number)}: wanted NIH's names, came {came!r}: left out"
            builder.problem(path, reason)
            continue
        view, sex, age = _VIEWS.get(row["view"]), _SEXES.get(row["sex"]), _age(row["age"])
        for name, value in (("view", view), ("sex", sex), ("age", age)):
            if value is None:
                builder.problem(path, f"{name}: came {row[name][:40]!r}, taken as not said")
        builder.add(
            path,
            np.nan_to_num(nih.labels(findings), nan=NOT_MENTIONED).astype(np.int8).tolist(),
            patient=row["patient_id"],
            view=view or "",
            sex=sex or "",
            age=NO_AGE if age is None else age,
            source=row["source"],
            fixed="",
        )


def with_hold_out(table: FilmTable) -> FilmTable:
    """Return NIH's films with the project's own hold-out as their test set (nih.held_out)."""
    apart = [nih.held_out(str(patient)) for patient in table.patients]
    fixed = np.where(apart, "test", "") if apart else table.fixed
    return replace(table, fixed=fixed)


def _age(cell: str) -> int | None:
    """Return years, NO_AGE where it is not said, None where it is no age."""
    if not cell:
        return NO_AGE
    wrong = not (cell.isdecimal() and len(cell) <= len(str(_OLDEST))) or int(cell) > _OLDEST
    return None if wrong else int(cell)
