"""A folder of films and labels, in CheXpert's form or NIH's: read and checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from training.data.chexpert import read_chexpert
from training.data.nih_table import read_nih
from training.data.problems import Problem
from training.data.table import FilmTable
from training.data.table_builder import TableBuilder
from training.errors import WrongInput

TRAIN: Final = "train.csv"
VALID: Final = "valid.csv"
LABELS: Final = "labels.csv"
_WANTED: Final = f"a folder with {TRAIN} (and {VALID}) in CheXpert's form, or with NIH's {LABELS}"


@dataclass(frozen=True)
class Collection:
    """table: the films that are there. laterals: how many lateral ones were left out."""

    form: Literal["chexpert", "nih"]
    table: FilmTable
    problems: tuple[Problem, ...]
    laterals: int


def read_collection(data: Path, *, laterals: bool = False) -> Collection:
    """Return the films of a folder; what is wrong with single ones is named beside them.

    With `train.csv` it is CheXpert's form, and the films of a `valid.csv` beside it are the test
    set: radiologists read them, nobody mined them. With `labels.csv` alone it is NIH's. A film
    that stands in both of CheXpert's files is kept as valid.csv has it.
    laterals: whether lateral films are kept.
    Raises WrongInput, which says what was wanted, for another folder and for one without a film.
    """
    if not data.is_dir():
        raise WrongInput(f"wanted {_WANTED}; came {data}, which is no folder")
    builder = TableBuilder(data)
    form: Literal["chexpert", "nih"] = "chexpert"
    if (data / TRAIN).is_file():
        if (data / VALID).is_file():
            read_chexpert(data / VALID, builder, laterals=laterals, fixed="test")
        read_chexpert(data / TRAIN, builder, laterals=laterals, fixed="")
    elif (data / LABELS).is_file():
        form = "nih"
        read_nih(data / LABELS, builder)
    else:
        raise WrongInput(f"wanted {_WANTED}; {data} has neither")
    found = Collection(form, builder.table(), builder.problems, builder.laterals)
    if not len(found.table):
        said = f"; {found.laterals} lateral films are left out" if found.laterals else ""
        for problem in found.problems[-1:]:
            said += f"; {problem.path}: {problem.reason}"
        raise WrongInput(f"{data} has no film that can be used{said}")
    return found
