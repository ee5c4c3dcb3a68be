"""NIH ChestX-ray14 films and their labels, told in CheXpert's words.

Wang et al. 2017 (arXiv 1705.02315). The labels were mined from reports, not read by radiologists.
A folder holds `labels.csv` (file, findings with NIH's names and `|` between, patient_id, view,
sex, age, licence, source) and the films it names.
"""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.film_tensor import to_tensor
from schemas.findings import FINDINGS

#: CheXpert's finding: the NIH names of which any one makes it present.
MAPPING: Final[dict[str, tuple[str, ...]]] = {
    "No Finding": ("No Finding",),
    "Cardiomegaly": ("Cardiomegaly",),
    "Lung Opacity": (
        "Infiltration",
        "Consolidation",
        "Pneumonia",
        "Atelectasis",
        "Edema",
        "Nodule",
        "Mass",
    ),
    "Lung Lesion": ("Nodule", "Mass"),
    "Edema": ("Edema",),
    "Consolidation": ("Consolidation",),
    "Pneumonia": ("Pneumonia",),
    "Atelectasis": ("Atelectasis",),
    "Pneumothorax": ("Pneumothorax",),
    "Pleural Effusion": ("Effusion",),
    "Pleural Other": ("Pleural_Thickening",),
}
#: What NIH's labels can teach. The other three are not assessed, which is not the same as absent.
ASSESSED: Final[tuple[str, ...]] = tuple(name for name in FINDINGS if name in MAPPING)

NIH_NAMES: Final = frozenset(
    {
        "Atelectasis",
        "Cardiomegaly",
        "Consolidation",
        "Edema",
        "Effusion",
        "Emphysema",
        "Fibrosis",
        "Hernia",
        "Infiltration",
        "Mass",
        "No Finding",
        "Nodule",
        "Pleural_Thickening",
        "Pneumonia",
        "Pneumothorax",
    }
)

#: Films of the whole collection, and how many of them have each name (counted again in table 1 of
#: doi:10.1007/s10278-023-00801-4).
#: Of findings that join several names it is not known how many films have any.
WHOLE_FILMS: Final = 112_120
WHOLE: Final[dict[str, int]] = {
    "No Finding": 60_361,
    "Cardiomegaly": 2_776,
    "Edema": 2_303,
    "Consolidation": 4_667,
    "Pneumonia": 1_431,
    "Atelectasis": 11_559,
    "Pneumothorax": 5_302,
    "Pleural Effusion": 13_317,
    "Pleural Other": 3_385,
}

_COLUMNS: Final = ("file", "findings", "patient_id", "source", "view", "sex", "age")
_HOLDOUT: Final = "radiotheque-holdout-1:"


@dataclass(frozen=True)
class Row:
    """One line of labels.csv. view: PA or AP; sex: M or F; age: years; "" or None: not said."""

    path: Path
    findings: frozenset[str]
    patient: str
    source: str
    view: str = ""
    sex: str = ""
    age: int | None = None


def read_rows(folder: Path) -> list[Row]:
    """Return the folder's films in the file's order.

    Raises ValueError, which names the line, for a finding that is not one of NIH's fifteen words,
    a line without patient or an age that is no number, and for a missing column;
    FileNotFoundError without labels.csv.
    """
    rows = []
    with (folder / "labels.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"labels.csv: wanted columns {_COLUMNS}, {missing} are missing")
        for number, line in enumerate(reader, start=2):
            findings = frozenset(line["findings"].split("|"))
            if not findings <= NIH_NAMES:
                unknown = sorted(findings - NIH_NAMES)
                raise ValueError(f"labels.csv line {number}: wanted NIH's names, came {unknown}")
            if not line["patient_id"]:
                raise ValueError(f"labels.csv line {number}: wanted a patient_id, came none")
            age = line["age"]
            if age and not age.isdecimal():
                raise ValueError(f"labels.csv line {number}: wanted an age in years, came {age!r}")
            rows.append(
                Row(
                    path=folder / line["file"],
                    findings=findings,
                    patient=line["patient_id"],
                    source=line["source"],
                    view=line["view"],
                    sex=line["sex"],
                    age=int(age) if age else None,
                )
            )
    return rows


def labels(findings: frozenset[str]) -> NDArray[np.float32]:
    """Return float32 (14,) in CheXpert's order: 1 present, 0 absent, NaN not assessed."""
    return np.array(
        [float(bool(findings & set(MAPPING[n]))) if n in MAPPING else np.nan for n in FINDINGS],
        np.float32,
    )


def label_table(rows: Sequence[Row]) -> NDArray[np.float32]:
    """Return float32 (n, 14); see `labels`."""
    return np.stack([labels(row.findings) for row in rows])


#: The columns of a table of fourteen that are assessed.
COLUMNS: Final = tuple(FINDINGS.index(name) for name in ASSESSED)


def truth_table(rows: Sequence[Row]) -> NDArray[np.float32]:
    """Return float32 (n, 11), 0 or 1, in the order of ASSESSED."""
    return label_table(rows)[:, COLUMNS]


#: NIH's findings that no finding of ours is made of alone.
_OTHERS: Final = ("Emphysema", "Fibrosis", "Hernia", "Infiltration", "Mass", "Nodule")
_OLDEST: Final = 100


def beside_table(rows: Sequence[Row]) -> NDArray[np.float32]:
    """Return float32 (n, 9), 0..1: what else is known of each film.

    NIH's six other findings, whether it was taken from behind, whether of a man, age over 100.
    """
    return np.array(
        [
            [float(name in row.findings) for name in _OTHERS]
            + [float(row.view == "PA"), float(row.sex == "M"), min(1.0, (row.age or 0) / _OLDEST)]
            for row in rows
        ],
        np.float32,
    )


def held_out(patient: str) -> bool:
    """Return whether this patient is kept aside for judging: one in five, the same for ever.

    By patient, never by film, so that nobody is on both sides: SHA-256 of a fixed prefix and the
    patient's id, read as one number, modulo 5.
    """
    digest = hashlib.sha256(f"{_HOLDOUT}{patient}".encode()).hexdigest()
    return int(digest, 16) % 5 == 0


def apart(rows: Sequence[Row]) -> NDArray[np.bool_]:
    """Return whether each film's patient is held out, (n,)."""
    return np.array([held_out(row.patient) for row in rows], bool)


def to_fit(rows: Sequence[Row]) -> list[Row]:
    """Return the films that may be fitted on, in their order."""
    return [row for row in rows if not held_out(row.patient)]


def film(row: Row, side: int) -> NDArray[np.uint8]:
    """Return the row's film as the model wants it: uint8 (side, side)."""
    with Image.open(row.path) as image:
        if image.mode not in {"L", "RGB", "RGBA", "P"}:
            raise ValueError(f"{row.path.name}: wanted an 8-bit film, came mode {image.mode}")
        return to_tensor(np.asarray(image.convert("L")), side)
