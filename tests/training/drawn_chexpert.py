"""Drawn films in CheXpert's layout: each finding is a bright bar of its own, labels with holes."""

from pathlib import Path

import numpy as np
from PIL import Image

from schemas.findings import FINDINGS
from tests.training.collections import chexpert_line, chexpert_path, write_collection

#: On no film but those labelled with it: too few for a fit.
RARE = "Fracture"
_UNSURE, _SILENT = 0.15, 0.4


def draw_chexpert(parent: Path, count: int, seed: int = 4) -> Path:
    """Write `count` films of 64 x 64, two a patient, and train.csv; return the folder.

    A quarter of the films is without finding. On the others each finding is there in one of
    three; 15 in 100 labels are uncertain, 4 in 10 of the absent ones are blank. Fracture is
    positive twice. No Finding is 1 or blank, as CheXpert has it.
    """
    rng = np.random.default_rng(seed)
    lines, films = [], {}
    for number in range(count):
        healthy = rng.random() < 0.25
        present = {name for name in FINDINGS[1:] if rng.random() < 0.33 and not healthy}
        present = present - {RARE} | ({RARE} if number in {3, 40} else set())
        samples = rng.normal(70, 8, (64, 64))
        for name in present:
            row = 4 + 4 * FINDINGS.index(name)
            samples[row : row + 4] += 130
        labels = {name: "1.0" if name in present else "0.0" for name in FINDINGS[1:]}
        for name in FINDINGS[1:]:
            if rng.random() < _UNSURE and name != RARE and not healthy:
                labels[name] = "-1.0"
            elif name not in present and rng.random() < _SILENT:
                labels[name] = ""
        pathologies = (labels[name] for name in FINDINGS[1:-1])
        labels["No Finding"] = (
            "" if any(each in {"1.0", "-1.0"} for each in pathologies) else "1.0"
        )
        path = chexpert_path(number // 2, view=1 + number % 2)
        lines.append(chexpert_line(path, labels, sex=("Male", "Female")[number // 2 % 2]))
        films[path] = samples
    data = write_collection(parent, lines)
    for path, samples in films.items():
        grey = np.clip(samples, 0, 255).astype(np.uint8)
        Image.fromarray(grey).save(parent / path, quality=95)
    return data
