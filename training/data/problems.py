"""What is wrong with a collection, film by film: named, kept, and the rest goes on."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """path: as the collection writes it (of a column: the column's name). reason: one line."""

    path: str
    reason: str


def write_problems(problems: Iterable[Problem], file: Path) -> None:
    """Write `Path,reason`, in the order of paths, each pair once."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("Path", "reason"))
        for problem in sorted(set(problems), key=lambda each: (each.path, each.reason)):
            writer.writerow((problem.path, problem.reason))
