"""A JPEG taken apart into the segments that carry samples, and put together again of those.

Only they can refuse: frame header, tables, scans, and what says how colours are to be read (JFIF,
Adobe). Other application segments and comments are passed over with whatever is wrong in them;
so are bytes between segments and all that stands behind the end. A segment that is passed over
and ends where no other begins says a wrong size (jpeg_markers).
Sources: ITU-T T.81 annexes B and G.1 (progressive), T.871 (JFIF), Adobe Technical Note 5116.
"""

import re
import struct
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, Self

from ingest.readers.jpeg_markers import (
    APPS,
    COMMENT,
    END,
    FRAMES,
    LINES,
    MARKER,
    SCAN,
    SIZED,
    START,
    astray,
    marker_at,
    size_at,
)
from ingest.readers.picture import aspect_of
from ingest.readers.upright import orientation
from schemas.errors import Refusal

WANTED: Final = "a whole JPEG file"

_PROGRESSIVE: Final = 0xC2
_JFIF, _EXIF, _XMP_OR_EXIF, _ADOBE = 0xE0, b"Exif\0\0", 0xE1, 0xEE
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
#: Within a scan a byte FF is followed by 0, and restarts stand between its parts.
_SCAN_ENDS: Final = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
#: No bit of a coefficient has come yet.
_NEVER: Final = 16


class Frame(NamedTuple):
    """What a frame header announces."""

    marker: int
    bits: int
    height: int
    width: int
    channels: int


@dataclass
class Segments:
    """What was found in a JPEG.

    `ended` is whether its end is marked, `complete` whether there is a scan for every bit that
    the grey needs.
    """

    frame: Frame
    orientation: int = 1
    aspect: float = 1.0
    ended: bool = False
    complete: bool = False
    _kept: list[bytes] = field(default_factory=list)
    _scan_ends: list[int] = field(default_factory=list)

    @property
    def says_colours(self) -> bool:
        """Return whether it says itself (JFIF, Adobe) how its colours are to be read."""
        return any(part.startswith((b"\xff\xe0", b"\xff\xee")) for part in self._kept)

    def in_rgb(self) -> Self:
        """Return it saying that its channels are red, green and blue, by Adobe's segment."""
        said = b"\xff\xee\x00\x0eAdobe\x00\x64\0\0\0\0\0"
        scans = [number + 1 for number in self._scan_ends]
        return replace(self, _kept=[said, *self._kept], _scan_ends=scans)

    def whole(self, filler: bytes = b"") -> bytes:
        """Return a JPEG of what carries samples; behind each scan's data stands the filler.

        A decoder that has all of a scan's samples never reads it.
        """
        if not filler:
            return b"".join([b"\xff\xd8", *self._kept, b"\xff\xd9"])
        parts = list(self._kept)
        for number in self._scan_ends:
            parts[number] += filler
        return b"".join([b"\xff\xd8", *parts, b"\xff\xd9"])


def take_apart(data: bytes) -> Segments:
    """Return a JPEG file's segments, up to its end or to where the file ends. Raises Refusal."""
    walk = _Walk(data)
    walk.go()
    if walk.frame is None:
        if walk.cut:
            raise Refusal("truncated", wanted=WANTED, came="one that ends within its headers")
        raise Refusal("not-an-image", wanted=WANTED, came="a picture without a frame header")
    return Segments(
        frame=walk.frame,
        orientation=orientation(walk.exif, walk.xmp),
        aspect=walk.aspect,
        ended=walk.ended,
        complete=walk.steps is not None and walk.steps.are_done(ended=walk.ended),
        _kept=walk.kept,
        _scan_ends=walk.scan_ends,
    )


class _Steps:
    """How far a picture's coefficients have come, by what its scans announce."""

    def __init__(self, frame: Frame, channels: bytes) -> None:
        self._progressive = frame.marker == _PROGRESSIVE
        self._low = {channel: [_NEVER] * 64 for channel in channels}

    def scan(self, body: bytes) -> None:
        """Note a scan's header: of coefficients first..last down to a bit (T.81 B.2.3)."""
        count = body[0] if body else 0
        if len(body) < 4 + 2 * count:
            return
        first, last, bits = body[1 + 2 * count : 4 + 2 * count]
        if not self._progressive:
            first, last, bits = 0, 63, 0
        for channel in body[1 : 1 + 2 * count : 2]:
            for number in range(first, min(last, 63) + 1):
                self._low.get(channel, [0] * 64)[number] = bits & 15

    def are_done(self, *, ended: bool) -> bool:
        """Return whether every coefficient has its last bit.

        Where the end is marked, of channels behind the first (colour) the means will do: an
        encoder may leave out what is all nothing (T.81 G.1.1.1 does not ask for it).
        """
        lows = list(self._low.values())
        ends = [64, *([1 if ended else 64] * (len(lows) - 1))]
        return not any(any(low[:end]) for low, end in zip(lows, ends, strict=False))


class _Walk:
    """One way through a file, from its first segment to its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.frame: Frame | None = None
        self.kept: list[bytes] = []
        self.scan_ends: list[int] = []
        self.steps: _Steps | None = None
        self.aspect = 1.0
        self.exif = self.xmp = b""
        self.ended = self.cut = False
        self._seen: set[int] = set()

    def go(self) -> None:
        at = 2
        while not self.ended:
            found = MARKER.search(self._data, at)
            if found is None:
                self.cut = True
                return
            marker, at = found[1][0], found.end()
            if marker == END:
                self.ended = True
            elif marker == START and self.scan_ends:
                # Another picture begins: this one's end was not marked.
                return
            elif marker in SIZED:
                if at + 2 > len(self._data):
                    self.cut = True
                    return
                at = self._segment(marker, at)

    def _segment(self, marker: int, at: int) -> int:
        """Take the segment whose size stands at `at`; return where to go on."""
        data = self._data
        end = at + size_at(data, at)
        body = data[at + 2 : end]
        if marker in APPS or marker in {COMMENT, LINES}:
            self._note(marker, body)
            if marker_at(data, end) is None:
                return astray(data, at + 2, framed=self.frame is not None) or min(end, len(data))
            return end
        if end > len(data):
            self.cut = True
            return len(data)
        if marker in FRAMES and self.frame is None:
            if len(body) < 6:
                self.cut = True
                return len(data)
            bits, height, width, channels = struct.unpack_from(">BHHB", body)
            self.frame = Frame(marker, bits, height, width, channels)
            self.steps = _Steps(self.frame, body[6::3])
        self.kept.append(b"\xff" + bytes([marker]) + data[at:end])
        if marker != SCAN:
            return end
        if self.steps is not None:
            self.steps.scan(body)
        found = _SCAN_ENDS.search(data, end)
        stop = int(found.start()) if found else len(data)
        # A byte FF at the very end began a marker that was cut off.
        self.kept.append(data[end:stop].rstrip(b"\xff"))
        self.scan_ends.append(len(self.kept) - 1)
        return stop

    def _note(self, marker: int, body: bytes) -> None:
        """Keep what a passed segment says of how samples are read or lie."""
        if self.scan_ends:
            return
        if marker == _JFIF and body.startswith(b"JFIF\0") and marker not in self._seen:
            self._seen.add(marker)
            # What matters to a decoder is that it is there: colours are luma and two differences.
            plain = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
            self.kept.insert(0, b"\xff\xe0" + struct.pack(">H", len(plain) + 2) + plain)
            if len(body) >= 12:
                self.aspect = aspect_of(*struct.unpack_from(">HH", body, 8))
        elif marker == _ADOBE and body.startswith(b"Adobe") and marker not in self._seen:
            if len(body) >= 12:
                self._seen.add(marker)
                self.kept.append(b"\xff\xee\x00\x0e" + body[:12])
        elif marker == _XMP_OR_EXIF and body.startswith(_EXIF):
            self.exif = self.exif or body
        elif marker == _XMP_OR_EXIF and body.startswith(_XMP):
            self.xmp = self.xmp or body
