"""A PNG taken apart into what its samples come from, and put together again of nothing else.

Only what carries samples can refuse: IHDR, the palette of a palette picture, the deflate stream
in IDAT. Every other chunk may have a wrong checksum, a wrong size, gigabytes of text folded into
kilobytes: it is passed over, never inflated, and what the decoder gets has none of it.

A stream in damaged or cut chunks is a film all the same where it proves itself: it inflates to
exactly what the header announces, and its own checksum (Adler-32) holds or was cut off.
Sources: PNG Specification, third edition (W3C, 2025), 7.2 (scan lines), 8.1 (Adam7), 11 (chunks);
RFC 1950.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ingest.readers.picture import aspect_of
from ingest.readers.png_chunks import Chunk, chunks, written
from ingest.readers.upright import orientation
from schemas.errors import Refusal
from schemas.film_files import PNG

WANTED: Final = "a whole PNG file"
_DAMAGED: Final = "one with damaged data (checksum)"

GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
#: Channels in the stream, and depths, of each colour type.
_CHANNELS: Final = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}
_DEPTHS: Final = {
    GREY: (1, 2, 4, 8, 16),
    COLOUR: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    COLOUR_ALPHA: (8, 16),
}
#: Where Adam7's passes begin and how far they step: (column, row, columns, rows).
_ADAM7: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
#: Chunks that say how samples are to be taken; a larger one says nothing of the kind.
_SAYING: Final = frozenset({b"PLTE", b"tRNS", b"pHYs", b"eXIf", b"iTXt", b"acTL"})
_SAYING_LIMIT: Final = 1 << 20
#: What begins an XMP packet that is not deflated.
_XMP: Final = b"XML:com.adobe.xmp\0\0\0"
_PIECE: Final = 1 << 20


@dataclass
class Parts:
    """What was found in a PNG. `transparent` and `palette` are their chunks' bodies."""

    width: int
    height: int
    depth: int
    kind: int
    interlaced: int
    palette: bytes = b""
    transparent: bytes = b""
    orientation: int = 1
    aspect: float = 1.0
    stream: list[memoryview] = field(default_factory=list)
    damaged: bool = False
    ended: bool = False


def take_apart(data: bytes) -> Parts:
    """Return the parts of a PNG file, its stream not yet inflated. Raises Refusal."""
    walked = chunks(data)
    parts = _header(next(walked, None))
    said = _walk(walked, parts)
    frames = said.get(b"acTL", b"")
    if len(frames) == 8 and struct.unpack_from(">I", frames)[0] > 1:
        raise Refusal("unsupported", wanted="one still picture", came="an animated PNG")
    parts.palette = said.get(b"PLTE", b"")
    parts.transparent = said.get(b"tRNS", b"")
    parts.orientation = orientation(said.get(b"eXIf", b""), said.get(b"iTXt", b""))
    density = said.get(b"pHYs", b"")
    if len(density) == 9:
        parts.aspect = aspect_of(*struct.unpack_from(">II", density))
    _check(parts)
    return parts


def _walk(walked: Iterator[Chunk], parts: Parts) -> dict[bytes, bytes]:
    """Take the stream; return the chunks that say how to take it, the first sound one of each.

    That is the one libpng believes, too.
    """
    said: dict[bytes, bytes] = {}
    for name, body, sound, whole in walked:
        if name == b"IHDR":
            raise Refusal("not-an-image", wanted=WANTED, came="one with a wrong header")
        if name == b"IDAT":
            parts.stream.append(body)
            parts.damaged |= whole and not sound
        elif name == b"IEND":
            parts.ended = True
        elif not sound:
            if name == b"PLTE" and parts.kind == PALETTE:
                raise Refusal("truncated", wanted=WANTED, came=_DAMAGED)
        elif name in _SAYING and name not in said and len(body) <= _SAYING_LIMIT:
            late = name in {b"PLTE", b"tRNS"} and parts.stream
            other = name == b"iTXt" and bytes(body[: len(_XMP)]) != _XMP
            if not late and not other:
                said[name] = bytes(body)
    return said


def put_together(parts: Parts, depth: int | None = None, kind: int | None = None) -> bytes:
    """Return a PNG of the parts that samples come from and of nothing else.

    depth, kind: announced instead of the file's own, for a decoder that is to see other samples.
    """
    header = struct.pack(
        ">IIBBBBB",
        parts.width,
        parts.height,
        depth or parts.depth,
        parts.kind if kind is None else kind,
        0,
        0,
        parts.interlaced,
    )
    made = [PNG, *written(b"IHDR", header)]
    if parts.kind == PALETTE:
        made += written(b"PLTE", parts.palette)
    if parts.transparent:
        made += written(b"tRNS", parts.transparent)
    return b"".join([*made, *written(b"IDAT", *parts.stream), *written(b"IEND")])


def _header(first: Chunk | None) -> Parts:
    if first is None:
        raise Refusal("truncated", wanted=WANTED, came="a signature and nothing else")
    if first.name != b"IHDR":
        raise Refusal("not-an-image", wanted=WANTED, came="one without a header")
    if not first.whole:
        raise Refusal("truncated", wanted=WANTED, came="one that ends within a chunk")
    if not first.sound:
        raise Refusal("truncated", wanted=WANTED, came=_DAMAGED)
    if len(first.body) != 13:
        raise Refusal("not-an-image", wanted=WANTED, came="one with a wrong header")
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", first.body)
    if depth not in _DEPTHS.get(kind, ()) or not width or not height:
        raise Refusal(
            "not-an-image", wanted=WANTED, came=f"colour type {kind} at {depth} bits, of no PNG"
        )
    return Parts(width, height, depth, kind, interlaced)


def _check(parts: Parts) -> None:
    """Raise Refusal unless the parts are enough; drop a transparency that fits no such picture.

    What carries samples is all there without it: the film is then shown as it is stored.
    """
    if not parts.stream:
        raise Refusal("truncated", wanted=WANTED, came="one that ends before its last chunk")
    colours, rest = divmod(len(parts.palette), 3)
    if parts.kind == PALETTE and (rest or not 1 <= colours <= 256):
        raise Refusal("truncated", wanted=WANTED, came="one whose palette is not there")
    fits = {
        GREY: len(parts.transparent) == 2,
        COLOUR: len(parts.transparent) == 6,
        PALETTE: len(parts.transparent) <= colours,
    }
    if not fits.get(parts.kind, False):
        parts.transparent = b""


def check_stream(parts: Parts) -> None:
    """Raise Refusal unless a stream whose chunks are damaged or cut proves itself.

    For what is neither, the decoder tells: it must get every row.
    """
    if parts.ended and not parts.damaged:
        return
    wanted = _stream_size(parts)
    inflater = zlib.decompressobj()
    made = 0
    try:
        for body in parts.stream:
            rest: bytes | memoryview = body
            came = _PIECE
            # What is inflated may be held back though every byte went in.
            while (len(rest) or came == _PIECE) and made <= wanted:
                came = len(inflater.decompress(rest, _PIECE))
                made += came
                rest = inflater.unconsumed_tail
    except zlib.error:
        made = -1
    if made != wanted or (parts.damaged and not inflater.eof):
        how = _DAMAGED if parts.damaged else "one that ends before its last chunk"
        raise Refusal("truncated", wanted=WANTED, came=how)


def _stream_size(parts: Parts) -> int:
    """Return how many bytes the rows are, each with its filter's byte."""
    bits = _CHANNELS[parts.kind] * parts.depth
    passes = _ADAM7 if parts.interlaced else ((0, 0, 1, 1),)
    size = 0
    for left, top, across, down in passes:
        columns = max(0, -(-(parts.width - left) // across))
        rows = max(0, -(-(parts.height - top) // down))
        size += rows * (1 + -(-columns * bits // 8)) if columns else 0
    return size
