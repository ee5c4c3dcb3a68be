"""How much of a picture is in colours that no radiograph has.

A radiograph that comes in colour is grey in disguise, or a scan of a film with one tint: bluish
(the base of film), brown (an old print), or what a display made of it. Its colour then follows
from its grey, in one hue. So the tint is fitted and taken away first: of every step of grey the
mean saturation along the picture's mean hue. What is left is colour of its own.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: A sample's longest side, in pixels: means over its cells take a scanner's noise away.
SAMPLE_SIDE: Final = 256
#: How far a pixel's chroma, of -128..127, may lie from the tint: JPEG at quality 60 moves a
#: tinted film's by up to 8, scanner noise by about as much.
FAR: Final = 12.0
_STEPS: Final = 32


def sample_of(channels: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a small uint8 (h, w, 3) of uint8 or uint16 (H, W, 3 or 4), a fourth being alpha.

    Only this is kept of the colours: the whole picture goes on as grey.
    """
    step = max(1, -(-max(channels.shape[:2]) // SAMPLE_SIDE))
    if channels.dtype == np.uint16:
        small = (channels[::step, ::step] >> 8).astype(np.uint8)
    else:
        mode = "RGB" if channels.shape[2] == 3 else "RGBA"
        small = np.asarray(Image.fromarray(channels, mode).reduce(step))
    if small.shape[2] == 4:
        # As the grey is: laid over black.
        wide = small[..., :3].astype(np.uint16) * small[..., 3:]
        small = (wide // 255).astype(np.uint8)
    return small


def coloured_share(sample: NDArray[np.uint8]) -> float:
    """Return the share, 0..1, of a sample's pixels whose colour is more than the film's tint."""
    if (sample == sample[..., :1]).all():
        return 0.0
    rgb = sample.reshape(-1, 3).astype(np.float32)
    # Luma and colour differences of ITU-R BT.601, as JPEG (JFIF) has them.
    luma = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    chroma = np.stack([(rgb[:, 2] - luma) * 0.564, (rgb[:, 0] - luma) * 0.713], axis=1)
    mean = chroma.mean(axis=0)
    length = float(np.hypot(*mean))
    hue = mean / length if length > 1e-3 else np.zeros(2, np.float32)
    step = np.minimum(luma * (_STEPS / 256), _STEPS - 1).astype(np.intp)
    counts = np.maximum(np.bincount(step, minlength=_STEPS), 1)
    tint = np.bincount(step, weights=chroma @ hue, minlength=_STEPS) / counts
    # The opposite hue is not the tint's: blue sky over yellow sand is no tinted grey.
    left = chroma - np.maximum(tint, 0)[step, None] * hue
    return float((np.hypot(left[:, 0], left[:, 1]) > FAR).mean())
