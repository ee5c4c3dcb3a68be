"""Films decoded and resized once: a file of pixels that every later run reads as it is.

`FOLDER/<key>/` holds `pixels.npy` (uint8 (n, side, side)), `areas.npy` (int16 (n, 4)) and
`films.json` (which films cannot be read, and why). The key is a hash of the films' files, sizes,
times of change, the side and how a film becomes a tensor. It is made under another name and
renamed when it is whole and on the disk, under a lock: what a killed run leaves is never
taken for a cache. No cache is removed here: whoever wants the room back deletes the folder.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import PIL
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from schemas.film_tensor import PREPROCESSING
from training.data.file_lock import locked
from training.data.film_workers import AREAS, PIXELS, read_all
from training.data.problems import Problem
from training.data.table import FilmTable
from training.errors import WrongInput

_FORM: Final = "film-cache-1"
_FILMS: Final = "films.json"


@dataclass(frozen=True)
class CachedFilms:
    """The films of a table, in its order.

    pixels:   uint8 (n, side, side), read-only, on the disk; 0 where a film cannot be read.
    areas:    int16 (n, 4), left, top, right, bottom of the film in its square, the rest padding.
    readable: bool (n,).
    problems: the films that cannot be read, each with its reason.
    folder:   where they lie; what is found out of the pixels may be kept beside them.
    """

    pixels: NDArray[np.uint8]
    areas: NDArray[np.int16]
    readable: NDArray[np.bool_]
    problems: tuple[Problem, ...]
    folder: Path


def cached_films(
    table: FilmTable, side: int, folder: Path, *, processes: int | None = None
) -> CachedFilms:
    """Return the table's films out of the cache; what is not there yet is made, with progress.

    processes: how many decode at once; one for each processor where it is None.
    Raises WrongInput where the folder cannot be written or its disk is too small.
    """
    whole = folder / _key(table, side)
    if not whole.is_dir():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with locked(whole.with_suffix(".lock")):
                if not whole.is_dir():
                    _make(table, side, whole, processes)
        except OSError as error:
            raise WrongInput(f"{folder} cannot hold the films: {error.strerror}") from error
    return _opened(table, side, whole)


def _key(table: FilmTable, side: int) -> str:
    """Return 32 hex digits of what decides the pixels."""
    digest = hashlib.sha256(
        f"{_FORM}\0{PREPROCESSING}\0Pillow {PIL.__version__}\0{side}\n".encode()
    )
    for file in table.files.tolist():
        try:
            found = os.stat(file)  # noqa: PTH116 - half the time of Path, 224,316 times
            said = f"{file}\0{found.st_size}\0{found.st_mtime_ns}\n"
        except OSError:
            said = f"{file}\0gone\n"
        digest.update(said.encode())
    return digest.hexdigest()[:32]


def _make(table: FilmTable, side: int, whole: Path, processes: int | None) -> None:
    part = whole.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        _enough(whole.parent, len(table), side)
        _reserve(part / PIXELS, (len(table), side, side), np.uint8)
        _reserve(part / AREAS, (len(table), 4), np.int16)
        wrong = read_all(table.files.tolist(), part, processes)
        (part / _FILMS).write_text(
            json.dumps({"unreadable": {str(place): wrong[place] for place in sorted(wrong)}})
        )
        for name in (PIXELS, AREAS, _FILMS):
            with (part / name).open("rb+") as file:
                os.fsync(file.fileno())
        part.rename(whole)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _enough(folder: Path, count: int, side: int) -> None:
    """Raise WrongInput where the disk has no room for the pixels."""
    wanted, free = count * side * side, shutil.disk_usage(folder).free
    if wanted > free:
        raise WrongInput(
            f"{folder} has {free / 1e9:.1f} GB free;"
            f" {count:,} films of {side} x {side} pixels want {wanted / 1e9:.1f} GB"
        )


def _reserve(file: Path, shape: tuple[int, ...], dtype: type[np.integer]) -> None:
    """Make a file of zeros, its place on the disk taken: a disk that fills up kills a memmap."""
    open_memmap(file, mode="w+", dtype=dtype, shape=shape)
    with file.open("rb+") as opened:
        os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)


def _opened(table: FilmTable, side: int, whole: Path) -> CachedFilms:
    try:
        pixels = np.load(whole / PIXELS, mmap_mode="r")
        areas = np.load(whole / AREAS)
        unreadable = json.loads((whole / _FILMS).read_text())["unreadable"]
        wrong = {int(place): str(reason) for place, reason in unreadable.items()}
        problems = tuple(Problem(str(table.paths[place]), wrong[place]) for place in wrong)
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise WrongInput(f"{whole} is no cache of films ({error}): delete it") from None
    if (
        pixels.shape != (len(table), side, side)
        or areas.shape != (len(table), 4)
        or pixels.dtype != np.uint8
    ):
        came = f"{pixels.dtype} {pixels.shape}"
        raise WrongInput(f"{whole} is no cache of {len(table)} films, but {came}: delete it")
    readable = np.ones(len(table), bool)
    readable[list(wrong)] = False
    return CachedFilms(pixels, areas, readable, problems, whole)
