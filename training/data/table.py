"""A collection of films as columns: what every reader gives and every fit takes."""

from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS

#: A finding that the report, or the reader, says nothing of. Stored apart from 1, 0 and -1.
NOT_MENTIONED: Final = -2
#: The age of a patient whose age nobody said.
NO_AGE: Final = -1
PARTS: Final = ("train", "valid", "test")


@dataclass(frozen=True)
class FilmTable:
    """n films; every column has n entries, in one order.

    paths:    as the collection writes them, each once.
    files:    where each film lies on this machine.
    patients: the patient's code within the collection.
    labels:   int8 (n, 14) in CheXpert's order: 1 present, 0 absent, -1 uncertain, NOT_MENTIONED.
    views:    "PA", "AP", "LATERAL" or "" where it is not said.
    sexes:    "M", "F" or "".
    ages:     int16, years; NO_AGE where it is not said.
    sources:  the collection or site a film comes from, or "".
    fixed:    the part that the collection itself gives a film ("test" of valid.csv), or "".
    """

    paths: NDArray[np.str_]
    files: NDArray[np.str_]
    patients: NDArray[np.str_]
    labels: NDArray[np.int8]
    views: NDArray[np.str_]
    sexes: NDArray[np.str_]
    ages: NDArray[np.int16]
    sources: NDArray[np.str_]
    fixed: NDArray[np.str_]

    def __post_init__(self) -> None:
        count = len(self.paths)
        for field in fields(self):
            came = getattr(self, field.name).shape
            wanted = (count, len(FINDINGS)) if field.name == "labels" else (count,)
            if came != wanted:
                raise ValueError(f"{field.name}: wanted {wanted}, came {came}")

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, which: NDArray[Any]) -> "FilmTable":
        """Return the films at these places, or where this mask is true, in that order."""
        chosen = {field.name: getattr(self, field.name)[which] for field in fields(self)}
        return replace(self, **chosen)
