"""Measure reading and splitting as much as CheXpert has: `python -m bench.collection_at_scale`.

Makes a folder in CheXpert's form: 224,316 rows of 65,240 patients, one film in seven lateral.
Every film is there as an empty file under its own patient and study, as CheXpert lays them: the
reader asks the file system of each and opens none. What is read has just been made, so the file
system answers from memory; a disk that is read for the first time adds its own time. Laterals are
kept, so that every row is split. Three times over, each in a process of its own: seconds, and peak
memory beside what the process had before it read anything.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from schemas.findings import FINDINGS

ROWS: Final = 224_316
PATIENTS: Final = 65_240
HEADER: Final = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *FINDINGS)
_LATERAL: Final = 0.145
_MOST_STUDIES: Final = 4
_LABELS: Final = ("", "1.0", "0.0", "-1.0")
_SHARES: Final = (70, 17, 8, 5)
_MEASURE: Final = """
import json, resource, sys, time
from pathlib import Path
from training.data.collection import read_collection
from training.data.split import split, write_split
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
folder = Path(sys.argv[1])
began, before_s = time.perf_counter(), time.process_time()
found = read_collection(folder, laterals=True)
read, used = time.perf_counter(), time.process_time()
parts = split(found.table, test_films=200, seed=1)
done = time.perf_counter()
write_split(found.table, parts, folder / "split.csv")
written = time.perf_counter()
print(json.dumps({
    "films": len(found.table), "problems": len(found.problems),
    "patients": len(set(found.table.patients.tolist())),
    "train": int((parts == "train").sum()), "valid": int((parts == "valid").sum()),
    "test": int((parts == "test").sum()),
    "read_s": read - began, "read_processor_s": used - before_s,
    "split_s": done - read, "write_s": written - done,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    "without_films_mb": before * 1024 / 1e6,
}))
"""


def make(parent: Path, rows: int, patients: int) -> Path:
    """Write the collection; return its folder."""
    rng = random.Random(1)  # noqa: S311 - a drawn table
    films = [1] * patients
    for _ in range(rows - patients):
        films[rng.randrange(patients)] += 1
    data = parent / "CheXpert-v1.0-small"
    lines = [",".join(HEADER)]
    for patient, count in enumerate(films, start=1):
        for film in range(count):
            study = film % _MOST_STUDIES + 1
            side = "lateral" if rng.random() < _LATERAL else "frontal"
            path = f"train/patient{patient:05d}/study{study}/view{film + 1}_{side}.jpg"
            labels = rng.choices(_LABELS, _SHARES, k=len(FINDINGS))
            said = (rng.choice(("Male", "Female")), str(rng.randint(18, 90)), side.title())
            view = "" if side == "lateral" else rng.choice(("AP", "AP", "PA"))
            lines.append(",".join((f"{data.name}/{path}", *said, view, *labels)))
            file = data / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    (data / "train.csv").write_text("\n".join(lines) + "\n")
    return data


def main() -> int:
    """Make, measure, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=ROWS)
    arguments.add_argument("--patients", type=int, default=PATIENTS)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = make(Path(scratch), chosen.rows, chosen.patients)
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", _MEASURE, data], check=True, capture_output=True, text=True
            )
            said = json.loads(done.stdout)
            print(", ".join(f"{name} {_shown(value)}" for name, value in said.items()))
    return 0


def _shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


if __name__ == "__main__":
    sys.exit(main())
