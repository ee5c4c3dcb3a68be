"""Lines that a detector found apart though they stand on one row of print.

A wide gap, a short word or a bright edge parts a row: *AP* and *assis*, a given name and a family
name of a few letters each. What a row says is told by all of it (docs/adr/0113).
"""

from collections.abc import Iterable
from typing import Final

from ingest.text_reader import Line

#: What two lines of one row share of the lower one's height, how much higher one is than the
#: other, and how far apart they stand in their height at most; they may overlap so much.
_SHARED: Final = 0.5
_HIGHER: Final = 1.8
_GAP: Final = 2.0
_OVERLAP: Final = 0.5
#: What is so much higher than wide, and has more than a letter, runs upwards.
_UPRIGHT: Final = 1.5
#: Stands for a letter that was found and not read: it may be somebody's initial.
_UNREAD: Final = "|"


def rows_of(lines: Iterable[Line], wide_for_high: float) -> list[Line]:
    """Return the lines, those of a row joined from left to right.

    wide_for_high: the picture's width for its height. A joined line is as sure as its least sure
    part. Lines that run upwards, that were turned or that are lead stay by themselves.
    """
    joined: list[Line] = []
    for line in sorted(lines, key=lambda line: line.part[0]):
        before = (other for other in reversed(joined) if _on_a_row(other, line, wide_for_high))
        other = next(before, None)
        if other is None:
            joined.append(line)
        else:
            joined[joined.index(other)] = _both(other, line)
    return joined


def _both(left: Line, right: Line) -> Line:
    (x, top, _, bottom), (_, upper, end, lower) = left.part, right.part
    return Line(
        f"{left.text or _UNREAD} {right.text or _UNREAD}",
        min(left.sure, right.sure),
        part=(x, min(top, upper), max(left.part[2], end), max(bottom, lower)),
    )


def _on_a_row(left: Line, right: Line, wide_for_high: float) -> bool:
    high, other = (line.part[3] - line.part[1] for line in (left, right))
    shared = min(left.part[3], right.part[3]) - max(left.part[1], right.part[1])
    gap = (right.part[0] - left.part[2]) * wide_for_high
    lower, taller = min(high, other), max(high, other)
    return (
        not any(_by_itself(line, wide_for_high) for line in (left, right))
        and shared > _SHARED * lower
        and taller < _HIGHER * lower
        and -_OVERLAP * taller < gap < _GAP * taller
    )


def _by_itself(line: Line, wide_for_high: float) -> bool:
    """Return whether a line is no part of a row: lead, turned or running upwards."""
    left, top, right, bottom = line.part
    upwards = len(line.text) > 1 and (right - left) * wide_for_high * _UPRIGHT < bottom - top
    return line.lead or line.turned or upwards
