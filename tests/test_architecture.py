"""The project's shape: who imports whom, who owns what, how files are named and how long.

docs/adr/0001 says why. A change here is a decision, with an ADR.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from schemas.events import EVENTS
from schemas.flow import GROUPS, TOPICS
from stack.services import SERVICES

ROOT: Final = Path(__file__).resolve().parent.parent

#: What each folder may import of ours, besides itself.
ALLOWED: Final = {
    "schemas": set[str](),
    "store": {"schemas"},
    "training": {"schemas"},
    "stack": {"schemas", "store"},
    "ingest": {"schemas", "store"},
    "workers": {"schemas", "store"},
    "web": {"schemas", "store"},
    "triton_models": {"schemas"},
    "bench": {"schemas", "store", "ingest", "workers", "training", "web", "stack", "radiotheque"},
    "radiotheque": {"schemas", "store", "ingest", "workers", "training", "web", "stack", "bench"},
}
#: One file may reach further than its folder.
FURTHER: Final = {"workers/train.py": {"training"}}

#: Each driver, and the one place that knows it.
OWNERS: Final = {
    "kafka": ("store/log.py", "store/log_client.py", "store/log_topics.py"),
    "minio": (
        "store/objects.py",
        "store/object_client.py",
        "store/object_reading.py",
        "store/object_users.py",
    ),
    # The original's shape, which the bench compares with, is a program of its own.
    "psycopg": ("store/rows.py", "store/migrate.py", "bench/original_shape.py"),
    "psycopg_pool": ("store/rows.py",),
    "redis": ("store/cache.py",),
    "tritonclient": ("workers/triton.py",),
    "tensorflow": ("training/",),
    "keras": ("training/",),
    "sklearn": ("training/",),
    "flask": ("web/", "bench/original_shape.py"),
    "supervisor": ("stack/",),
}
ENVIRONMENT_READERS: Final = ("store/settings.py", "stack/")

#: Names that say nothing of what is inside.
EMPTY_NAMES: Final = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
#: Files over 400 lines, each with the reason why it has one subject all the same.
LONG: Final = {
    "tests/ingest/test_handler.py": "one handler: each way a drop can end, on one house of fakes",
    "store/ports.py": "signatures and their contracts, no code: the stores at one glance",
    "web/words.py": "the one catalogue of words, French beside English",
}

#: Programs of the flow table that a later version brings.
PLANNED: Final = {"curate", "train", "release"}


@cache
def modules() -> dict[str, ast.Module]:
    """Return every Python file of the product by its path, parsed."""
    found = {}
    for folder in ALLOWED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found[path.relative_to(ROOT).as_posix()] = ast.parse(path.read_text())
    return found


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@cache
def tracked() -> tuple[Path, ...]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    files = (ROOT / name for name in listing.stdout.split("\0") if name)
    return tuple(path for path in files if path.is_file())


@cache
def tracked_text() -> dict[str, str]:
    found = {}
    for path in tracked():
        data = path.read_bytes()
        if b"\0" not in data[:4096]:
            found[path.relative_to(ROOT).as_posix()] = data.decode("utf-8", "replace")
    return found


def test_folders_import_only_what_the_table_allows() -> None:
    faults = []
    for path, tree in modules().items():
        folder = path.split("/")[0]
        allowed = ALLOWED[folder] | {folder} | FURTHER.get(path, set())
        wrong = {name for name in imports(tree) if name.split(".")[0] in ALLOWED.keys() - allowed}
        faults += [f"{path} imports {name}" for name in sorted(wrong)]
    assert not faults


def test_training_has_a_folder_for_each_subject() -> None:
    folders = {path.split("/")[1] for path in modules() if path.startswith("training/")}
    assert {folder for folder in folders if not folder.endswith(".py")} == {
        *("data", "backbones", "fit", "evaluate", "export", "report", "starter"),
        *("commands", "torchxrayvision"),
    }


def test_no_folder_is_missing_from_the_import_table() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= ALLOWED.keys()


def test_relative_imports_are_not_used() -> None:
    assert not [
        path
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def test_each_driver_has_one_owner() -> None:
    faults = []
    for path, tree in modules().items():
        for name in imports(tree):
            owners = OWNERS.get(name.split(".")[0])
            if owners and not path.startswith(owners):
                faults.append(f"{path} imports {name}, whose owner is {' or '.join(owners)}")
    assert not faults


def reads_environment(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "environb", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        for node in ast.walk(tree)
    ) or any(
        isinstance(node, ast.ImportFrom)
        and node.module == "os"
        and {alias.name for alias in node.names} & {"environ", "getenv"}
        for node in ast.walk(tree)
    )


def test_only_the_settings_read_the_environment() -> None:
    assert not [
        path
        for path, tree in modules().items()
        if reads_environment(tree) and not path.startswith(ENVIRONMENT_READERS)
    ]


def test_the_prerequisite_check_runs_on_a_bare_python() -> None:
    foreign = {
        name
        for name in imports(modules()["stack/prerequisites.py"])
        if name.split(".")[0] not in sys.stdlib_module_names
    }
    assert not foreign


def test_files_are_named_by_their_subject() -> None:
    python = [path for path in tracked() if path.suffix in {".py", ".js"}]
    assert not [path for path in python if path.stem in EMPTY_NAMES]
    assert not [path for path in python if EMPTY_NAMES & set(path.relative_to(ROOT).parts)]


#: Words for tools may stand past the edge, as may one long word (a digest): ruff does the same.
PRAGMA: Final = re.compile(r"\s+# (?:noqa|type: ignore|fmt:).*$")


def test_lines_stay_under_100_characters() -> None:
    code = (
        ".py",
        ".js",
        ".css",
        ".sql",
        ".sh",
        "Makefile",
        ".ci/run",
        "Dockerfile.app",
        "Dockerfile.training",
    )
    assert not [
        f"{path}:{number}"
        for path, text in tracked_text().items()
        if path.endswith(code)
        for number, line in enumerate(text.splitlines(), 1)
        if len(PRAGMA.sub("", line)) > 99 and " " in line.strip()
    ]


def test_a_long_file_has_a_reason() -> None:
    lengths = {
        path: text.count("\n") for path, text in tracked_text().items() if path.endswith(".py")
    }
    long = {path for path, lines in lengths.items() if lines > 400}
    assert not {path: lengths[path] for path in long - LONG.keys()}
    assert not LONG.keys() - long, "these are short again: take them off the list"


def test_topics_events_and_groups_are_the_same_set() -> None:
    topics = {topic.name: topic for topic in TOPICS}
    assert len(topics) == len(TOPICS)
    # MinIO's own form is no event of ours.
    assert topics.keys() == EVENTS.keys() | {"object.created"}
    read = {(topic.name, reader) for topic in TOPICS for reader in topic.readers}
    assert read == {(name, group.group) for group in GROUPS for name in group.topics}


def test_the_programs_of_the_flow_table_run() -> None:
    running = {service.name for service in SERVICES}
    named = {name for topic in TOPICS for name in topic.writers + topic.readers}
    assert named - running <= PLANNED
    assert {group.group for group in GROUPS} <= running


#: What would tie a file to one machine, or to one mirror of a public registry.
TIED: Final = {
    "a folder of somebody's machine": re.compile(r"(?<![\w.~}-])/(?:home|root|Users|work)/\w"),
    "an index of packages": re.compile(r"--(?:extra-)?index-url|/simple/?[\"'\s]|GOPROXY\s*="),
    "a private host": re.compile(r"https?://[\w.-]+\.(?:internal|corp|lan|intranet)\b"),
}


def test_no_file_is_tied_to_one_machine_or_mirror() -> None:
    assert not [
        f"{path}:{number}: {what}"
        for path, text in tracked_text().items()
        if path != Path(__file__).relative_to(ROOT).as_posix()
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in TIED.items()
        if pattern.search(line)
    ]


def test_locks_name_no_host() -> None:
    locks = [
        (path, text)
        for path, text in tracked_text().items()
        if re.fullmatch(r"requirements/.*\.txt|package-lock\.json|\.npmrc", path)
    ]
    assert locks
    assert not [path for path, text in locks if "://" in text]


def test_every_locked_package_has_its_hashes() -> None:
    entries = [
        (path, entry)
        for path, text in tracked_text().items()
        if re.fullmatch(r"requirements/.*\.txt", path)
        for entry in re.split(r"\n(?=[a-z0-9])", text)
    ]
    pinned = [
        (path, entry) for path, entry in entries if re.match(r"[\w.-]+(\[[\w,-]+\])?==", entry)
    ]
    assert pinned
    assert not [
        f"{path}: {entry.splitlines()[0]}"
        for path, entry in pinned
        if "--hash=sha256:" not in entry
    ]


WATCH: Final = """
import importlib, os, sys, types
root, *names = sys.argv[1:]
library = os.path.dirname(os.__file__)
found = []

def ours():
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if "importlib" in name:
            return None
        inside = name.startswith(library) and "site-packages" not in name
        if not inside and not name.startswith("<"):
            mine = name.startswith(root + os.sep) and "site-packages" not in name
            return os.path.relpath(name, root) if mine else None
        frame = frame.f_back
    return None

def hook(event, arguments):
    if event in {"open", "socket.connect", "socket.bind", "subprocess.Popen"} and (who := ours()):
        found.append(f"{who}: {event} {arguments[0]!r}")

read = os._Environ.__getitem__
def watched(self, key):
    if who := ours():
        found.append(f"{who}: reads the environment ({key})")
    return read(self, key)

os._Environ.__getitem__ = watched
sys.addaudithook(hook)
sys.path.insert(0, root)
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        # The training environment is not this one; its modules are watched as far as they come.
        if not name.startswith("training") or error.name.split(".")[0] in {"training", "schemas"}:
            raise
sys.stdout.write("\\n".join(found))
"""


@pytest.mark.slow
def test_importing_any_module_opens_nothing_and_reads_no_environment() -> None:
    names = [
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in modules()
        # Triton imports the code of its models itself, in its own environment.
        if not path.startswith("triton_models/") and not path.endswith("__main__.py")
    ]
    done = subprocess.run(
        [sys.executable, "-c", WATCH, str(ROOT), *names],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert not done.stdout


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("VALUE = open(__file__).read()", "open"),
        ("import os\nVALUE = os.environ.get('HOME')", "reads the environment (HOME)"),
        ("import socket\nsocket.create_server(('127.0.0.1', 0)).close()", "socket.bind"),
        ("import json\nVALUE = json.loads('1')", ""),
    ],
)
def test_the_watch_sees_what_an_import_does(tmp_path: Path, source: str, seen: str) -> None:
    (tmp_path / "looked_at.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-I", "-c", WATCH, str(tmp_path), "looked_at"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (seen in done.stdout) if seen else (not done.stdout)
