"""A run's model card for people, `card.md`: what it is, what it learned from, what it is worth.

As Mitchell et al. 2019 (arXiv 1810.03993) have it. Every figure is out of the run's own files; one
that is not there is said to be missing.
"""

from collections.abc import Sequence

from schemas.findings import FINDINGS
from schemas.models import ModelManifest, OperatingPoint
from training.data.table import PARTS
from training.evaluate.predictions import Predictions
from training.evaluate.run_metrics import COMPETITION_FIVE, Number, RunMetrics
from training.fit.run_settings import RunSettings
from training.report.pages import with_interval
from training.run_folder import RunFolder

_MISSING = "missing"
_POINTS = (
    ("sensitive", "keeps sensitivity 0.9"),
    ("alert", "maximises Youden's J"),
    ("specific", "keeps specificity 0.95 and false alerts few; *suspected* starts here"),
)


def write_run_card(run: RunFolder, manifest: ModelManifest) -> None:
    """Write card.md from the run's settings, predictions and metrics, where they are there."""
    settings = RunSettings.load(run.settings)
    films = Predictions.load(run.predictions) if run.predictions.is_file() else None
    metrics = RunMetrics.load(run.metrics) if run.metrics.is_file() else None
    lines = (
        *_intended(manifest),
        *_model(manifest, settings),
        *_films(settings, films),
        *_worth(manifest, metrics),
        *_operating_points(manifest, metrics),
        *_groups(metrics),
        *_limits(manifest, metrics),
    )
    run.card.write_text("\n".join(lines) + "\n", encoding="utf-8")


def figure(value: Number, low: Number = None, high: Number = None) -> str:
    """Return `0.844 (0.801 to 0.882)`, without an interval where there is none, or `missing`."""
    return with_interval(value, low, high, _MISSING)


def _intended(manifest: ModelManifest) -> list[str]:
    return [
        f"# Model card: {manifest.name}",
        "",
        "**Usage recherche : n'est pas un dispositif médical.**",
        "**Research use: not a medical device.**",
        "",
        "## Intended use",
        "",
        "- Findings, maps and look-alikes of frontal chest films, shown to people who read the",
        "  films themselves; research on how such models are trained and what they are worth.",
        "- Not for a diagnosis, triage or any decision on a patient; not for lateral films, other",
        "  body parts or other modalities.",
        "",
    ]


def _model(manifest: ModelManifest, settings: RunSettings) -> list[str]:
    missing = [name for name in FINDINGS if name not in manifest.assessed]
    fitted = (
        "frozen; heads fitted on its features"
        if settings.fit == "features"
        else "fine-tuned; heads fitted again on its features"
    )
    return [
        "## Model",
        "",
        f"- **Backbone**: {settings.backbone}, weights `{settings.weights}`, {fitted}.",
        f"- **Input**: grey film, {manifest.side} x {manifest.side}, bright = dense, aspect kept.",
        f"- **Heads**: calibrated logistic regressions on {manifest.features} pooled features.",
        f"- **Map**: {manifest.map_height} x {manifest.map_width} places, a coarse grid, not an",
        "  outline.",
        f"- **Assessed**: {', '.join(manifest.assessed)}.",
        f"- **Not assessed**: {', '.join(missing) or 'none is left out'}.",
        f"- **Embedding version**: `{manifest.embedding_version}`; model.onnx has SHA-256",
        f"  `{manifest.sha256}`.",
        "",
    ]


def _films(settings: RunSettings, films: Predictions | None) -> list[str]:
    lines = ["## Data, split and policy", ""]
    if films is None:
        lines.append(f"- **Films**: {_MISSING}: the run has no predictions.csv.")
    else:
        known = sorted({str(source) for source in films.table.sources} - {""})
        lines += [f"- **Collection**: {', '.join(known) or _MISSING}.", ""]
        lines += ["| part | films | patients |", "|---|---|---|"]
        for part in PARTS:
            table = films.of(part).table
            lines.append(f"| {part} | {len(table)} | {len(set(table.patients.tolist()))} |")
        lines += ["", "- **Split**: by patient, near-duplicates together, by a keyed hash."]
    own = [f"{name}: {policy}" for name, policy in sorted(settings.policies.items())]
    return [
        *lines,
        f"- **Uncertain labels**: `{settings.policy}`{'; ' if own else ''}{', '.join(own)}.",
        f"- **Not mentioned**: `{settings.not_mentioned}`. **Balance**: `{settings.balance}`.",
        f"- **Seed**: {settings.seed}. **Preset**: {settings.preset or 'none'}.",
        "- Labels that a program read out of reports are disputed: to agree with them is not to",
        "  be right.",
        "",
    ]


def _worth(manifest: ModelManifest, metrics: RunMetrics | None) -> list[str]:
    lines = ["## What it is worth", ""]
    if metrics is None:
        return [*lines, f"Figures: {_MISSING}: the run has no metrics.json.", ""]
    five = (
        metrics.competition_five,
        metrics.competition_five_low,
        metrics.competition_five_high,
    )
    rounds = metrics.intervals.rounds
    lines += [
        f"{metrics.films} films of {metrics.patients} patients, the part `{metrics.part}`.",
        f"Intervals: 95 %, {rounds} rounds, patients drawn with replacement.",
        "",
        f"Mean AUROC of the competition five ({', '.join(COMPETITION_FIVE)}): {figure(*five)}.",
        "",
        "| finding | with / without | AUROC | AUPRC | ECE | Brier | |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in manifest.assessed:
        found = metrics.findings[name]
        lines.append(
            f"| {name} | {found.support} / {found.negatives}"
            f" | {figure(found.auroc, found.auroc_low, found.auroc_high)}"
            f" | {figure(found.auprc, found.auprc_low, found.auprc_high)}"
            f" | {figure(found.ece)} | {figure(found.brier, found.brier_low, found.brier_high)}"
            f" | {manifest.reliability(name) or 'not judged'} |"
        )
    macro = metrics.macro
    lines.append(
        f"| **macro** | | {figure(macro.auroc, macro.auroc_low, macro.auroc_high)}"
        f" | {figure(macro.auprc, macro.auprc_low, macro.auprc_high)} | | | |"
    )
    return [*lines, ""]


def _operating_points(manifest: ModelManifest, metrics: RunMetrics | None) -> list[str]:
    lines = ["## Operating points", "", "Chosen on the validation part:", ""]
    lines += [f"- `{name}` {said}." for name, said in _POINTS]
    there = f"on the part `{metrics.part}`" if metrics else "on other films"
    head = f"| finding | point | threshold | sensitivity, specificity where chosen | {there} |"
    lines += ["", head, "|---|---|---|---|---|"]
    for finding in manifest.assessed:
        points = manifest.operating_points.get(finding)
        if points is None:
            lines.append(f"| {finding} | {_MISSING} | {_MISSING} | {_MISSING} | {_MISSING} |")
            continue
        judged = metrics.findings[finding].operating_points if metrics else {}
        for name, _ in _POINTS:
            point: OperatingPoint | None = getattr(points, name, None)
            if point is None:
                continue
            seen = judged.get(name)
            told = (
                f"{figure(seen.sensitivity, seen.sensitivity_low, seen.sensitivity_high)},"
                f" {figure(seen.specificity, seen.specificity_low, seen.specificity_high)}"
                if seen
                else _MISSING
            )
            lines.append(
                f"| {finding} | `{name}` | {point.threshold:.4g}"
                f" | {figure(point.sensitivity)}, {figure(point.specificity)} | {told} |"
            )
    return [*lines, ""]


def _groups(metrics: RunMetrics | None) -> list[str]:
    lines = ["## By group", ""]
    if metrics is None or not metrics.groups:
        return [*lines, f"Figures by view, sex and age: {_MISSING}.", ""]
    lines += ["| group | films | patients | macro AUROC |", "|---|---|---|---|"]
    for group in metrics.groups:
        macro = figure(group.macro_auroc, group.macro_auroc_low, group.macro_auroc_high)
        lines.append(f"| {group.kind} {group.name} | {group.films} | {group.patients} | {macro} |")
    return [*lines, ""]


def _limits(manifest: ModelManifest, metrics: RunMetrics | None) -> list[str]:
    lines = [
        "## Limits",
        "",
        "- Judged on films of the collection it was fitted on: nothing is known of other",
        "  hospitals, devices or years.",
        "- It has no input check: pictures that are no chest films are scored too.",
    ]
    doubtful = [name for name in manifest.assessed if manifest.reliability(name) == "unreliable"]
    if doubtful:
        lines.append(f"- Unreliable, so it alerts nobody: {', '.join(doubtful)}.")
    lines += _few(manifest.assessed, metrics)
    return lines


def _few(assessed: Sequence[str], metrics: RunMetrics | None) -> list[str]:
    """Return what is said of findings with so few patients that an interval is rough."""
    if metrics is None:
        return ["- Nothing was measured, so nothing can be concluded from its scores."]
    fewest = metrics.intervals.fewest
    few = [
        name
        for name in assessed
        if min(metrics.findings[name].patients_with, metrics.findings[name].patients_without)
        < fewest
    ]
    return [f"- Fewer than {fewest} patients with it or without: {', '.join(few)}."] if few else []
