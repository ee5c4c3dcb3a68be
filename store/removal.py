"""A patient removed whole, and what a steward should look at besides.

Erasing cannot be undone, so only films that say they are the patient's are erased. Films that may
be as well are listed: near-duplicates that name no patient, and films that drops dispute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from schemas.errors import NotFound
from store.ports import Rows
from store.similar import DUPLICATE_COSINE, DUPLICATE_DIFFERENCE

_LOOKED_THROUGH: Final = 100


@dataclass(frozen=True)
class ErasedPatient:
    """Films that were erased, and films for a steward to decide about."""

    erased: tuple[str, ...]
    near: tuple[str, ...]
    disputed: tuple[str, ...]


def erase_patient(rows: Rows, patient: str, *, account: UUID | None) -> ErasedPatient:
    """Erase every film of a patient (its pseudonym). Raises Forbidden, NotFound, Unavailable."""
    # Looked for first: afterwards there is nothing to compare with.
    own = rows.patients.films(patient, account=account)
    near = near_duplicates(rows, own, account=account)
    disputed = rows.patients.disputed(patient, account=account)
    erased = rows.patients.erase(patient, account=account)
    gone = set(erased)
    return ErasedPatient(
        tuple(erased), tuple(film for film in near if film not in gone), tuple(disputed)
    )


def near_duplicates(rows: Rows, films: Sequence[str], *, account: UUID | None) -> list[str]:
    """Return films without a patient that show the same as one of these, by the search's rule.

    Films without an embedding yet are passed over: nothing can be said of them.
    """
    near: dict[str, None] = {}
    for row in rows.films.seen(films, account=account).values():
        try:
            _, found = rows.vectors.nearest(row.id, count=_LOOKED_THROUGH, account=account)
        except NotFound:
            continue
        for candidate in found:
            if candidate.similarity < DUPLICATE_COSINE:
                break
            if _difference(row.signature, candidate.signature) < DUPLICATE_DIFFERENCE:
                near[candidate.film] = None
    known = rows.films.seen(list(near), account=account)
    return [film for film in near if film in known and known[film].patient is None]


def _difference(one: bytes, other: bytes) -> float:
    """Return by how many grey levels (0..255) two 32 x 32 pictures differ on average."""
    left, right = (np.frombuffer(data, np.uint8).astype(np.int16) for data in (one, other))
    return float(np.abs(left - right).mean())
