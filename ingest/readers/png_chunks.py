"""The chunks of a PNG file, walked over whatever is wrong with them.

A chunk that says it ends where no other begins is followed to the next that carries samples and
whose checksum holds.
Source: PNG Specification, third edition (W3C, 2025), 5.3 (chunks), 13.2 (errors).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.film_files import PNG

#: Chunks to go on from where one's size cannot be believed.
_ANCHORS: Final = (b"IDAT", b"IEND", b"PLTE", b"tRNS")
#: So many of their names are tried: within a stream four letters may stand by chance.
_TRIES: Final = 64


class Chunk(NamedTuple):
    """A chunk's name and body; whether its checksum holds, and whether it was all there."""

    name: bytes
    body: memoryview
    sound: bool
    whole: bool


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield every chunk up to IEND or to where the file ends."""
    view = memoryview(data)
    at = len(PNG)
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 8 + length
        if _is_sound(view, at):
            yield Chunk(name, view[at + 8 : end], sound=True, whole=True)
        else:
            following = end + 4 if _begins(data, end + 4) else _next_anchor(data, at + 1)
            # IEND has no body: its name alone says that nothing follows.
            whole = following is not None or name == b"IEND"
            end = min(end, len(data)) if following is None else following - 4
            yield Chunk(name, view[at + 8 : max(at + 8, end)], sound=False, whole=whole)
        if name == b"IEND":
            return
        at = end + 4


def _is_sound(view: memoryview, at: int) -> bool:
    """Return whether a chunk is all there and its checksum holds."""
    if at + 12 > len(view):
        return False
    (length,) = struct.unpack_from(">I", view, at)
    end = at + 8 + length
    if end + 4 > len(view):
        return False
    (said,) = struct.unpack_from(">I", view, end)
    return zlib.crc32(view[at + 4 : end]) == int(said)


def _begins(data: bytes, at: int) -> bool:
    """Return whether what stands there looks like a chunk's beginning."""
    name = data[at + 4 : at + 8]
    if len(name) < 4 or not (name.isalpha() and name.isascii()):
        return False
    return name == b"IEND" or at + 12 + int.from_bytes(data[at : at + 4]) <= len(data)


def _next_anchor(data: bytes, start: int) -> int | None:
    """Return where the next chunk begins that carries samples and whose checksum holds."""
    view = memoryview(data)
    best: int | None = None
    for name in _ANCHORS:
        at = start + 4
        for _ in range(_TRIES):
            at = data.find(name, at, len(data) if best is None else best + 4)
            if at < 0:
                break
            if _is_sound(view, at - 4):
                best = at - 4
                break
            at += 1
    return best


def written(name: bytes, *bodies: bytes | memoryview) -> list[bytes | memoryview]:
    """Return the pieces of a chunk of these bodies, with the checksum they have."""
    checksum = zlib.crc32(name)
    for body in bodies:
        checksum = zlib.crc32(body, checksum)
    length = sum(len(body) for body in bodies)
    return [struct.pack(">I", length), name, *bodies, struct.pack(">I", checksum)]
