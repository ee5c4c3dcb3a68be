"""What a new user types, in a clone of their own: the two minutes that decide whether they stay.

One demo for all of these: a copy of what git holds, its own `.venv` and state folder, the
downloads that other clones of this machine have made.
"""

import http.cookiejar
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack import leftovers
from stack.cache import clone_root
from stack.processes import marked
from stack.services import SERVICES
from stack.state import State
from stack.status import take_status
from tests.services import without_services

# It installs an environment, starts twelve processes and sees 48 films to their end.
pytestmark = [pytest.mark.services, pytest.mark.timeout(420)]

NAMES = [service.name for service in SERVICES]


@dataclass(frozen=True)
class Demo:
    """A clone in which `make demo | cat` has run, and what it printed."""

    folder: Path
    printed: str
    code: int

    @property
    def state(self) -> State:
        return State(self.folder / ".radiotheque")

    def make(self, *words: str, timeout_s: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run `make ...` as a person would, without our own settings around it."""
        return subprocess.run(
            ["make", *words],
            cwd=self.folder,
            env=surroundings(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def surroundings() -> dict[str, str]:
    """Return the environment of a person's own shell: nothing of a `make test` around us."""
    ours = {"RADIOTHEQUE_STATE", "RADIOTHEQUE_TEST_STATE", "VIRTUAL_ENV", "PYTHONPATH", "MFLAGS"}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith("MAKE")
    }


def bare_clone(folder: Path) -> None:
    """Copy what git holds, as it now stands: no environment, no state, nothing built."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=clone_root(), capture_output=True, check=True
    )
    for name in listed.stdout.decode().split("\0"):
        source = clone_root() / name
        if name and source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    if shutil.which("git") is None or not (clone_root() / ".git").exists():
        without_services("a bare clone is made by git, from a checkout")
    top = Path(tempfile.mkdtemp(prefix="radiotheque-demo-"))
    bare_clone(top)
    done = subprocess.run(
        # Through a pipe: nothing that keeps running may hold its other end open.
        ["bash", "-c", "set -o pipefail; make demo 2>&1 | cat"],
        cwd=top,
        env=surroundings(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    made = Demo(top, done.stdout, done.returncode)
    yield made
    made.make("down")
    shutil.rmtree(top)


def test_it_ends_well_with_its_output_in_a_pipe_and_every_film_searchable(demo: Demo) -> None:
    assert demo.code == 0, demo.printed[-3000:]
    assert "48 films are searchable by their picture" in demo.printed
    assert re.search(r"^ +[0-9.]+ s: 48 analysed$", demo.printed, re.MULTILINE)
    for name in NAMES:
        assert f"  {name} is healthy" in demo.printed


def test_it_says_what_it_costs_before_it_begins_and_each_step_as_it_goes(demo: Demo) -> None:
    order = [
        demo.printed.index(said)
        for said in (
            "The first demo fetches",
            "==> making .venv",
            "==> installing the programs",
            "==> 1/4 installing and starting",
            "stores are prepared",
            "==> 2/4 films",
            "==> 3/4 dropping 48 films",
            "==> 4/4 following each film",
            "Radiothèque runs, with 48 films",
            "What to try",
        )
    ]
    assert order == sorted(order)
    first = demo.printed.splitlines()[0]
    assert re.search(r"GB.*GB of disk.*minutes", first), first


def test_the_address_and_the_account_it_says_open_the_door(demo: Demo) -> None:
    address, user, password = (
        re.search(rf"^  {words} +(\S+)$", demo.printed, re.MULTILINE)
        for words in ("Open", "Sign in as", "Password")
    )
    assert address
    assert user
    assert password
    browser = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    with browser.open(address[1], timeout=20) as page:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.read().decode())
        form = page.url
    assert token
    fields = {"name": user[1], "password": password[1], "csrf_token": token[1]}
    with browser.open(form, urllib.parse.urlencode(fields).encode(), timeout=20) as page:
        inside = page.read().decode()
    assert page.status == 200
    assert user[1] in inside
    with browser.open(f"{address[1]}/cliches", timeout=20) as page:
        assert page.read().decode().count('class="film-card"') >= 24


def test_status_and_logs_show_every_process(demo: Demo) -> None:
    status = demo.make("status")
    assert status.returncode == 0, status.stdout + status.stderr
    logs = demo.make("logs")
    assert logs.returncode == 0
    for name in NAMES:
        assert re.search(rf"\b{name}\b.*healthy", status.stdout), status.stdout
        assert name in logs.stdout
        assert (demo.state.logs / f"{name}.log").exists()
    one = demo.make("logs", "NAME=ingest")
    assert "A batch came to its end" in one.stdout


def test_two_ups_at_once_wait_for_each_other_and_change_nothing(demo: Demo) -> None:
    before = {row["name"]: row["pid"] for row in take_status(demo.state)["processes"]}
    both = [
        subprocess.Popen(
            ["make", "up"],
            cwd=demo.folder,
            env=surroundings(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [up.communicate(timeout=120)[0] for up in both]
    assert [up.returncode for up in both] == [0, 0], said
    assert sum("waiting for it" in text for text in said) <= 1
    after = {row["name"]: row["pid"] for row in take_status(demo.state)["processes"]}
    assert after == before


def test_down_leaves_no_process_of_the_clone(demo: Demo) -> None:
    down = demo.make("down")
    assert down.returncode == 0, down.stdout + down.stderr
    assert marked(demo.state.root) == []
    assert leftovers.everything_left(demo.state) == {}
    assert demo.make("status").returncode != 0
