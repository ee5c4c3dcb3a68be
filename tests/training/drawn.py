"""Drawn films with labels for the tests of training: each finding is a bright bar of its own."""

from pathlib import Path

import numpy as np
from PIL import Image

from training.data.nih import ASSESSED, MAPPING


def draw_films(folder: Path, count: int) -> None:
    """Write `count` films of 96 x 96, two a patient, noise besides, and their labels.csv."""
    rng = np.random.default_rng(4)
    lines = ["file,findings,patient_id,view,sex,age,licence,source"]
    for number in range(count):
        present = [name for name in ASSESSED if rng.random() < 0.25]
        words = sorted({MAPPING[name][0] for name in present}) or ["Hernia"]
        samples = rng.normal(80, 10, (96, 96))
        for name in present:
            row = 8 * ASSESSED.index(name)
            samples[row : row + 6] += 120
        Image.fromarray(np.clip(samples, 0, 255).astype(np.uint8)).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{'|'.join(words)},{number // 2:08d},PA,M,50,drawn,drawn")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
