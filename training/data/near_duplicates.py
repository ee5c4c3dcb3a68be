"""The same film twice: at another compression, size or brightness, under whatever name.

Films are sorted into buckets by the signs of random projections (locality-sensitive hashing,
Charikar 2002) and compared only with those of their bucket, in several sortings, so that copies
that fall apart in one meet in another. Of 224,316 films some 30 million pairs are compared, of
25,000 million. The projections are fixed: the same films give the same groups. What is found:
docs/figures.md.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.data.film_cache import CachedFilms
from training.data.film_likeness import COARSE, FINE, MIDDLE, likeness
from training.errors import WrongInput
from training.progress import Progress

#: Cosine of two films' structure from which on they are one film, at the fine grid.
ALIKE: Final = 0.9
#: And from which on they are worth a finer look.
_PERHAPS: Final = 0.8
#: Says what `groups` does; change it with the function.
_KEPT: Final = "near-duplicates-1.npy"
_TABLES: Final = 16
_BITS: Final = 24
#: So many signs, those nearest to turning over, are tried both ways.
_UNSURE: Final = 1
_LOT: Final = 256
_PAIRS: Final = 65_536


def kept_groups(films: CachedFilms) -> NDArray[np.intp]:
    """Return `groups`, looked for once and kept beside the films' pixels.

    Raises WrongInput where what is kept there is something else.
    """
    file = films.folder / _KEPT
    if not file.exists():
        with tempfile.NamedTemporaryFile(dir=films.folder, suffix=".npy", delete=False) as new:
            np.save(new, groups(films))
        Path(new.name).replace(file)
    try:
        found = np.load(file)
    except (OSError, ValueError, EOFError) as error:
        raise WrongInput(f"{file} holds no groups of films ({error}): delete it") from None
    if found.shape != films.readable.shape or found.dtype != np.intp:
        came = f"{found.dtype} {found.shape}"
        raise WrongInput(f"{file}: wanted groups of {len(films.readable)} films, came {came}")
    return np.asarray(found, np.intp)


def groups(films: CachedFilms) -> NDArray[np.intp]:
    """Return for each film the first film that is the same, itself where none is, (n,).

    What is the same as the same is the same. A film that cannot be read, or that has no structure
    at all, is the same as no other.
    """
    coarse, middle = _vectors(films)
    able = np.flatnonzero(coarse.any(axis=1) & films.readable)
    found = np.arange(len(films.pixels))
    # Exact copies are joined first, and one of each goes on: thousands would be millions of pairs.
    known: dict[bytes, int] = {}
    for film in able.tolist():
        copied = hashlib.blake2b(coarse[film].tobytes(), digest_size=16).digest()
        found[film] = known.setdefault(copied, film)
    able = np.array(list(known.values()), np.intp)
    progress = Progress("near-duplicates: sortings compared", _TABLES)
    progress.at(0)
    for table in range(_TABLES):
        for one, other in _met(_codes(coarse[able], table)):
            pairs = np.stack([able[one], able[other]])
            pairs = pairs[:, found[pairs[0]] != found[pairs[1]]]
            pairs = pairs[:, _alike(coarse, pairs, _PERHAPS)]
            pairs = pairs[:, _alike(middle, pairs, _PERHAPS)]
            _join(found, pairs[:, _same(films, pairs)])
        progress.at(table + 1)
    return found


def _vectors(films: CachedFilms) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Return the coarse and the middle likeness of every film, float16 (n, 256) and (n, 1024)."""
    coarse, middle = (
        np.zeros((len(films.pixels), cells * cells), np.float16) for cells, _ in (COARSE, MIDDLE)
    )
    progress = Progress("near-duplicates: films looked at", len(coarse))
    for start in range(0, len(coarse), _LOT):
        progress.at(start)
        lot = slice(start, start + _LOT)
        for vectors, grid in ((coarse, COARSE), (middle, MIDDLE)):
            vectors[lot] = likeness(films.pixels[lot], films.areas[lot], grid)
    progress.at(len(coarse))
    return coarse, middle


def _codes(vectors: NDArray[np.float16], table: int) -> NDArray[np.uint32]:
    """Return each film's buckets in one sorting, uint32 (n, 2 ** _UNSURE).

    The first is the film's own, the others those it nearly fell into. A code and that of the
    inverted film are one: the highest bit is always 0.
    """
    width = vectors.shape[1]
    drawn = hashlib.shake_256(f"radiotheque-near-{table}".encode()).digest(width * _BITS // 8)
    signs = np.unpackbits(np.frombuffer(drawn, np.uint8)).reshape(width, _BITS)
    planes = signs.astype(np.float32) * 2 - 1
    weights = np.uint32(1) << np.arange(_BITS, dtype=np.uint32)
    codes = np.zeros((len(vectors), 1 << _UNSURE), np.uint32)
    for start in range(0, len(vectors), _PAIRS):
        lot = slice(start, start + _PAIRS)
        heights = vectors[lot].astype(np.float32) @ planes
        codes[lot, 0] = ((heights > 0) * weights).sum(axis=1, dtype=np.uint32)
        nearest = np.argpartition(np.abs(heights), _UNSURE - 1, axis=1)[:, :_UNSURE]
        for probe in range(1, 1 << _UNSURE):
            turned = [weights[nearest[:, bit]] for bit in range(_UNSURE) if probe >> bit & 1]
            codes[lot, probe] = codes[lot, 0] ^ np.bitwise_or.reduce(turned)
    return np.where(codes >> (_BITS - 1), ~codes & ((1 << _BITS) - 1), codes).astype(np.uint32)


def _met(codes: NDArray[np.uint32]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield the pairs of films that share a bucket, in lots: places (m,) of both."""
    flat = codes.ravel()
    order = np.argsort(flat, kind="stable")
    flat, film = flat[order], order // codes.shape[1]
    places, apart = np.arange(len(flat)), 0
    while len(places):
        apart += 1
        places = places[places + apart < len(flat)]
        places = places[flat[places] == flat[places + apart]]
        for start in range(0, len(places), _PAIRS):
            lot = places[start : start + _PAIRS]
            yield film[lot], film[lot + apart]


def _alike(
    vectors: NDArray[np.floating], pairs: NDArray[np.intp], least: float
) -> NDArray[np.bool_]:
    """Return which pairs (2, m) are alike by these vectors, inverted or not."""
    alike = np.zeros(pairs.shape[1], bool)
    for start in range(0, pairs.shape[1], 4096):
        lot = slice(start, start + 4096)
        one, other = (vectors[each[lot]].astype(np.float32) for each in pairs)
        alike[lot] = np.abs(np.einsum("ij,ij->i", one, other)) >= least
    return alike


def _same(films: CachedFilms, pairs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which pairs (2, m) are the same film, by the fine grid of their pixels."""
    same = np.zeros(pairs.shape[1], bool)
    for start in range(0, pairs.shape[1], _LOT):
        lot = slice(start, start + _LOT)
        these, places = np.unique(pairs[:, lot], return_inverse=True)
        fine = likeness(films.pixels[these], films.areas[these], FINE)
        same[lot] = _alike(fine, places.reshape(2, -1), ALIKE)
    return same


def _join(found: NDArray[np.intp], pairs: NDArray[np.intp]) -> None:
    """Make the two groups of each pair one, named by its first film."""
    for one, other in pairs.T.tolist():
        low, high = sorted((int(found[one]), int(found[other])))
        if low != high:
            found[found == high] = low
