"""Reading an upload as it comes: parts go to disk past a small size, limits hold on the way.

Nothing is decoded here: what a file is, its content says, later, in ingest. A limit that is
passed ends the reading at once; what was written is removed with the folder.
"""

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from schemas.drop_paths import plain_path
from schemas.plain_text import shown
from store.settings import Settings
from web.problems import Problem

CHUNK_BYTES: Final = 256 * 1024
#: Files up to this size stay in memory: most films do, and a disk would only slow them.
IN_MEMORY_BYTES: Final = 2 << 20
#: Part headers and boundaries of a hundred files, generously.
OVERHEAD_BYTES: Final = 1 << 20
#: Seconds a refused body is read on, so that its sender comes to read the answer.
DRAIN_S: Final = 20.0
FIELD: Final = "files"
#: Text fields of a request and their length, at most: a form has few and short ones.
_FIELDS_MAX: Final = 16
_FIELD_BYTES: Final = 1024
_NAME_MAX: Final = 255
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_QUOTED: Final = re.compile(r'"(?:\\.|[^"\\])*"')
_EXTENDED: Final = re.compile(r"(?i);\s*filename\*\s*=\s*([^;\s]+)")


@dataclass
class Body:
    """What came: the files in the order sent, and the text fields beside them."""

    files: list["Upload"] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass
class Upload:
    """One file of the request: its bytes are in `data`, or at `path` once it grew large.

    `within` is its path within the deposit, as its name says; None where that is no path.
    """

    filename: str
    within: str | None = field(default=None, repr=False)
    size: int = 0
    data: bytearray = field(default_factory=bytearray)
    path: Path | None = None


def plain_name(filename: str | None) -> str:
    """Return the last part of a name, as it may be shown; it is never opened."""
    last = re.split(r"[\\/]", filename or "")[-1]
    return shown(_CONTROL.sub("", last).strip(), _NAME_MAX) or "film"


def check_length(length: int | None, settings: Settings) -> None:
    """Refuse a request that says itself that it is too large. Raises Problem 413."""
    if length is not None and length > settings.request_limit_bytes + OVERHEAD_BYTES:
        raise _too_large("together", settings.request_limit_bytes)


@contextmanager
def read_uploads(stream: IO[bytes], content_type: str, settings: Settings) -> Iterator[Body]:
    """Give the files of a multipart body, in the order sent; remove them at the end.

    With them come its text fields: short, each at most once, and in memory only.

    Raises Problem 413 over a limit of one file, of all together or of their number, and 422 for
    a body that is not multipart, is cut off, or has no file in the field `files`.
    """
    media, options = parse_options_header(content_type)
    boundary = options.get("boundary")
    if media != "multipart/form-data" or not boundary:
        raise Problem(422, f"Wanted multipart/form-data with a boundary, came {media[:80]!r}.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="radiotheque-")))
        try:
            body = _Reader(boundary.encode(), folder, settings).read(stream)
        except ValueError as error:
            raise Problem(422, "The multipart body is malformed or cut off.") from error
        if not body.files:
            raise Problem(422, f"Wanted at least one file in the field {FIELD!r}, came none.")
        yield body


class _Decoder(MultipartDecoder):
    """Reads part headers in the encodings that clients write them in: UTF-8, else Windows-1252.

    The standards want UTF-8 (RFC 7578 5.1); older programs write a file's name as they have it.
    """

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        return super()._parse_headers(_to_utf_8(bytes(data)))


def _to_utf_8(header: bytes) -> bytes:
    try:
        header.decode()
    except UnicodeDecodeError:
        return header.decode("windows-1252", "replace").encode()
    return header


def _said_name(part: File) -> str:
    """Return a file's name: `filename*` (RFC 5987) wherever there is one, as RFC 6266 4.3 wants.

    The parser takes whichever comes last.
    """
    said = part.headers.get("Content-Disposition", "")
    extended = _EXTENDED.search(_QUOTED.sub('""', said))
    if extended is None:
        return part.filename
    _, options = parse_options_header(f"form-data; filename*={extended[1]}")
    return options.get("filename", part.filename)


class _Reader:
    """Walks through the parts once."""

    def __init__(self, boundary: bytes, folder: Path, settings: Settings) -> None:
        # The decoder buffers what it cannot place: a preamble or part header without an end.
        self._decoder = _Decoder(boundary, max_form_memory_size=4 * CHUNK_BYTES)
        self._folder = folder
        self._settings = settings
        self._total = 0
        self._uploads: list[Upload] = []
        self._fields: dict[str, bytearray] = {}
        self._current: Upload | bytearray = bytearray()
        self._file: IO[bytes] | None = None

    def read(self, stream: IO[bytes]) -> Body:
        """Return the files and fields. Raises Problem 413, ValueError for a broken body."""
        try:
            while True:
                event = self._decoder.next_event()
                match event:
                    case NeedData():
                        # At the end None tells the decoder that nothing more comes.
                        self._decoder.receive_data(stream.read(CHUNK_BYTES) or None)
                    case File():
                        self._begin(event)
                    case Field():
                        self._begin_field(event)
                    case Data():
                        self._take(event)
                    case Epilogue():
                        # A UnicodeDecodeError is a ValueError: a broken body.
                        texts = {name: bytes(text).decode() for name, text in self._fields.items()}
                        return Body(self._uploads, texts)
        finally:
            if self._file is not None:
                self._file.close()

    def _begin(self, part: File) -> None:
        if part.name != FIELD:
            raise Problem(422, f"Files belong in the field {FIELD!r}, came one in another.")
        if len(self._uploads) == self._settings.request_limit_files:
            raise Problem(
                413, f"Wanted at most {self._settings.request_limit_files} files in a request."
            )
        name = _said_name(part)
        self._current = Upload(plain_name(name), plain_path(name or ""))
        self._uploads.append(self._current)

    def _begin_field(self, part: Field) -> None:
        # The decoder gives None for a part that has no name, whatever its type says.
        if not part.name:
            raise Problem(422, "Wanted a name of every part, came one without.")
        if part.name == FIELD:
            raise Problem(422, f"The field {FIELD!r} is for files, came text.")
        if part.name in self._fields or len(self._fields) == _FIELDS_MAX:
            raise Problem(422, f"Wanted at most {_FIELDS_MAX} text fields, each once.")
        self._current = self._fields.setdefault(part.name[:_NAME_MAX], bytearray())

    def _take(self, part: Data) -> None:
        upload = self._current
        if isinstance(upload, bytearray):
            upload += part.data
            if len(upload) > _FIELD_BYTES:
                raise Problem(422, f"Wanted text fields of at most {_FIELD_BYTES} bytes.")
            return
        self._total += len(part.data)
        if self._total > self._settings.request_limit_bytes:
            raise _too_large("together", self._settings.request_limit_bytes)
        upload.size += len(part.data)
        if upload.size > self._settings.file_limit_bytes:
            raise _too_large("each", self._settings.file_limit_bytes)
        if upload.path is None and upload.size > IN_MEMORY_BYTES:
            upload.path = self._folder / str(len(self._uploads))
            self._file = upload.path.open("wb")
            self._file.write(upload.data)
            upload.data.clear()
        if upload.path is None:
            upload.data += part.data
        elif self._file is not None:
            self._file.write(part.data)
        if not part.more_data and self._file is not None:
            self._file.close()
            self._file = None


def _too_large(whose: str, limit_bytes: int) -> Problem:
    return Problem(413, f"Wanted files of at most {limit_bytes} bytes {whose}.")


def answer_then_drain(answer: Response, stream: IO[bytes]) -> Response:
    """Return the answer so that the rest of the body is taken in and thrown away after it.

    Most clients send the whole body before they read: closing at once would show them a broken
    connection instead of the reason. Ends after a while and after as much as could be allowed.
    """
    body = answer.get_data()

    def answer_and_drain() -> Iterator[bytes]:
        yield body
        ends_at = time.monotonic() + DRAIN_S
        try:
            while time.monotonic() < ends_at and stream.read(CHUNK_BYTES):
                pass
        except (OSError, ClientDisconnected):
            return

    answer.response = answer_and_drain()
    answer.headers["Content-Length"] = str(len(body))
    return answer
