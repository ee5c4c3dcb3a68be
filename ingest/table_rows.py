"""From a table's lines to its rows: cells between separators, some within quotes (RFC 4180).

A quote that nobody closed must not swallow the lines behind it. So a row of one line is read
however it is quoted, but one that goes on in the next line has to be tidy (behind a closing quote
comes a separator or the end of the line) and to end within a bound. Else its first line alone is
broken, and reading goes on at the second: no line is read more than twice, for a quote that could
open a row in it ends the one before.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

#: Characters of a cell.
_CELL_MAX: Final = 10_000
#: Characters of a row that goes on in the next line.
ROW_MAX: Final = 1 << 20


@dataclass(frozen=True)
class Row:
    """A row by the number of its last line (from 1), its `cells` None if it cannot be read.

    Then the number is that of its first line.
    """

    number: int
    cells: list[str] | None


@dataclass
class Cells:
    """Takes a row's cells from its lines. `is_tidy`: every closing quote stood at a cell's end."""

    separator: str
    found: list[str] = field(default_factory=list)
    is_tidy: bool = True
    _quoted: list[str] | None = None

    def take(self, line: str) -> bool:
        """Take one more line, without its end; return whether the row ends with it."""
        at = 0
        while True:
            if self._quoted is not None:
                behind = self._close(line, at, self._quoted)
                if behind is None:
                    return False
                end = line.find(self.separator, behind)
                rest = line[behind:] if end < 0 else line[behind:end]
                self.is_tidy = self.is_tidy and not rest
                self.found.append("".join(self._quoted) + rest)
                self._quoted = None
            elif line.startswith('"', at):
                self._quoted = []
                at += 1
                continue
            else:
                end = line.find(self.separator, at)
                self.found.append(line[at:] if end < 0 else line[at:end])
            if end < 0:
                return True
            at = end + 1

    @staticmethod
    def _close(line: str, at: int, taken: list[str]) -> int | None:
        """Take what is quoted, two quotes for one; return where its end is, None if not here."""
        while (end := line.find('"', at)) >= 0:
            if not line.startswith('"', end + 1):
                taken.append(line[at:end])
                return end + 1
            taken.append(line[at : end + 1])
            at = end + 2
        taken.append(line[at:] + "\n")
        return None


class Rows:
    """Yields the rows of numbered lines, blank ones too; a line that is None is none to read."""

    def __init__(self, lines: Iterator[tuple[int, str | None]], separator: str) -> None:
        self._lines = lines
        self._separator = separator
        self._again: deque[tuple[int, str | None]] = deque()
        self._width = 0

    def __iter__(self) -> Iterator[Row]:
        while (line := self._next()) is not None:
            row = self._row(*line)
            if row.cells and not self._width and any(cell.strip() for cell in row.cells):
                self._width = len(row.cells)
            yield row

    def _next(self) -> tuple[int, str | None] | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def _row(self, number: int, text: str | None) -> Row:
        if text is None:
            return Row(number, None)
        last, cells, size = number, None, len(text)
        if '"' not in text:
            cells = text.split(self._separator)
        else:
            last, cells, size = self._quoted(number, text)
        if cells and size > _CELL_MAX and max(map(len, cells)) > _CELL_MAX:
            cells = None
        return Row(last if cells else number, cells)

    def _quoted(self, number: int, text: str) -> tuple[int, list[str] | None, int]:
        """Return a row's last line, cells and size; what was read for nothing is read again."""
        cells = Cells(self._separator)
        size = len(text)
        if cells.take(text):
            # Where a stray quote took separators with it, its cells are other columns'.
            is_shifted = not cells.is_tidy and len(cells.found) < self._width
            return number, None if is_shifted else cells.found, size
        taken = []
        while size <= ROW_MAX and (line := self._next()) is not None:
            taken.append(line)
            if line[1] is None:
                break
            size += len(line[1]) + 1
            is_whole = cells.take(line[1])
            if not cells.is_tidy:
                break
            if is_whole:
                return line[0], cells.found, size
        self._again.extendleft(reversed(taken))
        return number, None, 0
