"""How a DICOM file asks its values to be shown: VOI LUT, or a window and its function.

A table comes before a window, as most viewers have it: where a file has both, the window is what
is left for those that know no tables. What shows no film is passed over later (renditions).
Sources: DICOM PS3.3 C.11.2.1.1 (VOI LUT), C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID),
C.11.2.1.3.2 (LINEAR_EXACT), C.7.6.3.1.2 (MONOCHROME1 turns what has gone through it).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from ingest.readers.dicom_file import numbers, text
from ingest.readers.dicom_lut import Lut, first_lut

#: A VOI LUT's window is where its output goes from this share of its range to the rest of it.
_EDGE: Final = 0.02


@dataclass(frozen=True)
class Scale:
    """How values (after rescale) lie on samples: sample = (value - lowest) / step, then turned.

    `top` is the highest sample there can be; `turned` says that bright and dark are exchanged
    between values and samples.
    """

    lowest: float
    step: float
    top: int
    turned: bool

    @property
    def spread(self) -> float:
        """Return what samples of fewer than 8 bits are multiplied by, to reach 255."""
        return 255 / self.top if self.top < 255 else 1.0

    def values(self) -> NDArray[np.float64]:
        """Return the value of every sample of the film's depth, float64 (256,) or (65,536,)."""
        # Fewer than 8 bits were rounded when they were spread.
        samples = np.rint(np.arange(256 if self.top <= 255 else 65_536) / self.spread)
        values: NDArray[np.float64] = self.lowest + self.step * (
            self.top - samples if self.turned else samples
        )
        return values


@dataclass(frozen=True, eq=False)
class Voi:
    """The first table and the first window of a file, over values; None where it has none."""

    lut: Lut | None
    window: tuple[float, float] | None
    function: str

    @property
    def falls(self) -> bool:
        """Return whether higher values are meant to come out darker, before polarity turns them.

        By the slope of the straight line nearest to the table: it may have any shape.
        """
        if self.lut is None:
            return False
        entries = self.lut.entries.astype(np.float64)
        places = np.arange(len(entries)) - (len(entries) - 1) / 2
        return bool(places @ (entries - entries.mean()) < 0)

    def window_on(self, scale: Scale) -> tuple[float, ...]:
        """Return (centre, width) in film samples, of the window or of where the table changes."""
        if self.window is not None:
            middle, wide = self.window
            if self.function == "LINEAR":
                # It counts whole values: its edges lie half a value further in.
                middle, wide = middle - 0.5, wide - 1
        else:
            edges = _edges(self.lut) if self.lut is not None else None
            if edges is None:
                return ()
            middle, wide = (edges[0] + edges[1]) / 2, edges[1] - edges[0]
        if wide <= 0:
            return ()
        middle, wide = (middle - scale.lowest) / scale.step, wide / scale.step
        if scale.turned:
            middle = scale.top - middle
        return middle * scale.spread, wide * scale.spread

    def curves(self, scale: Scale) -> tuple[NDArray[np.uint8], ...]:
        """Return, best first, the level 0..255 that is asked for each sample; none for a line.

        Each is uint8 (256,) or (65,536,), bright = dense. A straight window alone is left to
        `window_on`.
        """
        asked: list[NDArray[Any]] = []
        values = scale.values()
        if self.lut is not None:
            # Writers say 16 bits and use 12: white is then the highest that its bits can hold.
            white = (1 << int(self.lut.entries.max()).bit_length()) - 1
            levels = self.lut.of(values) * (255 / max(1, white))
            # The samples are turned so that what is meant to be bright is high.
            asked.append(levels if scale.turned == self.falls else 255 - levels)
        if self.window is not None and self.window[1] > 0:
            centre, width = self.window
            if self.function == "SIGMOID":
                steep = np.clip(-4 * (values - centre) / width, -700, 700)
                asked.append(_bright(255 / (1 + np.exp(steep)), scale))
            elif asked and (window := self.window_on(scale)):
                low = window[0] - window[1] / 2
                asked.append((np.arange(len(values)) - low) * (255 / window[1]))
        return tuple(np.clip(np.rint(levels), 0, 255).astype(np.uint8) for levels in asked)


def voi_of(tags: Dataset, *, signed: bool, little: bool) -> Voi:
    """Return what the tags ask for. `signed`: values may be below 0."""
    centre, width = numbers(tags, "WindowCenter")[:1], numbers(tags, "WindowWidth")[:1]
    function = (text(tags, "VOILUTFunction") or "LINEAR").upper()
    lut = first_lut(tags, "VOILUTSequence", signed=signed, little=little)
    if lut is not None and int(lut.entries.min()) == int(lut.entries.max()):
        # One shade for everything shows nothing.
        lut = None
    return Voi(
        lut=lut,
        window=(centre[0], width[0]) if centre and width else None,
        function=function if function in {"LINEAR_EXACT", "SIGMOID"} else "LINEAR",
    )


def _bright(levels: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    return 255 - levels if scale.turned else levels


def _edges(lut: Lut) -> tuple[float, float] | None:
    """Return the values between which a table goes from dark to bright; None where it does not."""
    rising = lut.entries if lut.entries[0] <= lut.entries[-1] else -lut.entries.astype(np.int64)
    low, high = int(rising.min()), int(rising.max())
    margin = (high - low) * _EDGE
    start = int(np.argmax(rising > low + margin))
    end = len(rising) - 1 - int(np.argmax(rising[::-1] < high - margin))
    return (float(lut.first + start), float(lut.first + end)) if end > start else None
