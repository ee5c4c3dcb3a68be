"""What is downloaded or built once per machine, outside the clone, by version or hash.

Each thing is made in a temporary sibling under a file lock and renamed when it is whole: two
clones can install at once, and a kill leaves nothing half made that would be taken for whole.
"""

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path


def cache_root() -> Path:
    """Return RADIOTHEQUE_CACHE, else radiotheque/ in the user's cache folder."""
    chosen = os.environ.get("RADIOTHEQUE_CACHE")
    if chosen:
        return Path(chosen).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().resolve() / "radiotheque"


def clone_root() -> Path:
    """Return the folder of this clone."""
    return Path(__file__).resolve().parent.parent


def fingerprint(files: Iterable[Path], *words: str) -> str:
    """Return 12 hex digits of the SHA-256 over some files' bytes and some words."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    for word in words:
        digest.update(b"\0" + word.encode())
    return digest.hexdigest()[:12]


def python_tag() -> str:
    """Return the running Python's short name, as py311: its environments fit no other."""
    return f"py{sys.version_info.major}{sys.version_info.minor}"


def ensure(folder: str, what: str, make: Callable[[Path], None]) -> Path:
    """Return the cache's folder of this name, making it with `make(temporary folder)` if new.

    `what` says what is made and how long it takes; it is printed only when something is made.
    """
    root = cache_root()
    place = root / folder
    if place.is_dir():
        return place
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.is_dir():
            return place
        print(f"  making {what}", flush=True)
        started = time.monotonic()
        for stale in root.glob(f"{folder}.making-*"):
            shutil.rmtree(stale)
        making = root / f"{folder}.making-{os.getpid()}"
        making.mkdir()
        try:
            make(making)
            making.rename(place)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    print(f"  made {what} in {time.monotonic() - started:.0f} s", flush=True)
    return place
