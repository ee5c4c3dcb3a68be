"""A library of N films made from real ones: each embedding a real one, perturbed in a stated way.

A made film's embedding is unit(seed + radius * direction). Seeds are taken in turn. A direction is
a draw with the seeds' own covariance, made unit length, so that made films differ in the ways in
which real ones do and the index meets their real number of dimensions. Radii are log-normal;
their median and spread are fitted until the cosines of made films to their nearest film of another
patient lie at the quantiles that so many real films would have. Those are read off the real
films: from draws of an eighth of them up to all of them, each quantile of 1 - cosine falls as a
power of the number of films, and the line goes on (`expected`). One made film in a hundred is a
near-duplicate of another one: the search folds those.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import INDEX
from training.evaluate.metrics import sigmoid
from training.starter.fitted import Fitted

Floats = NDArray[np.float32]

#: Of the nearest film's cosine.
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
SPREADS: Final = (0.0, 0.3, 0.6)
#: A label that was not mentioned, in `Seeds.labels`.
NOT_MENTIONED: Final = 2
DUPLICATES: Final = 0.01
#: A scratched copy: far over store.similar.DUPLICATE_COSINE.
_DUPLICATE_RADIUS: Final = 0.03
_ASKED: Final = 200
_STEPS: Final = 8


@dataclass(frozen=True)
class Seeds:
    """Real films.

    embeddings float32 (n, 512), unit; probabilities float32 (n, 14), NaN where not assessed;
    labels int8 (n, 14): 1, 0, -1, 2 not mentioned; patients (n,) of text; signatures
    uint8 (n, 1024).
    """

    embeddings: Floats
    probabilities: Floats
    labels: NDArray[np.int8]
    patients: NDArray[np.str_]
    signatures: NDArray[np.uint8]


@dataclass(frozen=True)
class Made:
    """Made films, in a random order. `seed` int (n,); patients (n,), empty: none known."""

    embeddings: Floats
    probabilities: Floats
    labels: NDArray[np.int8]
    patients: NDArray[np.str_]
    signatures: NDArray[np.uint8]
    ids: list[str]
    radius_median: float
    radius_spread: float
    quantiles_real: list[float]
    quantiles_expected: list[float]
    quantiles_made: list[float]


def read_seeds(path: Path, model: Path) -> Seeds:
    """Return the films of an .npz: `embeddings`, or `features` for the model's own projection.

    `features` (n, d) are centred and scaled by `model`/heads.npz, projected and made unit length,
    as the served graph does (training/starter/graph.py). `labels` (n, 14) and `patients` (n,) are
    taken as they are; without them nothing is labelled and each film is a patient. Scores are
    those of the model's heads. Raises ValueError for a file with neither.
    """
    rng = np.random.default_rng(1)
    fitted = Fitted.load(model)
    heads = fitted.heads
    with np.load(path, allow_pickle=False) as given:
        if "features" not in given:
            raise ValueError(f"{path}: wanted an array `features`, came {given.files}")
        features = given["features"]
        count = len(features)
        probabilities = np.full((count, 14), np.nan, np.float32)
        probabilities[:, [INDEX[name] for name in heads.names]] = heads.scores(features)
        labels = (
            given["labels"].astype(np.int8)
            if "labels" in given
            else np.full((count, 14), NOT_MENTIONED, np.int8)
        )
        patients = (
            given["patients"].astype(np.str_)
            if "patients" in given
            else np.arange(count).astype(np.str_)
        )
    embeddings = unit((heads.standard(features) @ fitted.projection).astype(np.float32))
    return Seeds(embeddings, probabilities, labels, patients, _pictures(rng, count))


def unit(vectors: Floats) -> Floats:
    """Return rows of length 1."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)


def nearest_other(
    embeddings: Floats, patients: NDArray[np.str_], asked: NDArray[np.intp]
) -> Floats:
    """Return each asked film's cosine to its nearest film of another patient."""
    _, codes = np.unique(patients, return_inverse=True)
    found = np.empty(len(asked), np.float32)
    for start in range(0, len(asked), 100):
        rows = asked[start : start + 100]
        cosines = embeddings[rows] @ embeddings.T
        cosines[codes[rows][:, None] == codes[None, :]] = -2
        found[start : start + 100] = cosines.max(axis=1)
    return found


def expected(seeds: Seeds, films: int) -> NDArray[np.float64]:
    """Return the quantiles of the nearest film's cosine that `films` such films would have."""
    rng = np.random.default_rng(3)
    count = len(seeds.embeddings)
    sizes = [count // 8, count // 4, count // 2, count]
    found = []
    for size in sizes:
        draws = [rng.choice(count, size, replace=False) for _ in range(2 * count // size)]
        near = [
            nearest_other(seeds.embeddings[some], seeds.patients[some], np.arange(size))
            for some in draws
        ]
        found.append(np.mean([np.quantile(one, QUANTILES) for one in near], axis=0))
    slope, height = np.polyfit(np.log(sizes), np.log(1 - np.array(found)), 1)
    return np.asarray(1 - np.exp(height + slope * np.log(films)))


def make(seeds: Seeds, films: int, say: Callable[[str], None]) -> Made:
    """Return a library of so many films. The same seeds and count give the same library."""
    rng = np.random.default_rng(20_261_125)
    count = len(seeds.embeddings)
    order = rng.permutation(films)
    seed, copy = order % count, order // count
    patients = np.char.add(np.char.add(seeds.patients[seed], "/"), copy.astype(np.str_))
    # One film in ten has no patient: it is a stranger to all.
    patients[rng.random(films) < 0.1] = ""
    alone = np.where(
        patients == "", np.char.add("film ", np.arange(films).astype(np.str_)), patients
    )
    base = seeds.embeddings[seed]
    way = _directions(seeds.embeddings, films, rng)
    real = nearest_other(seeds.embeddings, seeds.patients, np.arange(count))
    wanted = expected(seeds, films)
    luck = rng.standard_normal(films).astype(np.float32)
    asked = rng.choice(films, min(_ASKED, films), replace=False)

    def at(median: float, spread: float) -> Floats:
        return unit(base + (median * np.exp(spread * luck))[:, None] * way)

    def quantiles(median: float, spread: float) -> NDArray[np.float64]:
        return np.asarray(np.quantile(nearest_other(at(median, spread), alone, asked), QUANTILES))

    best = (np.inf, 0.0, 0.0)
    for spread in SPREADS:
        low, high = 0.05, 4.0
        for _ in range(_STEPS):
            median = (low * high) ** 0.5
            near = quantiles(median, spread)
            # Farther from their seeds, films are farther from each other.
            low, high = (median, high) if near[2] > wanted[2] else (low, median)
        fault = float(np.abs(near - wanted).max())
        say(f"spread {spread}: radius {median:.3f}, off by {fault:.3f} at most")
        best = min(best, (fault, median, spread))
    _, median, spread = best
    embeddings = at(median, spread)
    logits = np.log(seeds.probabilities[seed] / (1 - seeds.probabilities[seed]))
    logits += 0.5 * rng.standard_normal(logits.shape).astype(np.float32)
    probabilities = sigmoid(logits).astype(np.float32)
    pictures = seeds.signatures[seed].astype(np.int16) // 2 + _pictures(rng, films) // 2
    signatures = pictures.astype(np.uint8)
    copies = rng.choice(films, 2 * int(DUPLICATES * films), replace=False).reshape(2, -1)
    first, second = copies
    embeddings[second] = unit(embeddings[first] + _DUPLICATE_RADIUS * way[second])
    signatures[second] = signatures[first] ^ 1
    patients[second] = patients[first]
    probabilities[second] = probabilities[first]
    made_near = nearest_other(
        embeddings, np.where(patients == "", alone, patients), np.setdiff1d(asked, copies)
    )
    return Made(
        embeddings,
        probabilities,
        seeds.labels[seed],
        patients,
        signatures,
        [hashlib.sha256(f"made {number}".encode()).hexdigest() for number in range(films)],
        median,
        spread,
        [round(float(value), 4) for value in np.quantile(real, QUANTILES)],
        [round(float(value), 4) for value in wanted],
        [round(float(value), 4) for value in np.quantile(made_near, QUANTILES)],
    )


def without_neighbourhoods(seeds: Seeds, films: int) -> Floats:
    """Return unit vectors (films, 512) drawn from the seeds' mean and covariance alone.

    The hardest library of the kind: no film is nearer to another than chance has it.
    """
    rng = np.random.default_rng(20_261_126)
    centred = seeds.embeddings - seeds.embeddings.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=1).mean())
    return unit(seeds.embeddings.mean(axis=0) + size * _directions(seeds.embeddings, films, rng))


def _directions(seeds: Floats, films: int, rng: np.random.Generator) -> Floats:
    """Return unit vectors (films, 512) drawn with the seeds' covariance."""
    centred = seeds - seeds.mean(axis=0)
    ways = np.empty((films, seeds.shape[1]), np.float32)
    for start in range(0, films, 10_000):
        stop = min(films, start + 10_000)
        draws = rng.standard_normal((stop - start, len(seeds)), np.float32)
        ways[start:stop] = draws @ centred
    return unit(ways)


def _pictures(rng: np.random.Generator, count: int) -> NDArray[np.uint8]:
    """Return uint8 (count, 1024): blotches of 4 x 4, far apart from picture to picture."""
    blotches = rng.integers(0, 256, (count, 8, 8), np.uint8)
    return np.repeat(np.repeat(blotches, 4, axis=1), 4, axis=2).reshape(count, 1024)
