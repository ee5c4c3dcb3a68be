"""Kinds of films that a model may know unequally well: view, sex, age band."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from training.data.table import NO_AGE, FilmTable

#: Ages of the bands, in years: from, below, name.
_AGES: Final = ((0, 40, "0-39"), (40, 60, "40-59"), (60, 200, "60+"))
Kind = Literal["view", "sex", "age"]


def age_band(age: int | None) -> str | None:
    """Return the age's band, as `40-59`; None when it is not known."""
    if age is None or age == NO_AGE:
        return None
    return next((name for low, high, name in _AGES if low <= age < high), None)


def groups_of(table: FilmTable) -> list[tuple[Kind, str, NDArray[np.bool_]]]:
    """Return (kind, name, mask (n,)) of each group that has films, in a fixed order.

    A film of which the view, sex or age is not said is in no group of that kind.
    """
    told: dict[Kind, list[str]] = {
        "view": [str(each) for each in table.views],
        "sex": [str(each) for each in table.sexes],
        "age": [age_band(int(age)) or "" for age in table.ages],
    }
    return [
        (kind, name, np.array([each == name for each in names], bool))
        for kind, names in told.items()
        for name in sorted(set(names) - {""})
    ]
