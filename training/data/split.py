"""Who trains, who chooses and who judges: a part for each patient, the same on every machine.

What is guaranteed:

- All films of a patient are in one part, and so are all films of a group of near-duplicates, with
  every other film of their patients: patients who share a group are one (`joined`).
- The part is a function of the patient's code and the seed: BLAKE2b keyed with the seed gives each
  patient two numbers, one for the test set, one for validation. Rows may be shuffled, films of
  other patients added or taken away, another machine used. Three things alone reach over from
  others: a group that joins patients moves them to the part of the smallest number among them;
  the test set is filled up to its count in the order of the numbers, so a patient at its end may
  be crowded out by one before; and where no patient falls into validation, or all do, the one with
  the smallest number is it alone.
- A part that the collection itself fixes holds for the patient and all who are joined with it,
  test before valid before train.
"""

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.data.table import PARTS, FilmTable
from training.errors import WrongInput

#: Of the patients who are not in the test set: the others train.
VALID_SHARE: Final = 0.1
#: A test set is at most one in so many films.
LARGEST_TEST: Final = 5
#: Of a cross-validation, by patient.
FOLDS: Final = 5
_WHOLE: Final = 2.0**64


def test_count(films: int, wanted: int) -> int:
    """Return how many films the test set may have: those wanted, at most a fifth of all."""
    return min(wanted, films // LARGEST_TEST)


def split(
    table: FilmTable, *, test_films: int, seed: int, groups: NDArray[np.intp] | None = None
) -> NDArray[np.str_]:
    """Return the part of each film, (n,): `train`, `valid` or `test`.

    test_films: wanted in the test set, at most a fifth of all (`test_count`); whole patients are
        taken in the order of their numbers, and one whose films would be too many is passed over.
        Nothing is drawn where the collection fixes a test set of its own.
    groups: (n,), equal for films that are near-duplicates; None without any.
    """
    units = joined(table.patients, groups)
    count = int(units.max()) + 1 if len(units) else 0
    names, first = np.unique(table.patients, return_index=True)
    unit_of_patient = units[first]
    for_test, for_valid = (_numbers(names, seed, purpose) for purpose in ("test", "valid"))
    tests, valids = np.full(count, np.inf), np.full(count, np.inf)
    np.minimum.at(tests, unit_of_patient, for_test)
    np.minimum.at(valids, unit_of_patient, for_valid)
    parts = np.full(count, "", dtype="<U5")
    for part in PARTS:
        parts[units[table.fixed == part]] = part
    sizes = np.bincount(units, minlength=count)
    if not (table.fixed == "test").any():
        left = test_count(len(table), test_films)
        for unit in np.argsort(tests, kind="stable"):
            if left == 0:
                break
            if not parts[unit] and sizes[unit] <= left:
                parts[unit] = "test"
                left -= int(sizes[unit])
    free = np.flatnonzero(parts == "")
    chosen = valids[free] < VALID_SHARE
    if len(free) > 1 and ((not chosen.any() and not (parts == "valid").any()) or chosen.all()):
        chosen = np.arange(len(free)) == np.argmin(valids[free])
    elif len(free) == 1 and not (parts == "train").any():
        chosen[:] = False
    parts[free] = np.where(chosen, "valid", "train")
    return np.asarray(parts[units], dtype=np.str_)


def joined(patients: NDArray[np.str_], groups: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """Return a number for each film, (n,), equal where the films must stay together.

    They must where they are of one patient, or in one group, or where a chain of both leads from
    one to the other. Numbers are 0 to the count of such sets, less one.
    """
    _, codes = np.unique(patients, return_inverse=True)
    if groups is None:
        return codes.astype(np.intp)
    if groups.shape != patients.shape:
        raise ValueError(f"groups: wanted {patients.shape}, came {groups.shape}")
    parent = list(range(int(codes.max()) + 1 if len(codes) else 0))

    def root(code: int) -> int:
        while parent[code] != code:
            parent[code] = parent[parent[code]]
            code = parent[code]
        return code

    _, group_codes = np.unique(groups, return_inverse=True)
    seen: dict[int, int] = {}
    for code, group in zip(codes.tolist(), group_codes.tolist(), strict=True):
        one, other = root(code), root(seen.setdefault(group, code))
        parent[max(one, other)] = min(one, other)
    roots = np.array([root(code) for code in range(len(parent))], np.intp)
    return np.unique(roots, return_inverse=True)[1][codes].astype(np.intp)


def write_split(table: FilmTable, parts: NDArray[np.str_], file: Path) -> None:
    """Write `Path,patient,part`, a line for each film in the table's order."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("Path", "patient", "part"))
        writer.writerows(
            zip(table.paths.tolist(), table.patients.tolist(), parts.tolist(), strict=True)
        )


def read_split(file: Path) -> dict[tuple[str, str], str]:
    """Return the part of each film of a run, by its Path and patient.

    {} without the file: an imported model does not say which films it was fitted on. Raises
    WrongInput for another file.
    """
    if not file.exists():
        return {}
    try:
        with file.open(newline="", encoding="utf-8") as came:
            return {(row["Path"], row["patient"]): row["part"] for row in csv.DictReader(came)}
    except (OSError, KeyError) as error:
        raise WrongInput(f"{file}: wanted Path,patient,part of a run's films: {error}") from None


def known_parts(table: FilmTable, split: Mapping[tuple[str, str], str]) -> NDArray[np.str_]:
    """Return each film's part in the run, (n,); `test` for films that the run does not know."""
    films = zip(table.paths.tolist(), table.patients.tolist(), strict=True)
    return np.array([split.get(film, "test") for film in films], dtype="<U5")


def _numbers(names: NDArray[np.str_], seed: int, purpose: str) -> NDArray[np.float64]:
    """Return a number for each patient, 0..1, by a hash keyed with the seed and the purpose."""
    key = hashlib.sha256(f"radiotheque-split-1:{purpose}:{seed}".encode()).digest()
    digests = b"".join(
        hashlib.blake2b(name.encode(), digest_size=8, key=key).digest() for name in names.tolist()
    )
    return np.frombuffer(digests, ">u8") / _WHOLE
