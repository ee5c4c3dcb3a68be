"""Plots as SVG that stands inside a page: no network, no script, the same bytes each time.

Text stays text, so that a reader's font, a screen reader and a search find it.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Literal

import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Key (letters and hyphens, once in a page), title and description of a plot.
Names = tuple[str, str, str]

INK: Final = "#1f2933"
QUIET: Final = "#6b7785"
RULE: Final = "#d9dee4"
#: The model's colour everywhere in this project is amber, here dark enough for white paper.
MODEL: Final = "#a8530a"
_STYLE: Final = {
    "svg.fonttype": "none",
    # Ids come from what is drawn, not from a random number.
    "svg.hashsalt": "radiotheque",
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}
#: How each operating point is marked.
MARKERS: Final = {"sensitive": "^", "alert": "o", "specific": "s"}
_TICKS: Final = (0, 0.5, 1)


@contextmanager
def _drawing(width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure of so many inches; the style holds for what is drawn inside."""
    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def _inline(figure: Figure, key: str, title: str, described: str) -> Markup:
    """Return the figure as an SVG element; key: letters and hyphens, once in a page."""
    out = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    # Two figures of one page may draw the same thing: ids are the figure's own.
    text = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{key}-\1"', text)
    box = re.search(r'viewBox="([^"]+)"', text)
    assert box
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box[1]}" role="img" aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(described)}</desc>'
    )
    return Markup(head + text[text.index(">") + 1 :].strip())  # noqa: S704 - our own drawing


def _unit(axes: Axes, x: str, y: str) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=x, ylabel=y)
    axes.set_xticks(_TICKS)
    axes.set_yticks(_TICKS)
    axes.set_aspect("equal")
    axes.grid(color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)


def curve(
    kind: Literal["roc", "pr"],
    x: Array,
    y: Array,
    names: Names,
    *,
    points: Sequence[tuple[str, float, float]],
    chance: float,
) -> Markup:
    """Return a ROC or precision-recall curve.

    x, y: (m,), 0..1. points: operating points by name, where they lie. chance: the share of films
    with the finding, which is a guess's precision. names: key, title and description.
    """
    with _drawing(2.5, 2.4) as figure:
        axes = figure.add_subplot()
        if kind == "roc":
            _unit(axes, "1 - specificity", "sensitivity")
            axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=(0, (3, 3)))
            axes.plot(x, y, color=MODEL, linewidth=1.4, drawstyle="default")
        else:
            _unit(axes, "recall", "precision")
            axes.plot([0, 1], [chance] * 2, color=QUIET, linewidth=0.7, linestyle=(0, (3, 3)))
            # Average precision holds a precision until the next threshold: steps, no slopes.
            axes.step(
                np.concatenate([[0.0], x]), np.concatenate([y[:1], y]), where="pre",
                color=MODEL, linewidth=1.4,
            )  # fmt: skip
        for point, at_x, at_y in points:
            axes.plot(
                [at_x],
                [at_y],
                marker=MARKERS.get(point, "D"),
                color=INK,
                markersize=4,
                markerfacecolor="white",
            )
        return _inline(figure, *names)


def reliability(said: Array, seen: Array, films: Array, names: Names) -> Markup:
    """Return what was said against what was seen, a point for each tenth of the films, (m,)."""
    with _drawing(2.5, 2.4) as figure:
        axes = figure.add_subplot()
        top = min(1.0, max(0.1, float(np.ceil(10 * max(said.max(), seen.max())) / 10)))
        axes.set(xlabel="mean score", ylabel="share with the finding")
        axes.set(xlim=(-0.02 * top, 1.02 * top), ylim=(-0.02 * top, 1.02 * top))
        axes.set_xticks([0, top / 2, top])
        axes.set_yticks([0, top / 2, top])
        axes.set_aspect("equal")
        axes.grid(color=RULE, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.plot([0, top], [0, top], color=QUIET, linewidth=0.7, linestyle=(0, (3, 3)))
        # Wilson's would be kinder at 0 and 1; this is a picture, the figures are beside it.
        spread = 1.96 * np.sqrt(np.clip(seen * (1 - seen), 0, None) / np.maximum(films, 1))
        axes.errorbar(
            said, seen, yerr=spread, color=MODEL, linewidth=1.2, elinewidth=0.6,
            marker="o", markersize=3,
        )  # fmt: skip
        return _inline(figure, *names)


def intervals(
    rows: Sequence[tuple[str, float, float, float]],
    names: Names,
    *,
    label: str = "AUROC",
    guess: float = 0.5,
) -> Markup:
    """Return one line a row: (name, value, low, high), the first on top."""
    with _drawing(4.4, 0.5 + 0.24 * len(rows)) as figure:
        axes = figure.add_subplot()
        places = np.arange(len(rows))[::-1]
        for place, (_, value, low, high) in zip(places, rows, strict=True):
            axes.plot([low, high], [place, place], color=MODEL, linewidth=2, alpha=0.45)
            axes.plot([value], [place], marker="o", color=MODEL, markersize=4)
            # The number stands beside the picture's edge, so nobody measures by eye.
            axes.annotate(
                f"{value:.3f}", (1.01, place), xycoords=("axes fraction", "data"), va="center"
            )
        numbers = [number for row in rows for number in row[1:] if np.isfinite(number)]
        low, high = min([*numbers, guess]), max([*numbers, guess])
        margin = 0.04 * (high - low or 1)
        axes.set(xlim=(low - margin, high + margin), xlabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        axes.set_yticks(places, [name for name, *_ in rows])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.axvline(guess, color=QUIET, linewidth=0.7, linestyle=(0, (3, 3)))
        axes.grid(axis="x", color=RULE, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        return _inline(figure, *names)


def training(history: Mapping[str, Sequence[tuple[int, float]]], names: Names) -> Markup:
    """Return one small plot for each figure of the history, (step, value), steps to the right."""
    with _drawing(4.4, 1.5 * len(history)) as figure:
        every = figure.subplots(len(history), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (name, told) in zip(every, history.items(), strict=True):
            steps, values = zip(*told, strict=True)
            axes.plot(steps, values, color=MODEL, linewidth=1.4, marker="o", markersize=3)
            axes.set_ylabel(name.replace("_", " "))
            axes.grid(color=RULE, linewidth=0.5)
            axes.set_axisbelow(True)
        every[-1].set_xlabel("step")
        every[-1].xaxis.get_major_locator().set_params(integer=True)
        return _inline(figure, *names)
