"""What was wanted and what came, as a picture: a bar for each target, SVG by hand."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from bench.svg import COLOURS, picture
from bench.table import Target

WIDTH: Final = 860
_LEFT: Final = 350
_ROW: Final = 30
#: How far a bar may go either way, in times of what was wanted.
_FARTHEST: Final = 16.0


def draw(targets: Sequence[Target], came: Mapping[str, float]) -> str:
    """Return an SVG: how many times better (right) or worse (left) than wanted, logarithmic."""
    height = 96 + _ROW * len(targets)
    half = (WIDTH - _LEFT - 110) / 2
    middle = _LEFT + half
    parts = [
        f'<path d="M{middle} 52V{height - 32}" stroke="#556" stroke-width="1.5"/>',
        f'<text x="{middle}" y="{height - 12}" text-anchor="middle">1</text>',
        f'<text x="24" y="{height - 12}">times worse than wanted, and better</text>',
    ]
    for times in (2, 4, 8):
        for side in (-1, 1):
            x = middle + side * half * math.log(times) / math.log(_FARTHEST)
            parts.append(f'<path d="M{x:.1f} 52V{height - 32}" stroke="#dde3e8"/>')
            where = f'x="{x:.1f}" y="{height - 12}" text-anchor="middle"'
            parts.append(f'<text class="p" {where}>{times}</text>')
    for number, target in enumerate(targets):
        top = 56 + _ROW * number
        parts.append(f'<text x="24" y="{top + 14}">{target.name}</text>')
        value = came.get(target.name)
        if value is None:
            parts.append(f'<text x="{middle + 8}" y="{top + 14}">not measured</text>')
            continue
        better = value / target.wanted if target.at_least else target.wanted / value
        bounded = min(_FARTHEST, max(1 / _FARTHEST, better))
        length = half * math.log(bounded) / math.log(_FARTHEST)
        colour = COLOURS[2] if better >= 1 else COLOURS[1]
        parts.append(
            f'<rect x="{min(middle, middle + length):.1f}" y="{top}"'
            f' width="{max(1.0, abs(length)):.1f}" height="18" fill="{colour}"/>'
        )
        parts.append(f'<text x="{WIDTH - 104}" y="{top + 14}">{value:.3g} ({target.said})</text>')
    return picture((WIDTH, height), "What came against what was wanted", (24, 32), parts)
