"""Which files `radiotheque drop` sends of the paths that it is given, and under which keys."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from radiotheque.regular_files import NoFile, open_file, same_file
from schemas.film_files import ENDINGS, HEAD, MANIFEST_NAME, is_manifest, may_be_film


@dataclass
class Sources:
    """What was found: files by key, what is not sent, what is no film, and paths there are."""

    keys: dict[Path, str] = field(default_factory=dict)
    missed: list[Path] = field(default_factory=list)
    no_films: set[Path] = field(default_factory=set)
    there: int = 0

    def miss(self, path: Path, why: str | None) -> None:
        """Say on standard error why a file is not sent."""
        print(f"drop: {shown(path)}: {why}", file=sys.stderr)
        self.missed.append(path)

    def add(self, path: Path, key: str, taken: dict[str, Path]) -> None:
        """Give a file its key. Of two files of one key the second is not sent, and named."""
        if not (is_manifest(path.name) or may_be_film(path.name, _head(path))):
            self.no_films.add(path)
            return
        if path in self.keys:
            return
        try:
            key.encode()
        except UnicodeEncodeError:
            self.miss(path, "want a name in UTF-8")
            return
        first = taken.setdefault(key, path)
        if first == path:
            self.keys[path] = key
        elif not same_file(first, path):
            self.miss(path, f"want one file for the key {key}, got {first} before it")


def shown(path: Path) -> str:
    """Return a path as text that any terminal takes: bytes that are no UTF-8 are replaced."""
    return os.fsencode(path).decode(errors="replace")


def sources_of(paths: Sequence[Path], prefix: str, manifest: Path | None) -> Sources:
    """Return the files of folders, at any depth, and files, with their keys.

    A key is the prefix and the path within its folder; of a file that is named itself, its name.
    `manifest` stands for whatever manifest lies at the top.
    """
    found = Sources()
    before = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    top = f"{before}{MANIFEST_NAME}"
    taken = {} if manifest is None else {top: manifest}
    stood_for = False
    for path in paths:
        try:
            is_folder = path.is_dir()
            if not is_folder:
                open_file(path).close()
        except OSError as error:
            found.miss(path, error.strerror)
            continue
        found.there += 1
        if is_folder:
            for file in _files_of(path, found):
                key = f"{before}{file.relative_to(path).as_posix()}"
                if manifest is not None and key.lower() == top.lower():
                    stood_for = True
                else:
                    found.add(file, key, taken)
        else:
            found.add(path, f"{before}{path.name}", taken)
    if manifest is not None and (found.keys or stood_for):
        found.keys[manifest] = top
    return found


def _files_of(folder: Path, found: Sources) -> list[Path]:
    """Return the files under a folder, in order; say which cannot be read.

    That is a folder or file without the right to, a link to something that is gone, and a pipe,
    socket or device whose name claims to be a film.
    """
    files: list[Path] = []
    unreadable: list[tuple[Path, str | None]] = []

    def keep(error: OSError) -> None:
        unreadable.append((Path(error.filename), error.strerror))

    for where, _, names in os.walk(folder, onerror=keep):
        for path in (Path(where, name) for name in names):
            try:
                open_file(path).close()
                files.append(path)
            except OSError as error:
                claims = path.name.lower().endswith(ENDINGS) or is_manifest(path.name)
                if claims or not isinstance(error, NoFile):
                    keep(error)
    for path, why in sorted(unreadable):
        found.miss(path, why)
    return sorted(files)


def _head(path: Path) -> bytes:
    """Return a file's first bytes; none of one that cannot be read, which dropping then says."""
    try:
        with open_file(path) as file:
            return file.read(HEAD)
    except OSError:
        return b""
