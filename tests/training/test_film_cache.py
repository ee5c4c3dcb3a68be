"""Films decoded once: what is kept, what is never taken for whole, and what cannot be read."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from schemas.film_tensor import picture_area, to_tensor
from tests.requirements import ROOT
from tests.training.tables import films
from tests.waiting import eventually
from training.data.film_cache import cached_films
from training.data.film_file import read_film
from training.data.film_workers import read_all
from training.data.table import FilmTable
from training.errors import WrongInput
from training.progress import Progress, said_seconds

SIDE: Final = 64


def drawn(seed: int, dtype: type[np.integer] = np.uint8) -> NDArray[np.integer]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max, (90, 70), dtype)


def table_of(folder: Path, count: int) -> FilmTable:
    """Return a table of so many drawn films that lie in the folder."""
    files = [folder / f"{n}.png" for n in range(count)]
    for n, file in enumerate(files):
        Image.fromarray(drawn(n)).save(file)
    table = films([f"p{n}" for n in range(count)])
    return replace(table, files=np.array([str(file) for file in files], dtype=np.str_))


def made(cache: Path) -> list[str]:
    return sorted(each.name for each in cache.iterdir() if each.suffix != ".lock")


def test_pixels_are_the_model_input_tensor_of_each_film(tmp_path: Path) -> None:
    found = cached_films(table_of(tmp_path, 5), SIDE, tmp_path / "cache")
    assert found.pixels.shape == (5, SIDE, SIDE)
    assert found.pixels.dtype == np.uint8
    for n in range(5):
        assert (found.pixels[n] == to_tensor(drawn(n), SIDE)).all()
    assert found.readable.all()
    assert found.problems == ()
    assert not found.pixels.flags.writeable
    assert found.areas.tolist() == [list(picture_area(SIDE, 70, 90))] * 5


def test_sixteen_bits_and_colours_are_read_as_the_serving_side_reads_them(tmp_path: Path) -> None:
    deep = drawn(1, np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert (read_film(tmp_path / "deep.png", SIDE)[0] == to_tensor(deep, SIDE)).all()
    grey = drawn(2)
    for mode in ("RGB", "RGBA", "P", "LA"):
        Image.fromarray(grey).convert(mode).save(tmp_path / "film.png")
        assert (read_film(tmp_path / "film.png", SIDE)[0] == to_tensor(grey, SIDE)).all()


def test_several_processes_read_what_one_reads(tmp_path: Path) -> None:
    table = table_of(tmp_path, 131)
    Path(table.files[77]).write_bytes(b"no film")
    one = cached_films(table, SIDE, tmp_path / "one", processes=1)
    two = cached_films(table, SIDE, tmp_path / "two", processes=2)
    assert (one.pixels == two.pixels).all()
    assert one.problems == two.problems
    assert np.flatnonzero(~two.readable).tolist() == [77]


def test_what_is_there_is_not_read_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table = table_of(tmp_path, 3)
    first = cached_films(table, SIDE, tmp_path / "cache")
    assert "films read: 3 / 3" in capfd.readouterr().err
    again = cached_films(table, SIDE, tmp_path / "cache")
    assert capfd.readouterr().err == ""
    assert (first.pixels == again.pixels).all()
    assert len(made(tmp_path / "cache")) == 1


def test_a_film_that_changed_another_side_or_order_is_another_cache(tmp_path: Path) -> None:
    table = table_of(tmp_path, 3)
    cached_films(table, SIDE, tmp_path / "cache")
    turned = cached_films(table.take(np.array([2, 1, 0])), SIDE, tmp_path / "cache")
    assert (turned.pixels[0] == to_tensor(drawn(2), SIDE)).all()
    assert cached_films(table, 2 * SIDE, tmp_path / "cache").pixels.shape[1] == 2 * SIDE
    Image.fromarray(drawn(9)).save(table.files[0])
    os.utime(table.files[0], ns=(1, 1))
    assert (
        cached_films(table, SIDE, tmp_path / "cache").pixels[0] == to_tensor(drawn(9), SIDE)
    ).all()
    assert len(made(tmp_path / "cache")) == 4


def test_films_that_cannot_be_read_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    table = table_of(tmp_path, 8)
    files = [Path(file) for file in table.files]
    files[1].write_bytes(files[1].read_bytes()[:300])
    files[2].write_bytes(b"")
    files[3].unlink()
    Image.new("CMYK", (90, 70)).save(files[4], format="JPEG")
    Image.fromarray(np.full((9, 9), 70_000, np.int32)).save(files[5], format="TIFF")
    Image.fromarray(drawn(6)).save(files[6], format="JPEG")
    whole = files[6].read_bytes()
    files[6].write_bytes(whole[: len(whole) // 2])
    found = cached_films(table, SIDE, tmp_path / "cache")
    assert found.readable.tolist() == [True, False, False, False, False, False, False, True]
    assert [each.path for each in found.problems] == [f"{n}.png" for n in range(1, 7)]
    assert not found.pixels[~found.readable].any()
    assert str(tmp_path) not in "".join(each.reason for each in found.problems)
    said = [each.reason for each in found.problems]
    assert said[1] == "wanted a PNG or JPEG, came another file"
    assert said[2] == "cannot be read: No such file or directory"
    assert said[3] == "cannot be read: wanted grey or RGB, came mode CMYK"
    again = cached_films(table, SIDE, tmp_path / "cache")
    assert again.problems == found.problems
    assert (again.readable == found.readable).all()


def test_a_film_of_too_many_pixels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(drawn(1)).save(tmp_path / "a.png")
    for most in (90 * 70 - 1, 90 * 35 - 1):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
        with pytest.raises(ValueError, match="wanted at most"):
            read_film(tmp_path / "a.png", SIDE)


KILLED: Final = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from tests.training.tables import films
from training.data import film_cache, film_workers
read, calls = film_workers.read_film, []
def dies(file, side):
    calls.append(file)
    if len(calls) > 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(file, side)
film_workers.read_film = dies
folder = Path(sys.argv[1])
files = sorted(str(each) for each in folder.glob("*.png"))
table = replace(films([f"p{n}" for n in range(len(files))]), files=np.array(files))
film_cache.cached_films(table, 64, folder / "cache")
"""


def test_a_cache_of_a_killed_run_is_never_taken_for_whole(tmp_path: Path) -> None:
    table = table_of(tmp_path, 6)
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = made(tmp_path / "cache")
    assert left.endswith(".part")
    found = cached_films(table, SIDE, tmp_path / "cache")
    assert made(tmp_path / "cache") == [left.removesuffix(".part")]
    for n in range(6):
        assert (found.pixels[n] == to_tensor(drawn(n), SIDE)).all()


def test_a_reader_that_is_killed_ends_the_run_with_a_word(tmp_path: Path) -> None:
    table = table_of(tmp_path, 130)
    Path(table.files[40]).unlink()
    os.mkfifo(table.files[40])  # the second process waits here for ever

    def kill_who_waits() -> None:
        with Path(table.files[40]).open("wb"):
            for worker in multiprocessing.active_children():
                worker.kill()

    killing = threading.Thread(target=kill_who_waits, daemon=True)
    killing.start()
    with pytest.raises(RuntimeError, match="ended early, exit code -9"):
        cached_films(table, SIDE, tmp_path / "cache", processes=2)
    killing.join()
    assert made(tmp_path / "cache") == []
    assert multiprocessing.active_children() == []


ENDED: Final = """
import sys
from pathlib import Path
import numpy as np
from numpy.lib.format import open_memmap
from training.data.film_workers import read_all
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    open_memmap(folder / "pixels.npy", mode="w+", dtype=np.uint8, shape=(130, 64, 64))
    open_memmap(folder / "areas.npy", mode="w+", dtype=np.int16, shape=(130, 4))
    read_all([str(folder / f"{n}.png") for n in range(130)], folder, 2)
"""


def test_readers_end_with_the_run_that_was_killed(tmp_path: Path) -> None:
    table = table_of(tmp_path, 130)
    for n in (0, 40):
        Path(table.files[n]).unlink()
        os.mkfifo(table.files[n])
    (tmp_path / "run.py").write_text(ENDED)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = subprocess.Popen([sys.executable, tmp_path / "run.py", tmp_path], env=environment)
    with Path(table.files[0]).open("wb"), Path(table.files[40]).open("wb"):
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        running.kill()
        running.wait()
        assert len(children) >= 2
        eventually(lambda: not any(_runs(child) for child in children))


def _runs(process: str) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def test_a_disk_that_is_too_small_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = table_of(tmp_path, 3)
    usage = shutil.disk_usage(tmp_path)._replace(free=3 * SIDE * SIDE - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(WrongInput, match=r"0\.0 GB free; 3 films of 64 x 64 pixels want 0\.0 GB"):
        cached_films(table, SIDE, tmp_path / "cache")
    assert made(tmp_path / "cache") == []


def test_a_disk_that_fills_up_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    table = table_of(tmp_path, 3)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(WrongInput, match="cannot hold the films: No space left on device"):
        cached_films(table, SIDE, tmp_path / "cache")
    assert made(tmp_path / "cache") == []


@pytest.mark.parametrize("name", ["pixels.npy", "areas.npy", "films.json"])
def test_a_cache_that_somebody_broke_is_refused(tmp_path: Path, name: str) -> None:
    table = table_of(tmp_path, 3)
    cached_films(table, SIDE, tmp_path / "cache")
    (whole,) = (each for each in (tmp_path / "cache").iterdir() if each.is_dir())
    (whole / name).write_bytes(b"[]")
    with pytest.raises(WrongInput, match="is no cache of films"):
        cached_films(table, SIDE, tmp_path / "cache")


def test_no_films_are_no_work(tmp_path: Path) -> None:
    assert cached_films(films([]), SIDE, tmp_path / "cache").pixels.shape == (0, SIDE, SIDE)
    assert read_all([], tmp_path) == {}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_says_how_far_how_fast_and_how_long_it_still_takes() -> None:
    stream, clock = StringIO(), Clock()
    progress = Progress("films read", 1000, stream=stream, clock=clock)
    for clock.now, done in ((0.0, 100), (10.0, 200), (31.0, 410), (40.0, 500), (90.0, 1000)):
        progress.at(done)
    assert stream.getvalue().splitlines() == [
        "films read: 410 / 1,000, 10 a second, 59 s left",
        "films read: 1,000 / 1,000, 10 a second",
    ]


def test_times_are_said_as_people_say_them() -> None:
    said = [said_seconds(seconds) for seconds in (0.2, 89, 90, 720, 12_000)]
    assert said == ["0 s", "89 s", "2 min", "12 min", "3 h 20 min"]
