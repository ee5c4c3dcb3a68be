"""Fetches a file from its publisher: only from stated hosts, whole, and the same one each time.

The SHA-256 of the first fetch is kept beside the file (`NAME.sha256`) and every later one is held
to it: nobody else says what the publisher's file is. The file appears under its name when it is
whole, has the length that was announced and that hash; until then there is none.
"""

import hashlib
import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

#: Twice the largest of the published files, which have 28 MB.
MOST_BYTES: Final = 64 * 2**20
_PIECE: Final = 2**16
_REDIRECTS: Final = 5


class FetchError(RuntimeError):
    """What was wanted and what came, in one line."""


@dataclass(frozen=True)
class Patience:
    """Seconds: without a byte, and for the whole file."""

    silent: float = 30.0
    whole: float = 1800.0


def fetch(
    address: str,
    file: Path,
    hosts: Sequence[str],
    *,
    patience: Patience | None = None,
    handlers: Sequence[urllib.request.BaseHandler] = (),
) -> str:
    """Bring the file, unless it is there and is the one of before; return its SHA-256.

    hosts: those that may be asked, by https alone. handlers: what else urllib is given.
    Raises FetchError, which leaves what was there as it was.
    """
    record = file.with_name(file.name + ".sha256")
    known = record.read_text().split()[0] if record.is_file() else None
    if file.is_file():
        return _same(file, record, known)
    _check(address, hosts)
    file.parent.mkdir(parents=True, exist_ok=True)
    growing = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        came = _bring(address, growing, _opener(hosts, handlers), patience or Patience())
        if known is not None and came != known:
            raise FetchError(
                f"{address}: wanted the file of before, SHA-256 {known}; came {came}."
                f" If its publisher has changed it, delete {record}"
            )
        if known is None:
            _keep(record, f"{came}  {file.name}\n")
        growing.replace(file)
    finally:
        growing.unlink(missing_ok=True)
    return came


def _same(file: Path, record: Path, known: str | None) -> str:
    """Return the SHA-256 of a file that is there. Raises FetchError unless it is as recorded."""
    with file.open("rb") as opened:
        came = hashlib.file_digest(opened, "sha256").hexdigest()
    if known is None:
        _keep(record, f"{came}  {file.name}\n")
    elif came != known:
        raise FetchError(f"{file}: wanted SHA-256 {known}, came {came}: delete it, fetch again")
    return came


def _keep(record: Path, line: str) -> None:
    part = record.with_name(record.name + ".part")
    part.write_text(line)
    part.replace(record)


def _check(address: str, hosts: Sequence[str]) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" or parts.hostname not in hosts or parts.username is not None:
        came = f"{parts.scheme}://{parts.hostname}"
        raise FetchError(f"wanted https from {', '.join(hosts)}; came {came[:200]}")


class _StatedHosts(urllib.request.HTTPRedirectHandler):
    """Follows the publisher to stated hosts only."""

    max_redirections = _REDIRECTS

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = hosts

    def redirect_request(self, *asked: Any) -> urllib.request.Request | None:
        """Raise FetchError for another host, or another way than https."""
        try:
            _check(asked[-1], self._hosts)
        except FetchError:
            asked[1].close()
            raise
        return super().redirect_request(*asked)


def _opener(
    hosts: Sequence[str], handlers: Sequence[urllib.request.BaseHandler]
) -> urllib.request.OpenerDirector:
    """Return what opens https and nothing else, through the machine's proxy where it has one."""
    opener = urllib.request.OpenerDirector()
    given = handlers or (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
    )
    for handler in (
        *given,
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _StatedHosts(hosts),
    ):
        opener.add_handler(handler)
    return opener


def _bring(
    address: str, growing: Path, opener: urllib.request.OpenerDirector, patience: Patience
) -> str:
    """Write what comes from the address; return its SHA-256."""
    until = time.monotonic() + patience.whole
    digest, came = hashlib.sha256(), 0
    try:
        request = urllib.request.Request(address, headers={"Accept-Encoding": "identity"})  # noqa: S310 - https: _check
        with opener.open(request, timeout=patience.silent) as answer, growing.open("wb") as out:
            wanted = _length(answer, address)
            while came < wanted:
                piece = answer.read1(min(_PIECE, wanted - came))
                if not piece:
                    break
                digest.update(piece)
                out.write(piece)
                came += len(piece)
                if time.monotonic() > until:
                    raise FetchError(f"{address}: {came:,} of {wanted:,} bytes in time: too slow")
            out.flush()
            os.fsync(out.fileno())
    except TimeoutError:
        raise FetchError(
            f"{address}: no byte in {patience.silent:g} s, after {came:,} of them"
        ) from None
    except urllib.error.HTTPError as error:
        error.close()
        raise FetchError(f"{address}: wanted the file, came status {error.code}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise FetchError(f"{address}: {' '.join(str(reason).split())[:200]}") from None
    if came != wanted:
        raise FetchError(f"{address}: wanted {wanted:,} bytes, came {came:,}: cut off")
    return digest.hexdigest()


def _length(answer: Any, address: str) -> int:
    """Return the length that the answer announces. Raises FetchError where it is of no use."""
    said = answer.headers.get("Content-Length", "")
    if not said.isascii() or not said.isdigit():
        raise FetchError(f"{address}: wanted the file's length, came an answer without")
    if not 0 < int(said) <= MOST_BYTES:
        raise FetchError(f"{address}: wanted at most {MOST_BYTES:,} bytes, came {int(said):,}")
    return int(said)
