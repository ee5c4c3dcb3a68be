import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import UID

from ingest.decoder import Decoder, _Child, _ChildDied
from ingest.decoding_child import LENGTH
from ingest.readers import read_file, read_film
from ingest.renditions import develop
from schemas.errors import Refusal
from tests.fakes.settings import fake_settings
from tests.ingest import dicoms
from tests.ingest.dicoms import dicom_of
from tests.ingest.films import drawn, png_of
from tests.ingest.test_dicom_refusals import MUTATED, deflated_bomb, mutated
from tests.waiting import eventually


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children_of(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task")
    listed = [(one / "children").read_text().split() for one in task.iterdir()]
    return [int(child) for some in listed for child in some]


def pids(decoder: Decoder) -> list[int]:
    return [child._process.pid for child in decoder._children]


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    made = Decoder(fake_settings(decode_processes=1))
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Decoder]:
    made = Decoder(fake_settings(decode_processes=1))
    yield made
    made.close()


def test_a_child_develops_what_we_would_have(decoder: Decoder) -> None:
    data = png_of(drawn(dtype=np.uint16))
    assert decoder.develop(data) == develop(read_film(data, 10_000))
    assert decoder.develop(data, side=48) == develop(read_film(data, 10_000), side=48)


@pytest.mark.slow
@pytest.mark.parametrize(
    "syntax", dicoms.EXACT + dicoms.LOSSY, ids=[one.name for one in dicoms.EXACT + dicoms.LOSSY]
)
def test_every_dicom_codec_works_within_a_childs_limits(shared: Decoder, syntax: UID) -> None:
    film = drawn(700, 600, np.uint16) >> 4
    data = dicom_of(film, 12, syntax=syntax, PatientID="P-17", WindowCenter=1900, WindowWidth=3000)
    decoded = read_file(data, 10**6)
    assert decoded.says.patient_id == "P-17"
    assert shared.develop(data) == develop(decoded.samples, decoded.says)


def test_mutated_dicom_ends_no_child_and_is_a_film_or_a_refusal(shared: Decoder) -> None:
    rng = np.random.default_rng(11)
    films = 0
    for number in range(60):
        with suppress(Refusal):
            assert shared.develop(mutated(MUTATED[number % len(MUTATED)], rng)).bits in {8, 16}
            films += 1
    assert 0 < films < 60


@pytest.mark.slow
def test_a_deflated_bomb_is_refused_by_the_child(shared: Decoder) -> None:
    with pytest.raises(Refusal) as refused:
        shared.develop(deflated_bomb(256 << 20))
    assert refused.value.code in {"too-large", "decoder-limit"}


def test_a_refusal_in_the_child_is_a_refusal_here_and_the_child_lives_on(
    decoder: Decoder,
) -> None:
    with pytest.raises(Refusal) as refused:
        decoder.develop(b"no film")
    assert refused.value.code == "not-an-image"
    [child] = pids(decoder)
    decoder.develop(png_of(drawn()))
    assert pids(decoder) == [child]


def test_a_killed_child_costs_no_film(decoder: Decoder) -> None:
    data = png_of(drawn())
    decoder.develop(data)
    [child] = pids(decoder)
    os.kill(child, signal.SIGKILL)
    assert decoder.develop(data).width == 72
    assert pids(decoder) != [child]


def test_a_child_killed_in_the_middle_of_a_film_is_replaced_and_the_film_read_again(
    decoder: Decoder,
) -> None:
    data = png_of(drawn())
    decoder.develop(data)
    [child] = pids(decoder)
    os.kill(child, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(decoder.develop, data)
        eventually(decoder._idle.empty, 5)
        os.kill(child, signal.SIGKILL)
        assert future.result(timeout=20).width == 72


@pytest.mark.parametrize("sizes", [[1 << 40], [1, -1], [1 << 39, 1 << 39]])
def test_a_child_that_says_it_sends_more_than_it_may_hold_is_not_listened_to(
    sizes: list[int],
) -> None:
    ours, theirs = socket.socketpair()
    child = object.__new__(_Child)
    child._wire = ours
    said = json.dumps({"sizes": sizes}).encode()
    with ours, theirs:
        theirs.sendall(LENGTH.pack(len(said)) + said)
        with pytest.raises(_ChildDied):
            child.ask(b"{}", b"film", 5.0, 1 << 20)


def test_a_film_that_crashes_its_child_is_refused_and_the_pool_goes_on(decoder: Decoder) -> None:
    data = png_of(drawn())
    decoder.develop(data)
    [child] = pids(decoder)
    os.kill(child, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(decoder.develop, data)
        eventually(decoder._idle.empty, 5)
        os.kill(child, signal.SIGSEGV)
        os.kill(child, signal.SIGCONT)
        with pytest.raises(Refusal) as refused:
            future.result(timeout=20)
    assert refused.value.code == "decoder-limit"
    assert decoder.develop(data).width == 72


def test_a_film_over_the_time_is_refused() -> None:
    slow = png_of(drawn(1500, 1500, np.uint16), compress_level=1)
    with closing(Decoder(fake_settings(decode_processes=1, decode_timeout_s=0.05))) as decoder:
        with pytest.raises(Refusal) as refused:
            decoder.develop(slow)
        assert refused.value.code == "decoder-limit"
        # On a busy machine a small film, too, may take longer than this limit, once.
        assert eventually(lambda: width_of(decoder, png_of(drawn())) == 72, 30)


def width_of(decoder: Decoder, data: bytes) -> int:
    """Return the film's width, 0 when it is refused."""
    try:
        return decoder.develop(data).width
    except Refusal:
        return 0


def test_a_film_over_the_memory_is_refused() -> None:
    # 62 million pixels of one shade in a few kilobytes: a gigabyte on its way to grey.
    bomb = io.BytesIO()
    picture = Image.new("P", (7_900, 7_900))
    picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.save(bomb, "PNG", transparency=0)
    settings = fake_settings(decode_processes=1, decode_memory_bytes=400 << 20)
    with closing(Decoder(settings)) as decoder:
        with pytest.raises(Refusal) as refused:
            decoder.develop(bomb.getvalue())
        assert refused.value.code == "decoder-limit"
        assert decoder.develop(png_of(drawn())).width == 72


def test_many_threads_share_few_children() -> None:
    decoder = Decoder(fake_settings(decode_processes=2))
    films = [png_of(drawn(seed=seed)) for seed in range(12)]
    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(decoder.develop, films))
    assert len({one.film for one in made}) == 12
    assert len(pids(decoder)) <= 2
    started = pids(decoder)
    decoder.close()
    assert not any(is_alive(pid) for pid in started)


def test_a_child_outlives_the_thread_that_first_asked_for_it(decoder: Decoder) -> None:
    data = png_of(drawn())
    asking = threading.Thread(target=decoder.develop, args=(data,))
    asking.start()
    asking.join()
    [child] = pids(decoder)
    decoder.develop(data)
    assert pids(decoder) == [child]


def test_children_die_with_a_parent_that_is_killed() -> None:
    program = (
        "import sys; from ingest.decoder import Decoder\n"
        "from tests.fakes.settings import fake_settings\n"
        "from tests.ingest.films import drawn, png_of\n"
        "decoder = Decoder(fake_settings()); decoder.develop(png_of(drawn()))\n"
        "print('ready', flush=True); sys.stdin.read()\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        children = children_of(parent.pid)
        assert children
        parent.kill()
    eventually(lambda: not any(is_alive(pid) for pid in children), 5)
