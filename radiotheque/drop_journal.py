"""What `radiotheque drop --journal FILE` has sent before: only what is new or changed is sent.

One JSON object a line, appended and brought to the disk after each file that reached the bucket:
its key and path, size, time of change and SHA-256 as they were when it was sent, the version that
it became and its receipt. A run that is killed leaves at most a torn last line, which is cut off:
that file is sent once more, and its receipt says that it was here. A key's last line counts.
"""

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self

from pydantic import BaseModel, ConfigDict

from schemas.identities import receipt_id


class JournalError(Exception):
    """A journal that cannot be used: it is none, another drop uses it, or it cannot be opened."""


class Sent(BaseModel):
    """One line: a file as it was sent."""

    model_config = ConfigDict(frozen=True)

    key: str
    path: str
    size: int
    mtime_ns: int
    sha256: str
    version: str
    receipt: str
    sent_at: datetime


@dataclass(frozen=True)
class FileNow:
    """What tells whether a file has changed."""

    size: int
    mtime_ns: int
    sha256: str


@dataclass
class Compared:
    """The files of a folder against what was sent of them, each in one of the three."""

    new: list[Path] = field(default_factory=list)
    changed: list[Path] = field(default_factory=list)
    unchanged: list[Path] = field(default_factory=list)


class DropJournal:
    """A journal that is open, and this process's alone. For many threads."""

    def __init__(self, file: IO[bytes], sent: dict[str, Sent]) -> None:
        self._file = file
        self._sent = sent
        self._appending = threading.Lock()

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open a journal, made where there is none. Raises JournalError."""
        try:
            number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(f"want a journal that can be written, got {error}") from None
        with os.fdopen(number, "rb+", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise JournalError(f"another drop is using the journal {path}") from None
            sent = _read(file, path)
            _to_disk(path.parent)
            yield cls(file, sent)

    def compare(self, keys: Mapping[Path, str]) -> Compared:
        """Tell the files that are to be sent from those that were, by size and time, then bytes.

        A file of the same bytes whose time alone has changed is noted anew. One that cannot be
        looked at counts as new: sending it says why.
        """
        found = Compared()
        for path, key in keys.items():
            before = self._sent.get(key)
            if before is None:
                found.new.append(path)
                continue
            try:
                if self._is_as_sent(path, before):
                    found.unchanged.append(path)
                else:
                    found.changed.append(path)
            except OSError:
                found.changed.append(path)
        return found

    def keep(self, path: Path, key: str, sent: FileNow, version: str) -> None:
        """Note that a file, as it was looked at before, has become this version.

        Raises ValueError where it has changed since: what is in the bucket may be half of each.
        """
        after = path.stat()
        if (after.st_size, after.st_mtime_ns) != (sent.size, sent.mtime_ns):
            raise ValueError("it changed while it was sent: it will be sent again")
        receipt = receipt_id("dropzone", key, version)
        self._append(
            Sent(
                key=key,
                path=str(path),
                size=sent.size,
                mtime_ns=sent.mtime_ns,
                sha256=sent.sha256,
                version=version,
                receipt=str(receipt),
                sent_at=datetime.now(UTC),
            )
        )

    def _is_as_sent(self, path: Path, before: Sent) -> bool:
        found = path.stat()
        if found.st_size != before.size:
            return False
        if found.st_mtime_ns == before.mtime_ns:
            return True
        now = look(path)
        if now.sha256 != before.sha256:
            return False
        self._append(before.model_copy(update={"mtime_ns": now.mtime_ns}))
        return True

    def _append(self, sent: Sent) -> None:
        # Escaped: a path may hold bytes that are no UTF-8.
        line = json.dumps(sent.model_dump(mode="json")).encode() + b"\n"
        with self._appending:
            number = self._file.fileno()
            end = os.fstat(number).st_size
            try:
                while line:
                    line = line[os.write(number, line) :]
                os.fsync(number)
            except OSError:
                # A disk that is full: the next line must not begin within this one.
                os.ftruncate(number, end)
                raise
            self._sent[sent.key] = sent


def look(path: Path) -> FileNow:
    """Return a file's size, time of change (before it is read) and SHA-256. Raises OSError."""
    found = path.stat()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileNow(found.st_size, found.st_mtime_ns, digest)


def _read(file: IO[bytes], path: Path) -> dict[str, Sent]:
    """Return what was sent by key; cut off what a killed run had not finished writing."""
    sent: dict[str, Sent] = {}
    lines = file.read().splitlines(keepends=True)
    whole = 0
    for number, line in enumerate(lines, 1):
        said = _sent_of(line)
        if said is None:
            if number < len(lines):
                raise JournalError(
                    f"want a journal of `radiotheque drop`, got {path}, whose line {number} is"
                    " none: mend or remove it"
                )
            if whole == 0:
                _refuse_another_file(line, path)
            file.truncate(whole)
            break
        sent[said.key] = said
        whole += len(line)
    return sent


def _sent_of(line: bytes) -> Sent | None:
    """Return what a whole line says; None for a torn one, and for what is no line of ours."""
    if not line.endswith(b"\n"):
        return None
    try:
        return Sent.model_validate(json.loads(line))
    except ValueError:  # pydantic's is one
        return None


def _refuse_another_file(line: bytes, path: Path) -> None:
    # The first line of a journal begins so even when it is torn; another file is not emptied.
    if not b'{"key": '.startswith(line[:8]):
        raise JournalError(f"want a journal of `radiotheque drop`, got another file: {path}")


def _to_disk(folder: Path) -> None:
    """Bring a folder's list of names to the disk, with the journal's."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
