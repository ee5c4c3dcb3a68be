"""One line of a manifest, read by the names of its columns, and the faults that come of it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.manifest_cells import COLUMNS, TEXT_WANTED, TWIN_WANTED, is_text
from schemas.manifest_faults import TOLD, FaultKind
from store.records_manifests import ManifestFault


@dataclass
class Faults:
    """What was left out: all counted by kind, the first of each kind told."""

    counts: Counter[FaultKind] = field(default_factory=Counter)
    told: list[ManifestFault] = field(default_factory=list)

    def add(self, kind: FaultKind, line: int, column: str, wanted: str) -> None:
        """Count one; `column` is empty for a fault of the whole line."""
        self.counts[kind] += 1
        if self.counts[kind] <= TOLD:
            self.told.append(ManifestFault(line, column, wanted, kind))


@dataclass
class Line:
    """One line's cells. `places` tells where each known column stands, its twins too.

    A blank cell says nothing; twins that say different things say nothing either.
    """

    number: int
    row: Sequence[str]
    places: Mapping[str, Sequence[int]]
    faults: Faults
    _wrong: set[str] = field(default_factory=set)

    def has_fault(self, column: str) -> bool:
        """Return whether something was wrong in this column."""
        return column in self._wrong

    def text(self, column: str) -> str | None:
        """Return a column's text, None where it says nothing that can be used."""
        said: str | None = self._said(column, str, "", "text")
        return said

    def value(self, column: str) -> Any:
        """Return what a column's reader makes of it, None where it says nothing usable."""
        rule = COLUMNS[column]
        return self._said(column, rule.read, rule.wanted, rule.kind)

    def _said(self, column: str, read: Callable[[str], Any], wanted: str, kind: FaultKind) -> Any:
        said: list[Any] = []
        for place in self.places.get(column, ()):
            text = self.row[place].strip() if place < len(self.row) else ""
            if not text:
                continue
            if not is_text(text):
                self._fault("text", column, TEXT_WANTED)
                continue
            try:
                value = read(text)
            except (KeyError, ValueError):
                self._fault(kind, column, wanted)
            else:
                said += [] if value in said else [value]
        if len(said) > 1:
            self._fault("twin-column", column, TWIN_WANTED)
            return None
        return said[0] if said else None

    def _fault(self, kind: FaultKind, column: str, wanted: str) -> None:
        self._wrong.add(column)
        self.faults.add(kind, self.number, column, wanted)
