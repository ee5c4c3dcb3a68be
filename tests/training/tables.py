"""Tables of films for tests that need no pictures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS
from training.data.table import NO_AGE, NOT_MENTIONED, FilmTable


def films(
    patients: Sequence[str],
    *,
    fixed: Sequence[str] | None = None,
    labels: NDArray[np.int8] | None = None,
) -> FilmTable:
    """Return a film for each of these patients' codes, in that order."""
    count = len(patients)
    empty = np.full(count, "", dtype="<U1")
    return FilmTable(
        paths=np.array([f"{n}.png" for n in range(count)], dtype=np.str_),
        files=empty,
        patients=np.array(list(patients), dtype=np.str_),
        labels=np.full((count, len(FINDINGS)), NOT_MENTIONED, np.int8)
        if labels is None
        else labels,
        views=empty,
        sexes=empty,
        ages=np.full(count, NO_AGE, np.int16),
        sources=empty,
        fixed=empty if fixed is None else np.array(fixed, dtype=np.str_),
    )
