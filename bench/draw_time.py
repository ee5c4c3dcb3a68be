"""Where a film's processor time goes, as a picture: two bars of stacked parts, SVG by hand."""

from collections.abc import Mapping
from typing import Any, Final

from bench.svg import COLOURS, picture

WIDTH: Final = 860
_LEFT: Final = 150
_ROW: Final = 22
_BAR: Final = 44
#: A part's share of the longer bar under which it is one of "others".
_LEAST: Final = 0.015
#: What a film needs alone, of all stages that are measured.
NEEDED: Final = ("decode", "renditions", "tensor", "inference")


def draw(figures: Mapping[str, Any]) -> str:
    """Return an SVG of `processor_s_per_film` above `alone_s_per_film`, in ms, with their sums."""
    whole = {name: 1000 * value for name, value in figures["processor_s_per_film"].items()}
    alone = {name: 1000 * figures["alone_s_per_film"][name] for name in NEEDED}
    longest = sum(whole.values())
    bars = (
        ("all processes", _gathered(whole, longest * _LEAST)),
        ("the film alone", _gathered(alone, longest * _LEAST)),
    )
    height = 76 + sum(_BAR + _ROW * (1 + len(parts)) for _, parts in bars)
    said = []
    top = 56
    scale = (WIDTH - _LEFT - 40) / longest
    for name, parts in bars:
        total = sum(parts.values())
        said.append(f'<text x="24" y="{top + 22}">{name}: {total:.0f}</text>')
        across = float(_LEFT)
        for number, (part, value) in enumerate(parts.items()):
            colour = COLOURS[number % len(COLOURS)]
            said.append(
                f'<rect x="{across:.1f}" y="{top}" width="{value * scale:.1f}" height="30"'
                f' fill="{colour}" stroke="#fbfcfd"/>'
            )
            across += value * scale
            row = top + _BAR + 6 + _ROW * number
            said.append(
                f'<rect x="{_LEFT}" y="{row - 10}" width="12" height="12" fill="{colour}"/>'
            )
            said.append(f'<text x="{_LEFT + 20}" y="{row}">{part}: {value:.0f} ms</text>')
        top += _BAR + _ROW * (1 + len(parts))
    return picture((WIDTH, height), "Processor time of one film, ms", (24, 32), said)


def _gathered(parts: Mapping[str, float], least: float) -> dict[str, float]:
    """Return the parts, largest first, those under `least` together as the last."""
    ordered = sorted(parts.items(), key=lambda part: -part[1])
    large = {name: value for name, value in ordered if value >= least}
    others = sum(value for _, value in ordered if value < least)
    return large | ({"others": others} if others else {})
