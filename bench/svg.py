"""What every picture of the bench shares: its frame, its colours and its letters."""

from collections.abc import Iterable
from typing import Final

COLOURS: Final = (
    *("#1f5f8b", "#b3541e", "#2e7d32", "#7b3fa0", "#a61e4d", "#5f6b00"),
    *("#00707a", "#8a5a00", "#444c8c", "#9c2b2b", "#35693f", "#6a4a3c"),
)
_STYLE: Final = (
    "text{font-family:system-ui,sans-serif;fill:#223;font-size:12px}"
    ".h{font-size:16px;font-weight:600}.p{font-size:10px;fill:#445}"
)


def picture(size: tuple[int, int], title: str, at: tuple[int, int], parts: Iterable[str]) -> str:
    """Return an SVG of this width and height with its title at (x, y) and these parts."""
    width, height = size
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-label="{title}">'
    )
    frame = [
        opening,
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" rx="12" fill="#fbfcfd"/>',
        f'<text class="h" x="{at[0]}" y="{at[1]}">{title}</text>',
    ]
    return "\n".join([*frame, *parts, "</svg>"]) + "\n"
