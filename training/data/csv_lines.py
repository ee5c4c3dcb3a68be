"""A CSV as people really send it: byte order mark, CRLF, semicolons, spaces, other case.

A row is one line: a quote that nobody closes spoils its own line, not the rest of the file.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.errors import WrongInput

_DELIMITERS: Final = ",;\t"
#: A header is short; what is longer is no CSV, and is not shown whole either.
_LONGEST_HEADER: Final = 65_536
_SHOWN: Final = 80


@dataclass(frozen=True)
class CsvLines:
    """columns: lower-case name to place, the first of its name. unknown, twice: as written."""

    file: Path
    delimiter: str
    width: int
    columns: Mapping[str, int]
    unknown: tuple[str, ...]
    twice: tuple[str, ...]

    @classmethod
    def open(cls, file: Path, known: Sequence[str], required: Sequence[str]) -> "CsvLines":
        """Read the header. Raises WrongInput where a required column is missing."""
        try:
            with file.open(encoding="utf-8-sig", errors="replace") as lines:
                header = lines.readline(_LONGEST_HEADER)
        except OSError as error:
            raise WrongInput(f"{file} cannot be read: {error.strerror}") from None
        for delimiter in _DELIMITERS:
            names = _cells(header, delimiter) or []
            folded = [name.strip().casefold() for name in names]
            if required[0].casefold() in folded:
                break
        missing = [name for name in required if name.casefold() not in folded]
        if missing:
            came = header.strip()[:_SHOWN]
            raise WrongInput(f"{file}: wanted the columns {', '.join(required)}; came {came!r}")
        columns: dict[str, int] = {}
        unknown, twice = [], []
        wanted = {name.casefold() for name in known}
        for place, name in enumerate(folded):
            if name in columns:
                twice.append(names[place].strip())
            elif name in wanted:
                columns[name] = place
            else:
                unknown.append(names[place].strip() or f"column {place + 1}")
        return cls(file, delimiter, len(names), columns, tuple(unknown), tuple(twice))

    def place(self, name: str) -> int | None:
        """Return where a column stands, None where the file has none of that name."""
        return self.columns.get(name.casefold())

    def where(self, number: int) -> str:
        """Return what a line is called in a problem."""
        return f"{self.file.name} line {number}"

    def rows(self) -> Iterator[tuple[int, list[str] | str]]:
        """Yield each line that is not empty: its number and `width` cells, or what is wrong."""
        with self.file.open(encoding="utf-8-sig", errors="replace") as lines:
            lines.readline()
            for number, line in enumerate(lines, start=2):
                cells = _cells(line, self.delimiter)
                if cells is None:
                    yield number, "a quote is not closed"
                elif len(cells) == self.width:
                    if len(cells) > 1 or cells[0].strip():
                        yield number, cells
                elif not any(cell.strip() for cell in cells):
                    continue
                elif len(cells) > self.width and not any(map(str.strip, cells[self.width :])):
                    yield number, cells[: self.width]
                else:
                    yield number, f"wanted {self.width} cells, came {len(cells)}"


def _cells(line: str, delimiter: str) -> list[str] | None:
    """Return the cells of a line as they stand, None where a quote is not closed."""
    line = line.rstrip("\r\n")
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
