"""Fills a template: one HTML file with all that it needs inside, the same bytes each time."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from schemas.findings import FRENCH

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
#: What stands where there is no figure.
NONE: Final = "\N{EN DASH}"


def number(value: float | None, digits: int = 3) -> str:
    """Return `0.844`, or a dash where there is no figure."""
    return NONE if value is None else f"{value:.{digits}f}"


def percent(value: float | None, digits: int = 0) -> str:
    """Return `84 %` of 0.844, or a dash."""
    return NONE if value is None else f"{100 * value:.{digits}f} %"


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Return `0.801 to 0.882`, "" where there is none."""
    if low is None or high is None:
        return ""
    return f"{low:.{digits}f} to {high:.{digits}f}"


def with_interval(
    value: float | None, low: float | None = None, high: float | None = None, none: str = "-"
) -> str:
    """Return `0.844 (0.801 to 0.882)` in plain text; `none` where there is no figure."""
    if value is None:
        return none
    around = interval(low, high)
    return f"{value:.3f} ({around})" if around else f"{value:.3f}"


def signed(value: float | None, digits: int = 3) -> str:
    """Return `+0.012` or `-0.012`, or a dash."""
    return NONE if value is None else f"{value:+.{digits}f}"


def write_page(template: str, file: Path, **context: Any) -> None:
    """Write a template of this folder, filled; whatever it names must be given."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent, "signed": signed}
    environment.globals |= {"interval": interval, "french": FRENCH}
    page = environment.get_template(template).render(**context)
    file.write_text(page.rstrip() + "\n", encoding="utf-8")
