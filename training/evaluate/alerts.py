"""What an alert is, on which films it is a false one, and how many of them films get.

An *alert* is a reliable finding other than No Finding whose score is at or over its threshold: the
word *suspected* on a screen. A film is *without finding* when its label No Finding is 1, or when
all thirteen others are labelled 0; and nothing but Support Devices is labelled 1 or -1 on it.
(CheXpert's labeller says No Finding beside Support Devices.) A film is *ill* when a finding other
than No Finding and Support Devices is labelled 1, or No Finding is labelled 0. Films that are
neither, since too little is known of them, count in neither.

On a film without finding, an alert is *false* unless its own finding is labelled 1 or -1. Of all
alerts on all films, those are *right* whose finding is labelled 1, out of those labelled 1 or 0.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from training.data.table import NOT_MENTIONED

NO_FINDING: Final = "No Finding"
_DEVICES: Final = INDEX["Support Devices"]
_NONE: Final = INDEX[NO_FINDING]
_OTHERS: Final = tuple(place for place in INDEX.values() if place not in {_NONE, _DEVICES})


@dataclass(frozen=True)
class Alerts:
    """How many alerts some films get; a figure of no films, or of no alerts, is None."""

    films_without: int
    false_per_film_without: float | None
    films_ill: int
    per_film_ill: float | None
    alerts: int
    right: float | None


def without_finding(labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which films (n,) are without finding. labels: (n, 14), as FilmTable's."""
    said = labels[:, _NONE] == 1
    others = np.delete(labels, _NONE, axis=1)
    said |= (labels[:, _NONE] == NOT_MENTIONED) & (others == 0).all(axis=1)
    contradicted = np.isin(labels[:, _OTHERS], (1, -1)).any(axis=1)
    return np.asarray(said & ~contradicted)


def ill(labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which films (n,) are ill. labels: (n, 14), as FilmTable's."""
    return np.asarray((labels[:, _OTHERS] == 1).any(axis=1) | (labels[:, _NONE] == 0))


def counted(names: Sequence[str], reliable: Collection[str]) -> NDArray[np.bool_]:
    """Return which columns may alert: the reliable ones, never No Finding."""
    return np.array([name in reliable and name != NO_FINDING for name in names], bool)


def count(labels: NDArray[np.integer], names: Sequence[str], raised: NDArray[np.bool_]) -> Alerts:
    """Return what films get whose alerts are `raised`, (n, k), columns as `names`."""
    own = labels[:, [INDEX[name] for name in names]]
    calm, sick = without_finding(labels), ill(labels)
    false = (raised & (own != 1) & (own != -1))[calm].sum()
    right, wrong = int((raised & (own == 1)).sum()), int((raised & (own == 0)).sum())
    return Alerts(
        films_without=int(calm.sum()),
        false_per_film_without=_share(float(false), int(calm.sum())),
        films_ill=int(sick.sum()),
        per_film_ill=_share(float(raised[sick].sum()), int(sick.sum())),
        alerts=int(raised.sum()),
        right=_share(right, right + wrong),
    )


def raised_at(
    scores: NDArray[np.floating],
    names: Sequence[str],
    thresholds: Mapping[str, float],
    reliable: Collection[str],
) -> NDArray[np.bool_]:
    """Return the alerts (n, k) of scores (n, k); a finding without threshold never alerts."""
    limits = np.array([thresholds.get(name, np.inf) for name in names])
    return np.asarray((scores >= limits) & counted(names, reliable))


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
