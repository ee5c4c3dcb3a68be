"""The curve of recall against time as a picture: SVG by hand, no library."""

import math
from collections.abc import Sequence
from typing import Any, Final

from bench.svg import COLOURS, picture

WIDTH: Final = 860
HEIGHT: Final = 480
LEFT: Final = 80
RIGHT: Final = 240
TOP: Final = 50
BOTTOM: Final = 60
_LEAST: Final = 0.5


def draw(points: Sequence[dict[str, Any]], title: str) -> str:
    """Return an SVG: milliseconds (logarithmic) against recall, a line for each index.

    What finds less than half is not drawn: all the rest would be one line at the top.
    """
    points = [point for point in points if point["recall_at_10"] >= _LEAST]
    lines: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        kind = "signs, ranked again" if "width" in point else "vectors"
        name = f"{kind}: m {point['m']}, ef_construction {point['ef_construction']}"
        lines.setdefault(name, []).append(point)
    low = min(math.log(point["p50_ms"]) for point in points) - 0.05
    high = max(math.log(point["p50_ms"]) for point in points) + 0.05
    least = min(0.94, *(point["recall_at_10"] for point in points)) - 0.01

    def x(ms: float) -> float:
        return LEFT + (math.log(ms) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(recall: float) -> float:
        share = (recall - least) / (1.001 - least)
        return float(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM))

    parts = [
        _text(
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "ms in PostgreSQL, median of films", "middle"
        ),
        _text(LEFT - 58, TOP - 8, "recall@10", "start"),
    ]
    for share in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0):
        if share >= least:
            dash = ' stroke-dasharray="4 3"' if share == 0.95 else ""
            parts.append(
                f'<path d="M{LEFT} {y(share):.1f}H{WIDTH - RIGHT}" stroke="#cfd6dc"{dash}/>'
            )
            parts.append(_text(LEFT - 8, y(share) + 4, f"{share:g}", "end"))
    for ms in (0.2, 0.5, 1, 2, 5, 10, 20, 50):
        if low <= math.log(ms) <= high:
            parts.append(f'<path d="M{x(ms):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e3e8ec"/>')
            parts.append(_text(x(ms), HEIGHT - BOTTOM + 18, f"{ms:g}", "middle"))
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [(x(point["p50_ms"]), y(point["recall_at_10"])) for point in line]
        way = "L".join(f"{across:.1f} {down:.1f}" for across, down in places)
        parts.append(f'<path d="M{way}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        for (across, down), point in zip(places, line, strict=True):
            said = point.get("width", point.get("ef_search"))
            parts.append(f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{colour}"/>')
            parts.append(f'<text class="p" x="{across + 4:.1f}" y="{down + 12:.1f}">{said}</text>')
        height = TOP + 16 + 18 * number
        parts.append(
            f'<path d="M{WIDTH - RIGHT + 16} {height - 4}h18" stroke="{colour}" stroke-width="3"/>'
        )
        parts.append(_text(WIDTH - RIGHT + 40, height, name.replace("vectors: ", ""), "start"))
    parts.append(_text(WIDTH - RIGHT + 16, HEIGHT - 80, "beside a point: ef_search,", "start"))
    parts.append(_text(WIDTH - RIGHT + 16, HEIGHT - 64, "or how many ranked again", "start"))
    return picture((WIDTH, HEIGHT), title, (LEFT, 28), parts)


def _text(across: float, down: float, words: str, anchor: str) -> str:
    return f'<text x="{across:.1f}" y="{down:.1f}" text-anchor="{anchor}">{words}</text>'
