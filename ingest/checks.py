"""Whether a drop can be taken as a film: pure checks, each of which refuses with a code.

Sizes are checked on what the file's header announces, before any pixel is decoded: a few hundred
bytes can announce a picture of many gigabytes.
"""

from typing import Final

from schemas.errors import Refusal

#: Detectors give up to about 5,000 pixels a side, stitched films twice that.
SIDE_LIMIT: Final = 16_384
#: A chest film on fewer pixels shows nothing that a model or a person could read.
SMALLEST_SIDE: Final = 64
#: Long side to short. Detectors are 17 x 14 inches at most, so a chest is under 1.3; a whole
#: spine, stitched, comes to 3.
MOST_UNEQUAL: Final = 4


def check_size(width: int, height: int, pixel_limit: int) -> None:
    """Raise Refusal unless a picture of this size, in pixels, can be taken."""
    came = f"{width} x {height} pixels"
    if max(width, height) > SIDE_LIMIT:
        raise Refusal("too-large", wanted=f"at most {SIDE_LIMIT} pixels a side", came=came)
    if width * height > pixel_limit:
        raise Refusal("too-large", wanted=f"at most {pixel_limit} pixels in all", came=came)
    if min(width, height) < SMALLEST_SIDE:
        raise Refusal("too-small", wanted=f"at least {SMALLEST_SIDE} pixels a side", came=came)
    check_aspect(width, height)


def check_aspect(width: int, height: int) -> None:
    """Raise Refusal `aspect` for a picture too long and narrow, in pixels."""
    if max(width, height) > MOST_UNEQUAL * min(width, height):
        raise Refusal(
            "aspect",
            wanted=f"one side at most {MOST_UNEQUAL} times the other",
            came=f"{width} x {height} pixels",
        )
