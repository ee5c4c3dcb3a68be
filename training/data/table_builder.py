"""From rows to a FilmTable: each film once, each file there, and what is wrong by its name."""

import os
import stat
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from schemas.findings import FINDINGS
from training.data.problems import Problem
from training.data.table import FilmTable

#: Columns are as wide as their longest text: one endless cell must not make all of them so.
_LONGEST_PATH: Final = 1024
_LONGEST_CODE: Final = 128


class TableBuilder:
    """Collects the films of one collection that lies in the folder `data`.

    A row's path is tried against the folder's parent, then against the folder.
    """

    def __init__(self, data: Path) -> None:
        folder = os.path.abspath(data)  # noqa: PTH100 - the parent as it is written, links as such
        self._bases = (os.path.dirname(folder).rstrip("/"), folder)  # noqa: PTH120
        self._problems: list[Problem] = []
        self._places: dict[str, int] = {}
        self._again: dict[str, bool] = {}
        self._laterals: set[str] = set()
        self._texts: tuple[list[str], ...] = tuple([] for _ in range(7))
        self._labels = array("b")
        self._ages = array("h")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong so far; a path that came again once."""
        again = (
            Problem(path, f"listed more than once: the first is kept{_DIFFER if differ else ''}")
            for path, differ in self._again.items()
        )
        return tuple(dict.fromkeys((*self._problems, *again)))

    @property
    def laterals(self) -> int:
        """How many lateral films were left out."""
        return len(self._laterals)

    def problem(self, path: str, reason: str) -> None:
        """Name what is wrong with a film, a line or a column."""
        self._problems.append(Problem(_shown(path), reason))

    def leave_out_lateral(self, path: str) -> None:
        """Count a lateral film that is not wanted."""
        self._laterals.add(path)

    def add(
        self,
        path: str,
        labels: Sequence[int],
        *,
        patient: str,
        view: str,
        sex: str,
        age: int,
        source: str,
        fixed: str,
    ) -> None:
        """Keep a film, unless its file or its name is wrong or it was there before."""
        file = self._file(path)
        if file is None:
            return
        width = len(FINDINGS)
        before = self._places.setdefault(file, len(self._ages))
        if before < len(self._ages):
            first = self._labels[before * width : (before + 1) * width]
            name = self._texts[0][before]
            self._again[name] = self._again.get(name, False) or first.tolist() != list(labels)
            return
        if not patient or len(patient) > _LONGEST_CODE or not patient.isprintable():
            del self._places[file]
            self.problem(path, f"wanted a patient's code, came {_shown(patient)!r}: left out")
            return
        if len(source) > _LONGEST_CODE:
            self.problem(path, f"source of {len(source)} characters: its first are kept")
            source = source[:_LONGEST_CODE]
        row = (path, file, patient, view, sex, source, fixed)
        for column, text in zip(self._texts, row, strict=True):
            column.append(text)
        self._labels.extend(labels)
        self._ages.append(age)

    def table(self) -> FilmTable:
        """Return the films in the order they came."""
        paths, files, patients, views, sexes, sources, fixed = (
            np.array(column, dtype=np.str_) for column in self._texts
        )
        return FilmTable(
            paths=paths,
            files=files,
            patients=patients,
            labels=np.array(self._labels, np.int8).reshape(len(paths), len(FINDINGS)),
            views=views,
            sexes=sexes,
            ages=np.array(self._ages, np.int16),
            sources=sources,
            fixed=fixed,
        )

    def _file(self, path: str) -> str | None:
        """Return where a film lies; None, and the problem is named, where it does not."""
        if len(path) > _LONGEST_PATH or not path.isprintable():
            self.problem(path, "wanted a path of printable characters, at most 1,024: left out")
            return None
        if path.startswith("/") or (".." in path and ".." in path.split("/")):
            self.problem(path, "wanted a path within the collection: left out")
            return None
        if "./" in path or "//" in path:
            path = os.path.normpath(path)
        odd = False
        for base in self._bases:
            file = f"{base}/{path}"
            try:
                mode = os.stat(file).st_mode  # noqa: PTH116 - half the time of Path, 224,316 times
            except OSError:
                continue
            if stat.S_ISREG(mode):
                return file
            odd = True
        self.problem(path, "not a file: left out" if odd else "no such file: left out")
        return None


_DIFFER: Final = ", labels differ"


def _shown(text: str) -> str:
    """Return a text that is fit for one line of problems.csv."""
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _LONGEST_PATH else f"{text[:80]}... ({len(text)} characters)"


def name_columns(builder: TableBuilder, unknown: Iterable[str], twice: Iterable[str]) -> None:
    """Name the columns that are not read."""
    for name in unknown:
        builder.problem(name, "unknown column: not read")
    for name in twice:
        builder.problem(name, "column that is there more than once: the first is read")
