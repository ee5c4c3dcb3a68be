"""What is kept of the films the starter model was fitted on and judged by: no pixels.

With it a machine that has none of the films refits the heads (training/starter/refit.py) and holds
them to the films set aside; `bench/` makes its large libraries from it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.data import nih
from training.data.table import NOT_MENTIONED

FEATURES_FILE: Final = "features.npz"
#: A label that NIH's words cannot give, in the file.
NOT_ASSESSED: Final = 2
HOLDOUT: Final = "holdout"
FIT: Final = "fit"


@dataclass(frozen=True)
class KeptFilms:
    """Films in labels.csv's order.

    names, patients, sources: text (n,); names as `00000053_001`. labels: int8 (n, 14), 1 present,
    0 absent, 2 not assessed. part: text (n,), `fit` or `holdout`. features: float16 (n, d), pooled
    by the served network. out_of_fold: float32 (films of `fit`, 11), logits by networks and heads
    that never saw the film's patient: calibration and operating points can come from no others,
    since the served network knows these films.
    """

    names: NDArray[np.str_]
    patients: NDArray[np.str_]
    sources: NDArray[np.str_]
    labels: NDArray[np.int8]
    part: NDArray[np.str_]
    features: NDArray[np.float16]
    out_of_fold: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        rows: list[nih.Row],
        features: NDArray[np.float16],
        out_of_fold: NDArray[np.floating],
    ) -> "KeptFilms":
        """Return what is kept of these rows' films."""
        labels = np.nan_to_num(nih.label_table(rows), nan=NOT_ASSESSED).astype(np.int8)
        return cls(
            names=np.array([row.path.stem for row in rows]),
            patients=np.array([row.patient for row in rows]),
            sources=np.array([row.source for row in rows]),
            labels=labels,
            part=np.where(nih.apart(rows), HOLDOUT, FIT),
            features=features,
            out_of_fold=out_of_fold.astype(np.float32),
        )

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Whether each film is held out."""
        return np.asarray(self.part == HOLDOUT)

    def truth(self) -> NDArray[np.float32]:
        """Return float32 (n, 11), 0 or 1, in the order of nih.ASSESSED."""
        return self.labels[:, nih.COLUMNS].astype(np.float32)

    def told(self) -> NDArray[np.int8]:
        """Return int8 (n, 14) as training/data/table.py's labels."""
        return np.where(self.labels == NOT_ASSESSED, NOT_MENTIONED, self.labels).astype(np.int8)

    def save(self, path: Path) -> None:
        """Write a .npz that `load` reads; the same films give the same bytes."""
        np.savez_compressed(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> "KeptFilms":
        """Return what `save` wrote.

        Raises ValueError where a patient's part is not the one of training/data/nih.py: heads that
        are refitted must never see whom they are judged by.
        """
        with np.load(path, allow_pickle=False) as kept:
            found = cls(**{name: kept[name] for name in kept.files})
        for patient, part in zip(found.patients, found.part, strict=True):
            if nih.held_out(str(patient)) != (part == HOLDOUT):
                raise ValueError(f"{path.name}: wanted patient {patient} on the other side")
        return found
