"""The one frame of encapsulated pixels, out of its fragments, however tidily they are laid out.

Some writers leave out the offset table, the delimiter, the items themselves, or say a fragment to
be longer than the file: what is there is taken, and its samples tell whether all of it is.
Source: DICOM PS3.5 annex A.4 (encapsulation).
"""

import struct
from typing import Final

from ingest.readers import codestream
from schemas.errors import Refusal

WANTED: Final = "pixels that are whole"

_ITEM: Final = 0xFFFEE000
#: PS3.5 G.5: the header of an RLE frame is 16 numbers, the first the count of segments.
RLE_HEADER: Final = struct.Struct("<16I")
_MOST_SEGMENTS: Final = 15


def frame_of(pixels: memoryview) -> bytes:
    """Return every fragment after the offset table, as one. Raises Refusal `truncated`."""
    fragments: list[memoryview] = []
    at = 0
    while at + 8 <= len(pixels):
        group, element, length = struct.unpack_from("<HHI", pixels, at)
        if group << 16 | element != _ITEM:
            # The end, or what a writer left behind the last fragment.
            break
        fragments.append(pixels[at + 8 : at + 8 + length])
        at += 8 + length
    if not fragments:
        if _begins_frame(pixels[:64]):
            return bytes(pixels)
        raise Refusal("truncated", wanted=WANTED, came="damaged fragments")
    if not _begins_frame(fragments[0]):
        del fragments[0]
    if not any(len(fragment) for fragment in fragments):
        raise Refusal("truncated", wanted=WANTED, came="no fragment of them")
    return b"".join(fragments)


def _begins_frame(fragment: memoryview) -> bool:
    """Return whether a fragment is no offset table: that begins with 0, and is short or empty."""
    if codestream.begins(bytes(fragment[:12])):
        return True
    if len(fragment) < RLE_HEADER.size:
        return False
    count, first, *_ = RLE_HEADER.unpack_from(fragment)
    return count in range(1, _MOST_SEGMENTS + 1) and bool(first == RLE_HEADER.size)
