"""How strong a push the activation map shows as 1, from places of training films.

The map is training/export/served_graph.py's; numpy alone is needed here.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.fit.linear import Heads

#: Films whose places are looked at: with 50 places or more each, the percentile rests on
#: hundreds of places, and the last levels of 200,000 films would fill a disk.
MAP_FILMS: Final = 512
#: The push shown as 1: only one place in two hundred of the films fitted on is stronger.
_MAP_PERCENTILE: Final = 99.5


def map_sample(films: int) -> NDArray[np.intp]:
    """Return which of so many training films to look at: at most MAP_FILMS, evenly spread."""
    return np.linspace(0, films - 1, min(films, MAP_FILMS)).round().astype(np.intp)


def map_scale(last_levels: Iterable[NDArray[np.floating]], heads: Heads) -> NDArray[np.float32]:
    """Return float32 (k,): the push of each finding that the activation map shows as 1.

    last_levels: batches (n, h, w, c) of the last level of training films (`map_sample`), one
    after another; only the pushes are kept, k numbers a place.
    A finding that fewer than one place in two hundred pushes towards "yes" gets 1, one unit of
    log-odds: its map is all but empty, and no scale would make it say more.
    """
    strongest = strongest_push(last_levels, heads)
    return np.where(strongest > 0, strongest, 1).astype(np.float32)


def strongest_push(
    last_levels: Iterable[NDArray[np.floating]], heads: Heads
) -> NDArray[np.float64]:
    """Return (k,): the push that one place in two hundred exceeds; 0 or less where none push."""
    count = len(heads.names)
    pushes = [push_of_places(last, heads).reshape(-1, count) for last in last_levels]
    if not pushes:
        raise ValueError("map scale: wanted last levels of some training films, came none")
    return np.asarray(np.percentile(np.concatenate(pushes), _MAP_PERCENTILE, axis=0))


def push_of_places(
    last: NDArray[np.floating], heads: Heads
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the unscaled push (n, h, w, k) of each place of the last level (n, h, w, c).

    The served graph computes the same.
    """
    channels = last.shape[-1]
    places = (last.astype(np.float64) - heads.mean[-channels:]) / heads.scale[-channels:]
    return np.asarray(places @ heads.weights[-channels:].astype(np.float64))
