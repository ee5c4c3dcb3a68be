"""Which films of the library are learned from, and what each is taken to show.

The rule: a physician's verdict outranks an imported label, finding by finding; among several of
one rank more than half decide, and where no value has more than half the finding is uncertain.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from store.records import FilmRow, LabelRow, LabelSource

#: Whose word counts, the first that says anything. Synthetic labels are nobody's.
RANKS: Final[tuple[LabelSource, ...]] = ("physician", "imported")
UNCERTAIN: Final = -1
#: Licences that allow no work made of the film.
NO_DERIVATIVES: Final = ("CC-BY-NC-ND-4.0",)


def settled(labels: Iterable[LabelRow]) -> dict[str, int]:
    """Return each finding's label: 1, 0 or -1. A finding that nobody named is left out."""
    said: dict[str, dict[LabelSource, list[int]]] = {}
    for row in labels:
        if row.source in RANKS:
            said.setdefault(row.finding, {}).setdefault(row.source, []).append(row.value)
    return {
        finding: _majority(next(voices[rank] for rank in RANKS if rank in voices))
        for finding, voices in said.items()
    }


def left_out(row: FilmRow) -> str | None:
    """Return in a few words why a film is not learned from; None for one that is."""
    film = row.film
    if film.sharing == "private":
        return "private"
    if film.licence in NO_DERIVATIVES:
        return "under a licence without derivatives"
    if "conflict" in film.flags:
        return "of two patients (conflict)"
    if film.patient is None:
        return "without a patient's code"
    return None


def _majority(values: Sequence[int]) -> int:
    value, count = Counter(values).most_common(1)[0]
    return value if 2 * count > len(values) else UNCERTAIN
