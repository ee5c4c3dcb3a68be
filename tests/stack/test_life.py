"""The native stack's life on the real services: started, killed hard, started again, ended.

Each test has a state folder of its own, so these run beside the shared stack and beside a demo.
"""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import pytest

from stack import control, leftovers
from stack.cache import cache_root, clone_root
from stack.lifecycle import down, up
from stack.ports import is_free, read_ports
from stack.processes import Process, is_alive, look_up, marked
from stack.run import run
from stack.services import SERVICES, usual_ports
from stack.state import State, read_json
from stack.status import take_status
from tests.services import start
from tests.waiting import eventually

pytestmark = pytest.mark.services

SERVICE_NAMES: Final = {service.name for service in SERVICES if not service.ours}
LISTEN: Final = "0A"


@pytest.fixture
def state() -> Iterator[State]:
    """Return a state folder with a long path, of mode 0700 above it; nothing is left after."""
    top = Path(tempfile.mkdtemp(prefix="radiotheque-"))
    # Longer than the 107 bytes that the path of a socket may have.
    state = State(top / ("a-folder-with-a-long-name-" * 4) / "state")
    state.root.parent.mkdir(parents=True)
    top.chmod(0o700)
    yield state
    down(state)
    shutil.rmtree(top)


def services_of(state: State) -> dict[str, Process]:
    """Return the services' main processes."""
    found = control.connect(state).processes()
    processes = {name: look_up(found[name].pid) for name in SERVICE_NAMES}
    return {name: process for name, process in processes.items() if process is not None}


def states_of(state: State) -> set[str]:
    """Return the different states of the services."""
    entries = take_status(state)["processes"]
    return {entry["state"] for entry in entries if entry["name"] in SERVICE_NAMES}


def start_services(state: State) -> None:
    """Start the services alone; what prepares the stores is tested with the whole stack."""
    start(state, services_only=True, prepare=False)


def listening_addresses(pids: set[int]) -> set[str]:
    """Return the addresses these processes listen on, in /proc/net's hexadecimal form."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(descriptor.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    addresses = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and fields[9] in inodes:
                addresses.add(fields[1].split(":")[0])
    return addresses


def test_a_stack_lives_is_killed_hard_recovers_and_leaves_nothing(state: State) -> None:
    """One story, since each start takes seconds.

    It starts in a deep folder of mode 0700 while others hold every usual port, listens on
    loopback alone, brings back what is killed, recovers from a hard kill of its supervisor on the
    same ports and data, and ends whole.
    """
    modes = {folder: folder.stat().st_mode for folder in (state.root.parent, clone_root())}
    with ExitStack() as held:
        for port in usual_ports().values():
            if is_free(port):
                held.enter_context(closing(socket.create_server(("127.0.0.1", port))))
        start_services(state)
        ports = read_ports(state)
        assert not set(ports.values()) & set(usual_ports().values())
    assert states_of(state) == {"healthy"}
    assert {folder: folder.stat().st_mode for folder in modes} == modes

    # Everything listens on 127.0.0.1 (as IPv4, or in the form IPv6 gives it) or on ::1.
    pids = {process.pid for process in leftovers.everything_left(state)}
    addresses = listening_addresses(pids)
    assert addresses
    assert addresses <= {
        "0100007F",
        "0000000000000000FFFF00000100007F",
        "00000000000000000000000001000000",
    }

    # A killed service comes back by itself, and is counted.
    before = services_of(state)
    os.kill(before["valkey"].pid, signal.SIGKILL)
    eventually(lambda: services_of(state).get("valkey") not in {None, before["valkey"]}, 20)
    eventually(lambda: states_of(state) == {"healthy"}, 20)
    assert read_json(state.restarts_file) == {"valkey": 1}

    # The supervisor dies hard: its processes live on, unsupervised, until the next start.
    old = services_of(state)
    supervisor = leftovers.recorded(state)["supervisord"]
    os.kill(supervisor.pid, signal.SIGKILL)
    eventually(lambda: not is_alive(supervisor), 10)
    assert all(is_alive(process) for process in old.values())
    start_services(state)
    assert not any(is_alive(process) for process in old.values())
    assert read_ports(state) == ports
    assert states_of(state) == {"healthy"}

    # Down: nothing of it is left, and nothing of anybody else's was touched.
    down(state)
    assert marked(state.root) == []
    assert leftovers.everything_left(state) == {}
    assert all(is_free(port) for port in ports.values())
    assert states_of(state) == {"stopped"}


def test_down_after_a_start_that_failed_half_way_leaves_nothing(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: State) -> None:
        raise RuntimeError("the machine is unwell")

    monkeypatch.setattr("stack.lifecycle.prepare_stores", fail)
    with pytest.raises(RuntimeError, match="unwell"):
        up(state, services_only=True, prefer_usual_ports=False)
    assert leftovers.everything_left(state)
    down(state)
    assert leftovers.everything_left(state) == {}


def test_down_without_a_supervisor_ends_what_runs(state: State) -> None:
    start_services(state)
    supervisor = leftovers.recorded(state)["supervisord"]
    os.kill(supervisor.pid, signal.SIGKILL)
    eventually(lambda: not is_alive(supervisor), 10)
    # Also without its records: what runs carries the mark of its state folder.
    state.pids_file.unlink()
    down(state)
    assert leftovers.everything_left(state) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; CI runs as root")
def test_a_normal_user_runs_it_too() -> None:
    """The same, as `nobody`, in a folder of mode 0700 of theirs.

    They have a clone, an environment and a cache of their own there: root's may lie in root's
    home, where nobody else gets.
    """
    user = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp(prefix="radiotheque-user-"))
    state = State(home / "state")
    clone = home / "clone"
    clone.mkdir()
    tracked = run(["git", "ls-files", "-z"], cwd=clone_root()).split("\0")
    copy("--parents", f"--target-directory={clone}", *filter(None, tracked))
    copy(sys.prefix, clone / ".venv")
    for place in cache_root().iterdir():
        if place.is_dir() and place.name.startswith(("kafka-", "minio-", "triton-env-")):
            copy(place, home / place.name)
    os.chown(home, user.pw_uid, user.pw_gid)
    as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    python = clone / ".venv" / "bin" / "python"
    pythons = (python, *home.glob("triton-env-*/bin/python"))
    shared = [*(each.resolve() for each in pythons), Path(os.__file__), clone / "Makefile"]
    if not all(everybody_reads(path, below=home) for path in shared):
        # Reading and searching stands in for an interpreter of their own, where root's is root's
        # alone, and for root's files where their modes (umask 077) are.
        as_user += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
                    "--securebits=+no_setuid_fixup"]  # fmt: skip
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(clone),
        "RADIOTHEQUE_STATE": str(state.root),
        "RADIOTHEQUE_CACHE": str(home),
    }
    script = (
        "from stack.state import current_state as s; from stack import lifecycle as l;"
        "l.up(s(), services_only=True, prefer_usual_ports=False, prepare=False)"
    )
    try:
        done = subprocess.run(
            [*as_user, python, "-c", script],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        owners = {
            Path(f"/proc/{process.pid}").stat().st_uid
            for process in leftovers.everything_left(state)
        }
        assert owners == {user.pw_uid}
    finally:
        down(state)
        shutil.rmtree(home)


def copy(*words: str | Path) -> None:
    """Copy from the clone's folder: by hard links, where both places are on one disk."""
    one_disk = {Path(tempfile.gettempdir()).stat().st_dev} == {
        place.stat().st_dev for place in (clone_root(), Path(sys.prefix), cache_root())
    }
    run(["cp", "-al" if one_disk else "-a", *words], cwd=clone_root())


def everybody_reads(path: Path, *, below: Path) -> bool:
    """Return whether any user who may pass a folder may read a file, wherever it lies."""
    above = [folder for folder in path.parents if folder not in {below, *below.parents}]
    passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in above)
    return passable and bool(path.stat().st_mode & stat.S_IROTH)
