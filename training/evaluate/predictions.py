"""What a run says of each film, beside what is known of it: all that an evaluation reads."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS
from training.data.table import NO_AGE, NOT_MENTIONED, FilmTable
from training.errors import WrongInput

_FILM: Final = ("Path", "patient", "part", "view", "sex", "age", "source")
_LABEL: Final = "label:"


@dataclass(frozen=True)
class Predictions:
    """n films, in one order.

    table:  the films with their labels.
    parts:  (n,), "train", "valid" or "test".
    scores: float64 (n, 14), calibrated 0..1, NaN where the model does not assess the finding.
    """

    table: FilmTable
    parts: NDArray[np.str_]
    scores: NDArray[np.float64]

    def of(self, part: str) -> "Predictions":
        """Return the films of one part."""
        mine = self.parts == part
        return Predictions(self.table.take(mine), self.parts[mine], self.scores[mine])

    def save(self, file: Path) -> None:
        """Write one line a film: seven columns, 14 scores, 14 labels; empty is not known.

        Scores have nine digits, which float32 holds.
        """
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow((*_FILM, *FINDINGS, *(_LABEL + name for name in FINDINGS)))
            table = self.table
            for n in range(len(table)):
                age = int(table.ages[n])
                writer.writerow(
                    (
                        table.paths[n],
                        table.patients[n],
                        self.parts[n],
                        table.views[n],
                        table.sexes[n],
                        "" if age == NO_AGE else age,
                        table.sources[n],
                        *("" if np.isnan(each) else f"{each:.9g}" for each in self.scores[n]),
                        *("" if each == NOT_MENTIONED else int(each) for each in table.labels[n]),
                    )
                )

    @classmethod
    def load(cls, file: Path) -> "Predictions":
        """Return what `save` wrote; `files` are empty. Raises WrongInput for another file."""
        with file.open(newline="", encoding="utf-8") as came:
            reader = csv.reader(came)
            head = next(reader, [])
            wanted = [*_FILM, *FINDINGS, *(_LABEL + name for name in FINDINGS)]
            if head != wanted:
                raise WrongInput(f"{file}: wanted the columns of predictions.csv, came {head[:8]}")
            rows = list(reader)
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(wanted)
        first, last = len(_FILM), len(_FILM) + len(FINDINGS)
        paths, patients, parts, views, sexes, ages, sources = (
            np.array(column, dtype=np.str_) for column in columns[:first]
        )
        scores = [[float(each) if each else np.nan for each in row[first:last]] for row in rows]
        labels = [[int(each) if each else NOT_MENTIONED for each in row[last:]] for row in rows]
        table = FilmTable(
            paths=paths,
            files=np.full(len(rows), "", dtype=np.str_),
            patients=patients,
            labels=np.array(labels, np.int8).reshape(len(rows), len(FINDINGS)),
            views=views,
            sexes=sexes,
            ages=np.array([int(age) if age else NO_AGE for age in ages], np.int16),
            sources=sources,
            fixed=np.full(len(rows), "", dtype=np.str_),
        )
        return cls(table, parts, np.array(scores, np.float64).reshape(len(rows), len(FINDINGS)))
