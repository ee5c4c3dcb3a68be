"""How numbers, dates and sizes are written on screen, in the reader's language."""

import math
from datetime import UTC, datetime
from typing import Final

from web.language import Language

_MEGABYTE: Final = 1 << 20


def number(value: float, language: Language, digits: int = 2) -> str:
    """Return a number with so many decimals; the French decimal mark is the comma."""
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language == "fr" else text


def score(value: float, language: Language) -> str:
    """Return a score or threshold, 0..1. Small ones keep a third decimal: 0,012 is not 0,018."""
    digits = 3 if 0 < value < 0.1 else 2
    return number(value, language, digits)


def day(at: datetime | None, language: Language) -> str:
    """Return a date: jj/mm/aaaa in French, ISO in English, where day and month get mixed up."""
    if at is None:
        return "—"
    return at.astimezone(UTC).strftime("%d/%m/%Y" if language == "fr" else "%Y-%m-%d")


def moment(at: datetime, language: Language) -> str:
    """Return date and time, in UTC and saying so."""
    return f"{day(at, language)} {at.astimezone(UTC):%H:%M} UTC"


def megabytes(size: int) -> str:
    """Return a size in whole megabytes (2**20 bytes), as the limits are set."""
    return str(round(size / _MEGABYTE))


def logistic_place(value: float, low: float = 0.002, high: float = 0.998) -> float:
    """Return where a score stands on a bar, 0..1, on the log-odds scale between low and high.

    Calibrated scores of rare findings crowd near 0: on a linear bar their two thresholds would
    be one line.
    """

    def odds(part: float) -> float:
        return math.log(part / (1 - part))

    clipped = min(max(value, low), high)
    return (odds(clipped) - odds(low)) / (odds(high) - odds(low))
