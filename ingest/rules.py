"""Whether decoded samples can be a chest film at all: plain rules, before any model is asked.

They refuse only what is plainly something else; what passes is still looked at in embedding
space. Each limit says what it was measured on: no film of ours may be refused by it.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.checks import check_aspect
from ingest.readers import Decoded
from schemas.body_parts import plainly_elsewhere
from schemas.errors import Refusal
from schemas.identities import Samples
from schemas.presentation import AS_STORED, Presentation

#: Of 255 levels, between the 5th and 95th percentile of the means of 32 x 32 cells. The flattest
#: of 1,133 films of NIH ChestX-ray14 has 78, of 100 phantoms 207; an empty picture with noise of
#: 16 levels has 2. Percentiles: a lead letter alone on a blank film does not make it a film.
LEAST_CONTRAST: Final = 8
#: Share of a picture in colours of its own (ingest/colour.py). Tinted scans with the noise of a
#: scanner stay under 0.02; of 9 colour photographs tried, 7 are over 0.17 (a retina, all in one
#: hue, and a night sky are not, and are left to the next check). What a workstation draws over a
#: film, arrows or a coloured label, is less than this.
MOST_COLOURED: Final = 0.12

_CELLS: Final = 32
_LOW, _HIGH = 0.005, 0.995


def check_film(decoded: Decoded) -> None:
    """Raise Refusal for what is plainly no chest film: `not-a-chest`, `not-a-film`, `blank`."""
    check_body_part(decoded.says.body_part)
    check_shape(decoded)
    check_colour(decoded.coloured)
    check_contrast(decoded.samples, decoded.presentation)


def check_shape(decoded: Decoded) -> None:
    """Raise Refusal `aspect` where the picture, once its samples are square, is no film's."""
    height, width = decoded.samples.shape
    check_aspect(*decoded.presentation.shown_size(width, height))


def check_body_part(said: str | None) -> None:
    """Raise Refusal `not-a-chest` for a BodyPartExamined that leaves no doubt.

    Absent, unknown and neighbouring parts (ribs, thoracic spine) pass: stations are often left
    on the last examination's.
    """
    part = plainly_elsewhere(said)
    if part is not None:
        raise Refusal("not-a-chest", wanted="a film of the chest", came=f"one of the {part}")


def check_colour(coloured: float) -> None:
    """Raise Refusal `not-a-film` when too much of the picture, 0..1, is in colours of its own."""
    if coloured > MOST_COLOURED:
        raise Refusal(
            "not-a-film",
            wanted="grey, or a single tint",
            came=f"several colours on {round(coloured * 100)} hundredths of the picture",
        )


def check_contrast(samples: Samples, how: Presentation = AS_STORED) -> None:
    """Raise Refusal `blank` when uint8 or uint16 samples (h, w) show next to nothing."""
    levels = contrast(samples, how)
    if levels < LEAST_CONTRAST:
        raise Refusal(
            "blank",
            wanted=f"dark and bright parts at least {LEAST_CONTRAST} levels of 255 apart",
            came=f"parts {int(levels)} levels apart",
        )


def contrast(samples: Samples, how: Presentation = AS_STORED) -> float:
    """Return how far apart a film's dark and bright parts are, in levels of 0..255; 0 of padding.

    Of 16 bits the range between the 0.5th and 99.5th percentile counts as 255 levels, as it
    does to the model (schemas/film_tensor.py); a range of a few steps counts as none.
    """
    low, high = 0.0, 255.0
    padding = how.is_padding(samples)
    if samples.dtype == np.uint16:
        step = max(1, max(samples.shape) // 512)
        some = samples[::step, ::step]
        if padding is not None:
            some = some[~padding[::step, ::step]]
        if not some.size:
            return 0.0
        low, high = _quantiles(some, _LOW, _HIGH)
        if high - low < LEAST_CONTRAST:
            return 0.0
    cells = _cell_means(samples, padding)
    if not cells.size:
        return 0.0
    means = (cells - low) * (255 / (high - low))
    dark, bright = _quantiles(np.clip(means, 0, 255), 0.05, 0.95)
    return bright - dark


def _quantiles(values: NDArray[Any], *shares: float) -> tuple[float, ...]:
    """Return the values below which these shares of all lie.

    Not by np.percentile: the first one in a decoding child takes 80 ms.
    """
    ordered = np.sort(values, axis=None)
    return tuple(float(ordered[int(share * (ordered.size - 1))]) for share in shares)


def _cell_means(samples: Samples, padding: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Return the mean of each of 32 x 32 cells, float64; of those without a picture, none.

    At least 32 samples a side; padding, bool (h, w), is left out.
    """
    if padding is None:
        heights, widths = (np.diff(np.append(_starts(length), length)) for length in samples.shape)
        means: NDArray[np.float64] = _cell_sums(samples) / np.outer(heights, widths)
        return means
    counts = _cell_sums(~padding)
    sums = _cell_sums(np.where(padding, 0, samples))
    seen: NDArray[np.float64] = sums[counts > 0] / counts[counts > 0]
    return seen


def _cell_sums(samples: NDArray[Any]) -> NDArray[np.uint64]:
    # 512 samples of 16 bits at most are summed first, then 512 such sums: 32 bits, then 64.
    rows, columns = (_starts(length) for length in samples.shape)
    across: NDArray[Any] = np.add.reduceat(samples, rows, axis=0, dtype=np.uint32)
    sums: NDArray[np.uint64] = np.add.reduceat(across, columns, axis=1, dtype=np.uint64)
    return sums


def _starts(length: int) -> NDArray[np.intp]:
    return np.arange(_CELLS) * length // _CELLS
