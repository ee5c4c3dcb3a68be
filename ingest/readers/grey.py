"""From colour and transparency to one grey channel, at the depth they came in.

A radiograph that comes as colour is grey in disguise, as a rule: equal channels come out exactly
as they were, so the same film as grey, as RGB and as a palette is one film.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Luma of ITU-R BT.601 (0.299, 0.587, 0.114) in 65,536ths, as JPEG and Pillow have it.
_RED, _GREEN, _BLUE = 19_595, 38_470, 7_471
_ROWS: Final = 256


def luma(channels: NDArray[Any]) -> NDArray[Any]:
    """Return the grey of uint8 or uint16 (h, w, 3), rounded, in the same dtype (h, w)."""
    if channels.shape[2] != 3:
        raise ValueError(f"wanted three channels, came {channels.shape}")

    def of(part: NDArray[Any]) -> NDArray[Any]:
        wide = part.astype(np.uint32)
        # 65,535 * 65,536 + 32,768 still fits 32 bits.
        grey = wide[..., 0] * _RED + wide[..., 1] * _GREEN + wide[..., 2] * _BLUE
        shifted: NDArray[Any] = (grey + 32_768) >> 16
        return shifted

    return _by_strips(of, channels)


def over_black(grey: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Return grey (h, w) laid over black by its alpha, both of one dtype, rounded.

    Black, since that is what air and the frame around a film are.
    """
    whole = int(np.iinfo(grey.dtype).max)
    if (alpha == whole).all():
        return grey

    def of(part: NDArray[Any]) -> NDArray[Any]:
        product = part[..., 0].astype(np.uint64) * part[..., 1]
        rounded: NDArray[Any] = (product + whole // 2) // whole
        return rounded

    return _by_strips(of, np.stack([grey, alpha], axis=2))


def _by_strips(of: Callable[[NDArray[Any]], NDArray[Any]], source: NDArray[Any]) -> NDArray[Any]:
    """Return the function of every strip of rows: wide numbers of a whole film need gigabytes."""
    made = np.empty(source.shape[:2], source.dtype)
    for top in range(0, source.shape[0], _ROWS):
        made[top : top + _ROWS] = of(source[top : top + _ROWS])
    return made
