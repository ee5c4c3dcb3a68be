"""compare.html: several runs in one table and drawing, and what is more than chance."""

from collections.abc import Sequence
from pathlib import Path

from schemas.findings import FINDINGS
from training.data.counts import FindingCount
from training.evaluate.run_metrics import COMPETITION_FIVE
from training.report.comparison import Comparison
from training.report.pages import write_page
from training.report.run_page import drawn_intervals


def write_comparison(
    comparison: Comparison,
    counts: Sequence[FindingCount],
    facts: Sequence[tuple[str, str]],
    file: Path,
) -> None:
    """Write the page. facts: what all the runs have in common, term and value."""
    runs, pairs = comparison.runs, comparison.pairs
    write_page(
        "compare.html",
        file,
        title=", ".join(run.backbone for run in runs) + ": compared on one split",
        comparison=comparison,
        counts=counts,
        facts=facts,
        five=COMPETITION_FIVE,
        findings=[name for name in FINDINGS if any(name in run.aurocs for run in runs)],
        areas_plot=drawn_intervals(
            [
                (run.backbone, run.macro.auroc, run.macro.auroc_low, run.macro.auroc_high)
                for run in runs
            ],
            "runs",
            "Mean AUROC of all findings by backbone",
        ),
        pairs_plot=drawn_intervals(
            [
                (f"{each.one} - {each.other}", each.macro.difference, each.macro.low,
                 each.macro.high)
                for each in pairs
            ],
            "pairs",
            "Difference of mean AUROC by pair",
            label="difference of AUROC",
            guess=0.0,
        ),
    )  # fmt: skip
