"""A NIfTI-1 file of our own making: what training/starter/check/nifti.py reads."""

import gzip

import numpy as np
from numpy.typing import NDArray


def nifti_of(
    voxels: NDArray[np.int16], sides: tuple[float, float, float], offset: float = -1024
) -> bytes:
    """Return the file of voxels (x, y, z), not yet zipped."""
    head = np.zeros(352, np.uint8)
    head[:4].view("<i4")[0] = 348
    head[40:56].view("<i2")[:4] = (3, *voxels.shape)
    head[70:72].view("<i2")[0] = 4
    head[76:108].view("<f4")[1:4] = sides
    head[108:120].view("<f4")[:] = (352, 1, offset)
    head[344:348] = np.frombuffer(b"n+1\0", np.uint8)
    return head.tobytes() + voxels.astype("<i2").tobytes(order="F")


def body() -> bytes:
    """Return a zipped CT of a body of water with two lungs and a spine, 60 x 44 x 40 of 6 mm."""
    x, y, z = np.meshgrid(*(np.arange(size) for size in (60, 44, 40)), indexing="ij")
    hounsfield = np.full(x.shape, -1000)
    hounsfield[((x - 30) / 26) ** 2 + ((y - 22) / 17) ** 2 < 1] = 0
    for side in (18, 42):
        lung = ((x - side) / 9) ** 2 + ((y - 23) / 12) ** 2 + ((z - 22) / 16) ** 2 < 1
        hounsfield[lung] = -850
    hounsfield[((x - 30) / 3) ** 2 + ((y - 8) / 3) ** 2 < 1] = 700
    return gzip.compress(nifti_of((hounsfield + 1024).astype(np.int16), (6, 6, 6)), 1)
