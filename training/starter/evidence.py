"""What a model is judged by: plain arrays, whichever way it was fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data import nih

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """Scores and maps of the films of one folder, in labels.csv's order.

    out_of_fold: (n, 11) calibrated scores 0..1 of the films that are not held out, each by a
                 model that never saw its patient; columns in the order of nih.ASSESSED.
    held_out:    (m, 11) scores of the held-out films by the model that is served.
    map_films:   k names of films without folder and ending, as `00000053_001`.
    maps:        (k, 14, h, w) their activation maps by the served model, any scale.
    others:      held-out scores of the same model in other arithmetic, by its name, as `bf16`.
    speeds:      films a second over those of `held_out`'s arithmetic, by the same names.
    """

    out_of_fold: Array
    held_out: Array
    map_films: tuple[str, ...] = ()
    maps: NDArray[np.floating | np.integer] = field(
        default_factory=lambda: np.zeros((0, 14, 1, 1))
    )
    others: Mapping[str, Array] = field(default_factory=dict)
    speeds: Mapping[str, float] = field(default_factory=dict)

    def check(self, rows: Sequence[nih.Row]) -> None:
        """Raise ValueError unless the scores are those of these films."""
        apart = int(nih.apart(rows).sum())
        findings = len(nih.ASSESSED)
        scores = {"out_of_fold": self.out_of_fold, "held_out": self.held_out, **self.others}
        for name, table in scores.items():
            wanted = (len(rows) - apart if name == "out_of_fold" else apart, findings)
            if table.shape != wanted:
                raise ValueError(f"{name}: wanted scores {wanted}, came {table.shape}")
            if not ((table >= 0) & (table <= 1)).all():
                raise ValueError(f"{name}: wanted scores from 0 to 1, came others")
        if self.maps.shape[:2] != (len(self.map_films), 14):
            raise ValueError(
                f"wanted maps ({len(self.map_films)}, 14, h, w), came {self.maps.shape}"
            )
        unknown = sorted(set(self.map_films) - {row.path.stem for row in rows})
        if unknown:
            raise ValueError(f"wanted maps of films of labels.csv, came {unknown[:3]}")

    def save(self, path: Path) -> None:
        """Write a .npz that `load` reads."""
        arrays: dict[str, NDArray[np.generic]] = {
            "out_of_fold": self.out_of_fold,
            "held_out": self.held_out,
            "map_films": np.array(self.map_films, dtype=np.str_),
            "maps": self.maps,
            **{f"other:{name}": table for name, table in self.others.items()},
            **{f"speed:{name}": np.array(speed) for name, speed in self.speeds.items()},
        }
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> "Evidence":
        """Return what `save` wrote."""
        with np.load(path, allow_pickle=False) as kept:
            return cls(
                out_of_fold=kept["out_of_fold"].astype(np.float64),
                held_out=kept["held_out"].astype(np.float64),
                map_films=tuple(str(name) for name in kept["map_films"]),
                maps=kept["maps"],
                others={
                    name.removeprefix("other:"): kept[name].astype(np.float64)
                    for name in kept.files
                    if name.startswith("other:")
                },
                speeds={
                    name.removeprefix("speed:"): float(kept[name])
                    for name in kept.files
                    if name.startswith("speed:")
                },
            )


def never_seen(evidence: Evidence, rows: Sequence[nih.Row]) -> Array:
    """Return (all films, 11): each film's scores by a model that never saw its patient."""
    apart = nih.apart(rows)
    scores = np.empty((len(rows), len(nih.ASSESSED)))
    scores[~apart] = evidence.out_of_fold
    scores[apart] = evidence.held_out
    return scores
