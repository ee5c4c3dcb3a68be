"""report.html: a run's figures, curves and settings on one page that needs no network."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from schemas.findings import FINDINGS, FRENCH
from training.data.counts import FindingCount
from training.data.problems import Problem
from training.evaluate.curves import Curve
from training.evaluate.evaluation import ALL
from training.evaluate.run_metrics import (
    COMPETITION_FIVE,
    FindingMetrics,
    GroupMetrics,
    RunMetrics,
)
from training.report import plots
from training.report.history import History
from training.report.pages import interval, write_page

_SECTIONS: Final = (
    ("run", "The run"),
    ("films", "Films and labels"),
    ("figure-3", "Precision and recall"),
    ("areas", "AUROC and AUPRC"),
    ("curves", "Curves"),
    ("points", "Operating points"),
    ("groups", "Groups"),
)
_POINTS: Final = {
    "sensitive": "the highest threshold that keeps sensitivity at 0.9; borderline starts here.",
    "alert": "the largest sensitivity + specificity - 1 (Youden).",
    "specific": "specificity of at least 0.95, and few false alerts; suspected starts here.",
}
_MARKS: Final = {"alert": "○ alert", "sensitive": "△ sensitive", "specific": "□ specific"}
#: Reasons of problems that the page tells, the commonest first; problems.csv has all.
_REASONS: Final = 12
_RULES: Final = {
    "ignore": "left out",
    "zeros": "counted as absent",
    "ones": "counted as present",
}


@dataclass(frozen=True)
class RunReport:
    """All that the page says.

    title, said:  the page's heading and the line under it.
    facts:        what the run was, term and value, in their order.
    parts:        films and patients by part: (name, films, patients).
    laterals:     lateral films that were left out.
    prevalences:  whether predictive values are at a stated prevalence, not the films' own.
    history:      figures of fine-tuning by name, (step, value); {} without.
    """

    title: str
    said: str
    facts: Sequence[tuple[str, str]]
    metrics: RunMetrics
    curves: Sequence[Curve]
    counts: Sequence[FindingCount]
    parts: Sequence[tuple[str, int, int]]
    problems: Sequence[Problem] = ()
    laterals: int = 0
    prevalences: bool = False
    history: History = field(default_factory=dict)


@dataclass(frozen=True)
class _Drawn:
    """A finding's plots, each with the words under it."""

    name: str
    plots: tuple[tuple[Markup, str], ...]


def write_report(report: RunReport, file: Path) -> None:
    """Write the page; the same report gives the same bytes."""
    metrics = report.metrics
    write_page("run.html", file, **_context(report), metrics=metrics, five=COMPETITION_FIVE)


def _context(report: RunReport) -> dict[str, Any]:
    metrics = report.metrics
    points = [
        (name, _POINTS[name])
        for name in _POINTS
        if any(name in each.operating_points for each in metrics.findings.values())
    ]
    reasons = Counter(each.reason for each in set(report.problems))
    return {
        "title": report.title,
        "said": report.said,
        "sections": [*_SECTIONS, *([("training", "Training")] if report.history else [])],
        "facts": report.facts,
        "parts": report.parts,
        "part_words": "all parts" if metrics.part == ALL else f"part {metrics.part}",
        "counts": report.counts,
        "problem_count": sum(reasons.values()),
        "problems": sorted(reasons.items(), key=lambda each: (-each[1], each[0]))[:_REASONS],
        "more_problems": max(0, len(reasons) - _REASONS),
        "laterals": report.laterals,
        "support": sum(each.support for each in metrics.findings.values() if each.assessed),
        "rule_words": (
            f"Uncertain labels are {_RULES[metrics.labels.uncertain]}, findings that are not "
            f"mentioned {_RULES[metrics.labels.not_mentioned]}."
        ),
        "rough": lambda each: (
            min(each.patients_with, each.patients_without) < metrics.intervals.fewest
        ),
        "areas_plot": _areas_plot(metrics),
        "curves": _curves(report),
        "points": points,
        "marks": ", ".join(_MARKS[name] for name, _ in points) or "none",
        "prevalence_words": "Predictive values are at the stated prevalence."
        if report.prevalences
        else "Predictive values are at these films' own prevalence.",
        "groups_plot": _groups_plot(metrics),
        "group_words": group_words,
        "training_plot": plots.training(
            report.history,
            ("training", "Training", _told(report.history)),
        )
        if report.history
        else None,
    }


def _told(history: History) -> str:
    """Return where each figure began and ended, in words."""
    ends = ((name.replace("_", " "), told[0][1], told[-1][1]) for name, told in history.items())
    return "; ".join(f"{name} from {first:.3f} to {last:.3f}" for name, first, last in ends)


def group_words(group: GroupMetrics) -> str:
    """Return how the page names a group, as `age 40-59`."""
    sexes = {"F": "women", "M": "men"}
    return (
        sexes.get(group.name, group.name) if group.kind == "sex" else f"{group.kind} {group.name}"
    )


def _areas_plot(metrics: RunMetrics) -> Markup | None:
    rows = [
        (name, each.auroc, each.auroc_low, each.auroc_high)
        for name, each in metrics.findings.items()
    ]
    rows.append(
        ("mean", metrics.macro.auroc, metrics.macro.auroc_low, metrics.macro.auroc_high),
    )
    return drawn_intervals(rows, "areas", "AUROC by finding")


def _groups_plot(metrics: RunMetrics) -> Markup | None:
    rows = [
        (group_words(each), each.macro_auroc, each.macro_auroc_low, each.macro_auroc_high)
        for each in metrics.groups
    ]
    return drawn_intervals(rows, "groups", "Mean AUROC by group")


def drawn_intervals(
    rows: Sequence[tuple[str, float | None, float | None, float | None]],
    key: str,
    title: str,
    **look: Any,
) -> Markup | None:
    """Return the plot of the rows that have a figure and an interval, None without any."""
    known = [
        (name, value, low, high)
        for name, value, low, high in rows
        if value is not None and low is not None and high is not None
    ]
    if not known:
        return None
    described = "; ".join(
        f"{name} {value:.3f} ({interval(low, high)})" for name, value, low, high in known
    )
    return plots.intervals(known, (f"{key}-plot", title, described), **look)


def _curves(report: RunReport) -> list[_Drawn]:
    by_finding: dict[str, dict[str, Curve]] = {}
    for curve in report.curves:
        by_finding.setdefault(curve.finding, {})[curve.kind] = curve
    # The competition five first: they stand open, the others are a press away.
    order = sorted(
        by_finding, key=lambda name: (name not in COMPETITION_FIVE, FINDINGS.index(name))
    )
    return [_plots_of(name, by_finding[name], report.metrics.findings[name]) for name in order]


def _plots_of(name: str, mine: dict[str, Curve], found: FindingMetrics) -> _Drawn:
    key = name.lower().replace(" ", "-")
    share = found.support / (found.support + found.negatives)
    roc_points, pr_points = [], []
    for point, each in found.operating_points.items():
        if each.sensitivity is None or each.specificity is None:
            continue
        roc_points.append((point, 1 - each.specificity, each.sensitivity))
        raised = each.found + each.false_alerts
        if raised:
            pr_points.append((point, each.sensitivity, each.found / raised))
    named = f"{name} ({FRENCH[name]})"
    roc, pr, tenths = mine["roc"], mine["pr"], mine["reliability"]
    return _Drawn(
        name,
        (
            (
                plots.curve(
                    "roc", roc.x, roc.y,
                    (f"{key}-roc", f"{named}: ROC curve", f"AUROC {found.auroc:.3f}"),
                    points=roc_points, chance=0.5,
                ),
                "ROC curve",
            ),
            (
                plots.curve(
                    "pr", pr.x, pr.y,
                    (f"{key}-pr", f"{named}: precision-recall curve", f"AUPRC {found.auprc:.3f}"),
                    points=pr_points, chance=share,
                ),
                "Precision-recall curve",
            ),
            (
                plots.reliability(
                    tenths.x, tenths.y, np.array([each.films for each in found.bins], float),
                    (f"{key}-reliability", f"{named}: reliability", f"ECE {found.ece:.3f}"),
                ),
                "Reliability, by tenths of the films",
            ),
        ),
    )  # fmt: skip
