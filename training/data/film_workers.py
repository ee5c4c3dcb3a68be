"""Several processes that decode films into one file of pixels."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final

import numpy as np

from training.data.film_file import read_film
from training.progress import Progress

PIXELS: Final = "pixels.npy"
AREAS: Final = "areas.npy"
#: Films between two words of a process; each takes every so many-th such lot.
_LOT: Final = 32
#: Fewer films than this a process are read sooner than a process starts.
_WORTH_A_PROCESS: Final = 64

_Wrong = list[tuple[int, str]]


def read_all(files: Sequence[str], folder: Path, processes: int | None = None) -> dict[int, str]:
    """Fill a folder's pixels.npy and areas.npy; return the films that cannot be read, and why.

    Both files are there: uint8 (n, side, side), and int16 (n, 4) of `film_file.Area`.
    processes: at most so many; as many as this one may use where it is None.
    Raises RuntimeError when a process ends before its films are done.
    """
    most = len(os.sched_getaffinity(0)) if processes is None else processes
    most = min(most, len(files) // _WORTH_A_PROCESS)
    progress = Progress("films read", len(files))
    progress.at(0)
    wrong: dict[int, str] = {}
    done = 0
    lots = _one(files, folder) if most < 2 else _several(files, folder, most)
    for count, unreadable in lots:
        done += count
        wrong.update(unreadable)
        progress.at(done)
    return wrong


def _one(
    files: Sequence[str], folder: Path, share: tuple[int, int] = (0, 1)
) -> Iterator[tuple[int, _Wrong]]:
    """Read a share (first, step) of the films, lot by lot; yield how many, and what was wrong."""
    first, step = share
    if not len(files):
        return
    pixels, areas = (np.load(folder / name, mmap_mode="r+") for name in (PIXELS, AREAS))
    for start in range(first * _LOT, len(files), step * _LOT):
        unreadable = []
        for place in range(start, min(start + _LOT, len(files))):
            try:
                pixels[place], areas[place] = read_film(files[place], pixels.shape[1])
            except ValueError as error:
                unreadable.append((place, str(error)))
        yield min(_LOT, len(files) - start), unreadable


def _several(files: Sequence[str], folder: Path, processes: int) -> Iterator[tuple[int, _Wrong]]:
    # Spawned, not forked: TensorFlow's threads may be running here.
    context = multiprocessing.get_context("spawn")
    working: dict[Connection, multiprocessing.process.BaseProcess] = {}
    try:
        for first in range(processes):
            here, there = context.Pipe()
            worker = context.Process(
                target=_work, args=(there, files, folder, (first, processes)), daemon=True
            )
            worker.start()
            there.close()
            working[here] = worker
        while working:
            for ready in wait(list(working)):
                assert isinstance(ready, Connection)
                try:
                    said = ready.recv()
                except (EOFError, ConnectionError):
                    said = "ended"
                if said == "done":
                    working.pop(ready).join()
                elif said == "ended":
                    working[ready].join()
                    code = working[ready].exitcode
                    raise RuntimeError(f"a process that reads films ended early, exit code {code}")
                else:
                    yield said
    finally:
        for left in working.values():
            left.kill()
            left.join()


def _work(there: Connection, files: Sequence[str], folder: Path, share: tuple[int, int]) -> None:
    """Read one process's share. It ends with the process that started it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the other side's to answer
    threading.Thread(target=_end_with_the_other_side, args=(there,), daemon=True).start()
    for lot in _one(files, folder, share):
        there.send(lot)
    there.send("done")


def _end_with_the_other_side(there: Connection) -> None:
    """Wait for a word that is never sent: what comes is the end of the connection."""
    try:
        there.recv()
    except (EOFError, OSError):
        os._exit(1)
