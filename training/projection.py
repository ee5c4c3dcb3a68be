"""The seeded orthogonal projection from pooled features to the embedding's 512 numbers."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.models import EMBEDDING_WIDTH

#: Changing it makes another embedding version: vectors of two seeds cannot be compared.
SEED: Final = 20_261_101
_GRID: Final = 2.0**-20


def projection(features: int, width: int = EMBEDDING_WIDTH) -> NDArray[np.float32]:
    """Return float32 (features, width) with orthonormal columns, the same on every machine.

    The Q of a Gaussian matrix's QR, with R's diagonal made positive, is a uniformly drawn frame
    (Mezzadri 2007); cosines survive it as well as under any other linear map without data.
    It is kept as a seed, not as 3.7 MB of numbers, so it must come out equal everywhere: the
    legacy generator's stream is frozen by numpy (NEP 19), and rounding to multiples of 2^-20,
    far above the last bits in which two linear-algebra libraries differ, does the rest.
    Raises ValueError when there are fewer features than columns.
    """
    if features < width:
        raise ValueError(f"wanted at least {width} features, came {features}")
    stream = np.random.RandomState(SEED)
    frame, triangle = np.linalg.qr(stream.standard_normal((features, width)))
    frame = frame * np.sign(np.diag(triangle))
    return np.asarray(np.rint(frame / _GRID) * _GRID, np.float32)
