"""What a collection says of each finding, as table 1 of Irvin et al. 2019 counts it."""

from dataclasses import dataclass

import numpy as np

from schemas.findings import FINDINGS
from training.data.table import NOT_MENTIONED, FilmTable

_LABELS = (1, -1, 0, NOT_MENTIONED)


@dataclass(frozen=True)
class FindingCount:
    """Films by what is said of one finding; the four add up to all films."""

    finding: str
    positive: int
    uncertain: int
    negative: int
    not_mentioned: int

    @property
    def films(self) -> int:
        """How many films were counted."""
        return self.positive + self.uncertain + self.negative + self.not_mentioned

    def percent(self, count: int) -> float:
        """Return a count as 0..100 of all films, 0 where there are none."""
        return 100 * count / self.films if self.films else 0.0


def count_findings(table: FilmTable) -> tuple[FindingCount, ...]:
    """Return the fourteen counts, in CheXpert's order."""
    return tuple(
        FindingCount(name, *(int(np.count_nonzero(column == label)) for label in _LABELS))
        for name, column in zip(FINDINGS, table.labels.T, strict=True)
    )


def table_one(counts: tuple[FindingCount, ...]) -> str:
    """Return the table as lines of text: each count and its share of all films."""
    heads = ("Positive (%)", "Uncertain (%)", "Negative (%)", "Not mentioned (%)")
    lines = [f"{'Finding':<28}" + "".join(f"{head:>20}" for head in heads)]
    for each in counts:
        numbers = (each.positive, each.uncertain, each.negative, each.not_mentioned)
        cells = (f"{number:,} ({each.percent(number):.2f})" for number in numbers)
        lines.append(f"{each.finding:<28}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)
