"""Where the drawings of a model card put their lines and dots, in the units of each drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.model_card import RELIABLE_FROM, Bin, Figure, Hundred

#: The scale of AUROC: from tossing a coin to never wrong.
_LOW: Final = 0.5
_HIGH: Final = 1.0
#: Width of the drawing of an interval.
_WIDTH: Final = 200.0
_MARGIN: Final = 8.0
#: Side of the calibration drawing, and its margin.
_SIDE: Final = 100.0
_ROW: Final = 10

GROUP_KINDS: Final = ("view", "sex", "age", "source")


def auroc_place(value: float) -> float:
    """Return where an AUROC stands across an interval's drawing; under 0.5 at its left end."""
    part = (min(max(value, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)
    return round(_MARGIN + part * (_WIDTH - 2 * _MARGIN), 2)


@dataclass(frozen=True)
class Interval:
    """Places of the figure, its interval and the line under which it is unreliable."""

    at: float
    low: float
    high: float
    line: float
    left: float
    right: float
    goes_on: bool


def interval(figure: Figure) -> Interval | None:
    """Return what is drawn of an AUROC, None where there is no figure.

    `goes_on` says that the interval reaches below the drawing, which it then points out of.
    """
    if figure.value is None or figure.low is None or figure.high is None:
        return None
    return Interval(
        at=auroc_place(figure.value),
        low=auroc_place(figure.low),
        high=auroc_place(figure.high),
        line=auroc_place(RELIABLE_FROM),
        left=auroc_place(_LOW),
        right=auroc_place(_HIGH),
        goes_on=figure.low < _LOW,
    )


def squares(hundred: Hundred) -> list[tuple[int, int, str]]:
    """Return (column, row, kind) of each of 100 films: those with the finding first."""
    kinds = (
        ["found"] * hundred.found
        + ["missed"] * hundred.missed
        + ["false_alarm"] * hundred.false_alarms
        + ["quiet"] * hundred.quiet
    )
    return [(place % _ROW, place // _ROW, kind) for place, kind in enumerate(kinds)]


@dataclass(frozen=True)
class Chart:
    """The calibration drawing: dots of said (right) and seen (up), up to `top` on both axes."""

    top: float
    dots: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, bins: Sequence[Bin]) -> "Chart | None":
        """Return the drawing of these bins, None without any.

        The axes end where the rarer findings' dots do, in steps of 0.2: on a whole axis all of
        them would lie in one corner.
        """
        if not bins:
            return None
        most = max(max(each.said, each.seen) for each in bins)
        top = min(1.0, round((int(most / 0.2) + 1) * 0.2, 1))
        dots = tuple(
            (round(each.said / top * _SIDE, 2), round(_SIDE - each.seen / top * _SIDE, 2))
            for each in bins
        )
        return cls(top, dots)
