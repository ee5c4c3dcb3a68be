"""The reader of the one CT: voxels in their order, rescaled; anything else is refused."""

import numpy as np
import pytest

from tests.training.nifti_file import nifti_of
from training.starter.check.nifti import read_nifti


def test_voxels_come_in_their_order_rescaled_with_their_sides() -> None:
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)

    table, sides = read_nifti(nifti_of(voxels, (0.7, 0.7, 2.5)))

    np.testing.assert_array_equal(table, voxels.astype(np.float32) - 1024)
    np.testing.assert_allclose(sides, (0.7, 0.7, 2.5), rtol=1e-6)


@pytest.mark.parametrize("place", [0, 40, 70, 345])
def test_a_file_of_another_kind_is_refused(place: int) -> None:
    data = bytearray(nifti_of(np.zeros((2, 2, 2), np.int16), (1, 1, 1)))
    data[place] ^= 0x40

    with pytest.raises(ValueError, match="wanted a NIfTI-1 volume of int16"):
        read_nifti(bytes(data))
