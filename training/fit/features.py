"""Pooled features of many films: the backbone runs once, what it says is kept on disk.

What is kept is found again by the films' pixels and the network's weights, so that a run with
another policy, another balance or another split on the same films begins with the heads. An
extraction that was stopped goes on where it was.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.data.file_lock import locked
from training.progress import Progress

BATCH: Final = 32
#: A graphics processor is kept busy by more films at once.
BATCH_ON_GPU: Final = 256
#: How many batches are done between two notes of how far an extraction is.
_NOTED: Final = 32
_POOLED: Final = "pooled.npy"
_LAST: Final = "last.npy"
#: Says how many films are done; the same number as there are films once it is whole.
_DONE: Final = "done.json"


@dataclass(frozen=True)
class Features:
    """Of n films: pooled float32 (n, d); last float16 (m, h, w, c), of films `sample` (m,)."""

    pooled: NDArray[np.float32]
    last: NDArray[np.float16]
    sample: NDArray[np.intp]


def extract(
    model: keras.Model, films: NDArray[np.uint8], sample: NDArray[np.intp], *, batch: int = 0
) -> Features:
    """Return the features of films (n, side, side) by a feature model, in memory.

    sample: rising places of the films whose last level is wanted.
    """
    pooled, last = (tuple(each.shape[1:]) for each in model.outputs)
    found = Features(
        np.empty((len(films), *pooled), np.float32),
        np.empty((len(sample), *last), np.float16),
        sample,
    )
    for _ in _filled(model, films, found, batch=batch):
        pass
    return found


def kept(
    model: keras.Model,
    films: NDArray[np.uint8],
    sample: NDArray[np.intp],
    cache: Path,
    network: str,
) -> Features:
    """Return the features of films (n, side, side), from disk where they are there.

    films: may be a map of a file. sample: as for `extract`. cache: a folder; features of other
    films and networks lie beside, each in a folder of its own. network: the backbone's name,
    which says what no weight does.
    """
    folder = cache / f"features-{_key(model, network, films, sample)}"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock"):
        done = _done(folder)
        if done < len(films):
            maps = _opened(model, folder, len(films), len(sample), new=not done)
            for now_done in _filled(
                model, films, Features(maps[0], maps[1], sample), begun_at=done
            ):
                for each in maps:
                    each.flush()
                _note(folder, now_done)
    pooled, last = (np.load(folder / name, mmap_mode="r") for name in (_POOLED, _LAST))
    return Features(pooled, last, sample)


def weights_digest(model: keras.Model) -> str:
    """Return 64 hex digits of every weight of the model, in the order of its layers."""
    digest = hashlib.sha256()
    for variable in model.weights:
        numbers = np.ascontiguousarray(variable.numpy())
        digest.update(f"{numbers.shape} {numbers.dtype}".encode() + numbers.tobytes())
    return digest.hexdigest()


def _key(
    model: keras.Model,
    network: str,
    films: NDArray[np.uint8],
    sample: NDArray[np.intp],
) -> str:
    said = f"features-1 {network} {films.shape[1:]} {weights_digest(model)}"
    digest = hashlib.sha256(said.encode() + sample.astype("<i8").tobytes())
    for start in range(0, len(films), 1024):
        digest.update(np.ascontiguousarray(films[start : start + 1024]).data)
    return digest.hexdigest()[:32]


def _filled(
    model: keras.Model,
    films: NDArray[np.uint8],
    found: Features,
    *,
    begun_at: int = 0,
    batch: int = 0,
) -> Iterator[int]:
    """Fill `found` from `begun_at` on; yield how many films are done, now and then.

    A batch's answer is fetched when the next one is under way: the processor never waits.
    """
    batch = batch or (BATCH_ON_GPU if tf.config.list_physical_devices("GPU") else BATCH)
    side = films.shape[1]
    signature = [
        tf.TensorSpec((None, side, side), tf.uint8),
        tf.TensorSpec((None,), tf.int32),
    ]

    def answer(part: Any, wanted: Any) -> Any:
        pooled, last = model(part, training=False)
        return pooled, tf.gather(last, wanted)

    step: Any = tf.function(answer, signature)
    sample = found.sample
    progress = Progress("features of films", len(films))
    progress.at(begun_at)

    def fetch(start: int, stop: int, said: Any) -> None:
        found.pooled[start:stop] = said[0].numpy()
        low, high = np.searchsorted(sample, [start, stop])
        found.last[low:high] = said[1].numpy()
        progress.at(stop)

    under_way: tuple[int, int, Any] | None = None
    for number, start in enumerate(range(begun_at, len(films), batch)):
        stop = min(start + batch, len(films))
        low, high = np.searchsorted(sample, [start, stop])
        wanted = (sample[low:high] - start).astype(np.int32)
        said = step(np.ascontiguousarray(films[start:stop]), wanted)
        if under_way is not None:
            fetch(*under_way)
            if number % _NOTED == 0:
                yield under_way[1]
        under_way = (start, stop, said)
    if under_way is not None:
        fetch(*under_way)
    yield len(films)


def _opened(model: keras.Model, folder: Path, films: int, sampled: int, *, new: bool) -> Any:
    """Return the tables as maps of their files."""
    pooled, last = (tuple(each.shape[1:]) for each in model.outputs)
    wanted = (
        (_POOLED, (films, *pooled), np.float32),
        (_LAST, (sampled, *last), np.float16),
    )
    mode = "w+" if new else "r+"
    return tuple(
        np.lib.format.open_memmap(folder / name, mode, dtype, shape)
        for name, shape, dtype in wanted
    )


def _done(folder: Path) -> int:
    try:
        return int(json.loads((folder / _DONE).read_text())["films"])
    except FileNotFoundError:
        return 0


def _note(folder: Path, films: int) -> None:
    """Write how far it is, whole or not at all."""
    growing = folder / (_DONE + ".new")
    growing.write_text(json.dumps({"films": films}) + "\n")
    growing.replace(folder / _DONE)
