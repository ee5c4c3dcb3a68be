"""Folders in CheXpert's form for the tests of training, their films empty or drawn elsewhere."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from schemas.findings import FINDINGS

HEADER = ",".join(("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *FINDINGS))


def chexpert_path(patient: int, study: int = 1, view: int = 1, *, lateral: bool = False) -> str:
    """Return a path as CheXpert's train.csv writes it."""
    side = "lateral" if lateral else "frontal"
    return f"Small/train/patient{patient:05d}/study{study}/view{view}_{side}.jpg"


def chexpert_line(path: str, labels: Mapping[str, str] | None = None, **said: str) -> str:
    """Return a row; `said` may have sex, age, side, view."""
    side = "Lateral" if "lateral" in path else "Frontal"
    film = (
        path,
        said.get("sex", "Female"),
        said.get("age", "68"),
        said.get("side", side),
        said.get("view", "" if side == "Lateral" else "AP"),
    )
    return ",".join((*film, *((labels or {}).get(name, "") for name in FINDINGS)))


def write_collection(
    parent: Path, lines: Iterable[str], *, name: str = "train.csv", header: str = HEADER
) -> Path:
    """Write a CSV into `parent/Small` and an empty file for each path; return the folder."""
    data = parent / "Small"
    data.mkdir(exist_ok=True)
    lines = list(lines)
    (data / name).write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    for line in lines:
        film = parent / line.split(",")[0]
        film.parent.mkdir(parents=True, exist_ok=True)
        film.touch()
    return data
