"""A CT's voxels out of a NIfTI-1 file (nifti1.h, nifti.nimh.nih.gov): only what is at hand."""

import numpy as np
from numpy.typing import NDArray


def read_nifti(data: bytes) -> tuple[NDArray[np.float32], tuple[float, float, float]]:
    """Return the voxels (x, y, z), rescaled, and their sides in mm, of a NIfTI-1 file.

    One file, little-endian, int16, three axes (nifti1.h, nifti.nimh.nih.gov): what is at hand.
    Raises ValueError, which says what came, for any other.
    """
    head = np.frombuffer(data[:348], np.uint8)
    size, kind = int(head[:4].view("<i4")[0]), int(head[70:72].view("<i2")[0])
    axes = head[40:56].view("<i2")
    if size != 348 or bytes(data[344:347]) != b"n+1" or kind != 4 or axes[0] != 3:
        raise ValueError(
            f"wanted a NIfTI-1 volume of int16, came header {size}, type {kind}, {axes[0]} axes"
        )
    shape = tuple(int(length) for length in axes[1:4])
    start, slope, offset = head[108:120].view("<f4")
    voxels = np.frombuffer(data, "<i2", int(np.prod(shape)), int(start))
    sides = head[80:92].view("<f4")
    table = voxels.reshape(shape, order="F").astype(np.float32) * slope + offset
    return table, (float(sides[0]), float(sides[1]), float(sides[2]))
