"""Opens the files that a person names: a pipe would be waited for, and a device may never end."""

import errno
import stat
from pathlib import Path
from typing import IO


class NoFile(OSError):
    """A pipe, a socket or a device."""


def open_file(path: Path) -> IO[bytes]:
    """Open a file to be read. Raises OSError, NoFile for a pipe, a socket or a device."""
    kind = path.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise NoFile(errno.EINVAL, "want a file, got a pipe, socket or device", str(path))
    return path.open("rb")


def read_file(path: Path) -> bytes:
    """Return a file's bytes. Raises OSError as `open_file`."""
    with open_file(path) as file:
        return file.read()


def same_file(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file; not where either leads nowhere."""
    try:
        return one.samefile(other)
    except OSError:
        return False
