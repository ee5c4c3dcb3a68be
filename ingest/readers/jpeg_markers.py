"""The markers of a JPEG, and where it goes on behind a segment that says a wrong size.

There a whole chain of segments leads to a scan; where several do, the one with the largest frame
is the picture: a thumbnail in EXIF is a JPEG, too.
Source: ITU-T T.81, annex B.
"""

import re
import struct
from typing import Final

#: SOF markers; others in their row are tables.
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES: Final = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
START, END, SCAN, LINES = 0xD8, 0xD9, 0xDA, 0xDC
COMMENT: Final = 0xFE
APPS: Final = frozenset(range(0xE0, 0xF0))
#: Marker segments that a size follows; any other marker between segments is a stray byte's.
SIZED: Final = FRAMES | _TABLES | APPS | {SCAN, LINES, COMMENT}
MARKER: Final = re.compile(rb"\xff+([^\x00\xff])")
#: A segment's size is two bytes: a wrong one leads astray so far at most.
_ASTRAY: Final = 2 * 65_536
_LONGEST_CHAIN: Final = 64


def marker_at(data: bytes, at: int) -> int | None:
    """Return the marker that stands there, of those that a picture's segments have."""
    found = MARKER.match(data, at)
    marker = found[1][0] if found else None
    return marker if marker in SIZED or marker in {START, END} else None


def astray(data: bytes, start: int, *, framed: bool) -> int | None:
    """Return where the picture goes on behind a segment of the wrong size; None if nowhere."""
    best, largest, at = None, -1, start
    stop = min(len(data), start + _ASTRAY)
    while (found := MARKER.search(data, at, stop)) is not None:
        at = found.end()
        if framed and found[1][0] == START:
            # A picture within: its tables and scans are not ours, and no frame tells them apart.
            at = max(at, data.find(b"\xff\xd9", at, stop))
            continue
        area = _area_ahead(data, found.start(), framed=framed)
        if area > largest:
            best, largest = found.start(), area
    return best


def _area_ahead(data: bytes, at: int, *, framed: bool) -> int:
    """Return the pixels of the frame on the way from here to a scan, segment by segment.

    0 where the frame was behind us, -1 where no such way leads to a scan.
    """
    area = -1
    for _ in range(_LONGEST_CHAIN):
        marker = marker_at(data, at)
        if marker is None:
            return -1
        at = data.index(marker, at) + 1
        if marker == SCAN:
            return 0 if framed and area < 0 else area
        if marker not in SIZED or at + 7 > len(data):
            return -1
        if marker in FRAMES:
            if framed:
                return -1
            height, width = struct.unpack_from(">HH", data, at + 3)
            area = height * width
        at += size_at(data, at)
    return -1


def size_at(data: bytes, at: int) -> int:
    """Return how far a segment reaches from where its size stands: at least over that."""
    return max(2, int.from_bytes(data[at : at + 2]))
