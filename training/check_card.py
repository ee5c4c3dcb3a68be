"""Writes the input check's section of the model card, so that its figures are the fit's."""

from pathlib import Path
from typing import Final

import numpy as np

from schemas.film_check import FROM_PIXELS
from schemas.models import FilmCheck

_TITLE: Final = "## The input check"


def add_section(card: Path, check: FilmCheck) -> None:
    """Put the section at the end of the card, in the place of an older one."""
    before = card.read_text().split(f"\n{_TITLE}\n")[0].rstrip("\n")
    card.write_text("\n".join((before, "", *_words(check), *_tables(check))) + "\n")


def wilson(share: float, count: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` (Wilson 1927): honest near 0 and 1."""
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    half /= 1 + z * z / count
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _words(check: FilmCheck) -> list[str]:
    figures = check.figures
    count = figures["held_out.films"]
    passed = figures["held_out.passed:upright"]
    low, high = wilson(passed, count)
    out_of_fold = "{:.4f} of {:.0f}".format(
        figures["cross_validation.passed"], figures["cross_validation.films"]
    )
    return [
        _TITLE,
        "",
        "Written by `python -m training.fit_check`. Before a film is taken in, the distance of",
        "its features from those of the films fitted on says whether it looks like a frontal",
        f"chest film. Beyond {check.in_doubt:.3f} it waits for a steward; beyond {check.sure:.3f}",
        "it is rejected. Three linear heads, fitted on changed copies of the same films, say",
        "whether it is inverted, turned by 90, 180 or 270 degrees, or cropped to less than the",
        "lungs.",
        "",
        f"Films that pass: {out_of_fold} out of fold (by patient; the threshold was set",
        f"there), {passed:.3f} ({low:.3f} to {high:.3f}) of {count:.0f} held out.",
        "",
    ]


def _tables(check: FilmCheck) -> list[str]:
    figures = check.figures
    lines = ["| held-out films, changed | pass | rejected |", "|---|---|---|"]
    prefix = "held_out.passed:"
    lines += [
        f"| {name} | {figures[prefix + name]:.3f} | {figures[f'held_out.rejected:{name}']:.3f} |"
        for name in (key.removeprefix(prefix) for key in figures if key.startswith(prefix))
    ]
    lines += [
        "",
        "| flag | AUROC, held out | sensitivity | good films flagged |",
        "|---|---|---|---|",
    ]
    for name in FROM_PIXELS:
        lines.append(
            f"| {name} | {figures[f'held_out.auroc:{name}']:.3f}"
            f" | {figures[f'held_out.sensitivity:{name}']:.3f}"
            f" | {figures[f'held_out.false_flags:{name}']:.3f} |"
        )
    lines += [
        "",
        "| drawn films | rejected | quarantined | pass | nearest, in thresholds |",
        "|---|---|---|---|---|",
    ]
    prefix = "drawn.films:"
    for name in (key.removeprefix(prefix) for key in figures if key.startswith(prefix)):
        rejected, doubtful = (
            figures[f"drawn.rejected:{name}"],
            figures[f"drawn.quarantined:{name}"],
        )
        passed, nearest = max(0.0, 1 - rejected - doubtful), figures[f"drawn.nearest:{name}"]
        lines.append(
            f"| {name} ({figures[prefix + name]:.0f}) | {rejected:.2f} | {doubtful:.2f}"
            f" | {passed:.2f} | {nearest:.2f} |"
        )
    lines += [
        "",
        "- The drawn films are drawings. No real hand, pelvis, abdomen or photograph was at hand:",
        "  how many real ones are caught is not known. Phantoms are drawn so that they pass.",
        "- Fitted on 8-bit films of one data set. Films of other detectors and hospitals lie",
        "  farther; until the check is fitted on some, expect more of them in quarantine.",
        "- The flags were learned from films changed by us, not from films that came wrong.",
        "- Lateral films were not at hand: a film is lateral when its file or a steward says so.",
    ]
    return lines
