"""The lines of docs/bulk.md, run as they stand there by the real clients on the real services."""

import os
import re
import secrets
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from stack.passwords import S3_DROP_USER, read_secrets
from store.object_users import add_drop_key, remove_drop_key
from store.objects import connect
from store.records import Receipt
from store.rows import connect as connect_rows
from store.settings import Settings
from tests.dropping import films
from tests.services import WholeStack, admin_settings, without_services
from tests.waiting import eventually

ROOT: Final = Path(__file__).resolve().parent.parent
#: Under which the page's lines drop.
PAGES_PREFIX: Final = "site-a/"
FILMS: Final = 12
#: Each client's section, its program, and the folders that its lines drop into.
CLIENTS: Final = (
    ("rclone", "rclone", ("copied", "moved")),
    ("AWS CLI", "aws", ("copied", "synced", "moved")),
    ("s3cmd", "s3cmd", ("put",)),
)


@dataclass(frozen=True)
class Key:
    """What the lines of the page take from the environment, and where they put it."""

    endpoint: str
    user: str
    secret: str
    bucket: str
    prefix: str


def lines_of(heading: str) -> str:
    """Return the shell lines of one section of the page."""
    page = (ROOT / "docs" / "bulk.md").read_text()
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section, heading
    blocks = re.findall(r"^```sh\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    assert blocks, heading
    return "".join(blocks)


def run(script: str, key: Key, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run lines of the page in a folder where `films` is, with nothing else in the environment."""
    ours = script.replace("dropzone", key.bucket).replace(PAGES_PREFIX, key.prefix)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", ours],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "S3": key.endpoint,
            "KEY": key.user,
            "SECRET": key.secret,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with `films`: twelve of them, in folders whose names are no plain words."""
    for number, (_, data) in enumerate(films(FILMS, seed=1301, side=256)):
        path = tmp_path / "films" / f"jour {number % 3}" / f"été+{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


@pytest.fixture
def key(module_settings: Settings) -> Iterator[Key]:
    """Return a depositor's key for one prefix of the module's own bucket."""
    root = admin_settings(module_settings)
    name, secret = f"t-{uuid.uuid4().hex[:8]}", secrets.token_hex(20)
    made = add_drop_key(root, name, f"{name}/", secret)
    endpoint = f"http://{module_settings.s3_endpoint}"
    yield Key(endpoint, made.user, secret, module_settings.bucket("dropzone"), made.prefix)
    remove_drop_key(root, name)


@pytest.mark.services
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: str(client[1]))
def test_the_pages_lines_end_well_with_a_depositors_own_key(
    module_settings: Settings,
    key: Key,
    folder: Path,
    client: tuple[str, str, tuple[str, ...]],
) -> None:
    heading, program, targets = client
    if shutil.which(program) is None:
        without_services(f"{program} is not installed: apt-get install rclone awscli s3cmd")
    names = sorted(path.relative_to(folder / "films") for path in folder.rglob("*.png"))
    store = connect(module_settings)
    said = run(lines_of(heading), key, folder)
    assert (said.returncode, "ERROR" in said.stderr) == (0, False), said.stdout + said.stderr
    for target in targets:
        prefix = f"{key.prefix}{target}/"
        found = sorted(found for found, *_ in store.versions("dropzone", prefix))
        assert found == [f"{prefix}{name}" for name in names]
        assert all(store.metadata("dropzone", found)["statement"] == "2026-11" for found in found)
    assert [*folder.rglob("*.png")] == [] or "moved" not in targets


@pytest.mark.services
@pytest.mark.timeout(300)
def test_rclone_ends_well_while_films_are_taken_their_objects_go_and_again_they_are_here(
    whole_stack: WholeStack, folder: Path
) -> None:
    if shutil.which("rclone") is None:
        without_services("rclone is not installed: apt-get install rclone")
    eventually(whole_stack.is_healthy, 90, every_s=1, what="all healthy")
    settings = whole_stack.settings
    secret = read_secrets(whole_stack.state)["s3_drop_secret"]
    prefix = f"bulk-{uuid.uuid4().hex[:8]}/"
    endpoint, bucket = f"http://{settings.s3_endpoint}", settings.bucket("dropzone")
    key = Key(endpoint, S3_DROP_USER, secret, bucket, prefix)
    names = sorted(path.relative_to(folder / "films") for path in folder.rglob("*.png"))
    keys = [f"{prefix}{target}/{name}" for target in ("copied", "moved") for name in names]
    store = connect(settings)
    operator = settings.model_copy(update={"postgres_user": "radiotheque_operator"})
    with closing(connect_rows(operator)) as rows:

        def analysed(each: int) -> dict[str, list[Receipt]]:
            found = {key: rows.receipts.find("dropzone", key) for key in keys}
            over = all(
                len(of_key) == each and all(row.state == "analysed" for row in of_key)
                for of_key in found.values()
            )
            return found if over else {}

        shutil.copytree(folder / "films", folder / "again")
        said = run(lines_of("rclone"), key, folder)
        assert (said.returncode, "ERROR" in said.stderr) == (0, False), said.stdout + said.stderr
        first = eventually(lambda: analysed(1), 90, every_s=0.5, what="all analysed")
        films_now = {row.film for of_key in first.values() for row in of_key}
        assert len(films_now) == FILMS
        # Dropped under two keys at once: one of the two was the first.
        assert sum(row.already_here for of_key in first.values() for row in of_key) == FILMS
        eventually(lambda: not list(store.versions("dropzone", prefix)), 60, what="objects gone")

        shutil.rmtree(folder / "films")  # rclone leaves the folders that it has emptied
        (folder / "again").rename(folder / "films")
        said = run(lines_of("rclone"), key, folder)
        assert (said.returncode, "ERROR" in said.stderr) == (0, False), said.stdout + said.stderr
        second = eventually(lambda: analysed(2), 90, every_s=0.5, what="all analysed again")
    newest = [of_key[0] for of_key in second.values()]
    assert all(row.already_here for row in newest)
    assert {row.film for row in newest} == films_now
    log = (whole_stack.state.logs / "ingest.log").read_text()
    known = {line for line in log.splitlines() if "A drop is here already" in line}
    for row in newest:
        assert any(str(row.id) in line for line in known), row.id
