"""Judges a fitted model: what it is worth, for whom, with intervals; writes its card.

    python -m training.starter.judge FILMS_DIR EVIDENCE.npz [--model DIR] [--card FILE]

FILMS_DIR is as training/data/nih.py reads it, with radiologists' words in FILMS_DIR/extra_labels
where there are any (training/data/outside.py). EVIDENCE is training/starter/evidence.py's. Writes
card.json beside the manifest, its hash and verdicts into the manifest, and the model card's page.
"""

import argparse
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from schemas.model_card import (
    AlertsCard,
    Figure,
    FindingCard,
    Group,
    ModelCard,
    Precision,
    Split,
)
from schemas.models import CARD_FILE, CardFile, ModelManifest
from training.data import nih
from training.data.outside import Outside, judge_reference, judge_versus_radiologists, read_outside
from training.data.table import NOT_MENTIONED
from training.evaluate import bootstrap
from training.evaluate.finding_metrics import (
    FEWEST,
    ROUNDS,
    Films,
    auroc,
    films_of,
    of_films,
    reliability,
    too_few,
    worth,
)
from training.evaluate.groups import age_band
from training.evaluate.point_metrics import (
    Basis,
    Prevalence,
    Side,
    alerts_cards,
    nested_alerts,
    point_cards,
)
from training.report.card_page import PAGE, in_words, write_page
from training.starter.evidence import Evidence, never_seen
from training.starter.map_metrics import judge_boxes


def judge(
    rows: Sequence[nih.Row],
    evidence: Evidence,
    manifest: ModelManifest,
    outside: Outside | None = None,
    rounds: int = ROUNDS,
) -> ModelCard:
    """Return the card of the model that gave the evidence. Raises ValueError for other films'."""
    evidence.check(rows)
    apart = nih.apart(rows)
    every = films_of(rows, never_seen(evidence, rows), rounds)
    fitted = films_of(nih.to_fit(rows), evidence.out_of_fold, rounds)
    kept = films_of([row for row in rows if nih.held_out(row.patient)], evidence.held_out, rounds)
    assert len(kept.rows) == apart.sum()
    outside = outside or Outside()
    findings = tuple(_finding(name, fitted, kept, manifest) for name in nih.ASSESSED)
    return ModelCard(
        name=manifest.name,
        version=manifest.version,
        trained_on=manifest.trained_on,
        rounds=rounds,
        fewest=FEWEST,
        cross_validation=_split(fitted),
        held_out=_split(kept),
        findings=findings,
        alerts=_alerts(fitted, kept, manifest, findings),
        boxes=judge_boxes(rows, outside.boxes, evidence),
        radiologists=judge_versus_radiologists(every, outside.classes),
        reference=judge_reference(every, outside.predictions),
        precisions=_precisions(kept, evidence),
    )


def short_source(source: str) -> str:
    """Return a collection's short name: the owner and name of the repository it came by."""
    return next((word for word in source.split() if "/" in word), source)


def _finding(name: str, fitted: Films, kept: Films, manifest: ModelManifest) -> FindingCard:
    column = nih.ASSESSED.index(name)
    points = manifest.operating_points[name]
    threshold = points.suspected.threshold
    crossed, apart = worth(fitted, column, threshold), worth(kept, column, threshold)
    # The threshold was chosen on the others: the held-out films judge it, where they are enough.
    judged, basis = (
        (apart, "held_out")
        if apart.sensitivity.value is not None
        else (crossed, "cross_validation")
    )
    share = (crossed.positives + apart.positives) / (crossed.films + apart.films)
    sensitivity, specificity = judged.sensitivity.value, judged.specificity.value
    prevalence: Prevalence = (share, "these")
    if name in nih.WHOLE:
        prevalence = (nih.WHOLE[name] / nih.WHOLE_FILMS, "collection")
    these = every = None
    if sensitivity is not None and specificity is not None:
        these = of_films(100, share, sensitivity, specificity, basis)  # type: ignore[arg-type]
        if name in nih.WHOLE:
            every = of_films(1000, prevalence[0], sensitivity, specificity, basis)  # type: ignore[arg-type]
    return FindingCard(
        finding=name,
        reliability=reliability(crossed.auroc, apart.auroc),
        cross_validation=crossed,
        held_out=apart,
        like_these=these,
        like_all=every,
        points=point_cards(points, prevalence, _side(fitted, column), _side(kept, column)),
    )


def _side(films: Films, column: int) -> Side:
    if too_few(films, column):
        return None
    return films.truth[:, column], films.scores[:, column]


def _alerts(
    fitted: Films, kept: Films, manifest: ModelManifest, findings: Sequence[FindingCard]
) -> tuple[AlertsCard, ...]:
    verdicts = {each.finding: each.reliability for each in findings}
    points = {each.finding: manifest.operating_points[each.finding] for each in findings}
    told: list[AlertsCard] = []
    sides: tuple[tuple[Films, Basis], ...] = (
        (fitted, "cross_validation"),
        (kept, "held_out"),
    )
    for films, basis in sides:
        said = nih.label_table(films.rows)
        labels = np.where(np.isnan(said), NOT_MENTIONED, said).astype(np.int8)
        told += alerts_cards(labels, films.scores, points, verdicts, basis)
    nested = nested_alerts(manifest.figures)
    return (*told, nested) if nested else tuple(told)


def _split(films: Films) -> Split:
    return Split(
        films=len(films.rows),
        patients=len({row.patient for row in films.rows}),
        macro_auroc=_macro(films, bootstrap.auroc),
        macro_auprc=_macro(films, bootstrap.auprc),
        groups=tuple(_groups(films)),
    )


def _macro(films: Films, measure: bootstrap.Measure) -> Figure:
    columns = [k for k in range(len(nih.ASSESSED)) if not too_few(films, k)]
    if not columns:
        return Figure(value=None, why=f"no finding has {FEWEST} patients with and without it")
    each = [measure(films.truth[:, k], films.scores[:, k], films.weights) for k in columns]
    return bootstrap.figure(np.nanmean(each, axis=0))


def _groups(films: Films) -> list[Group]:
    told: dict[str, list[str | None]] = {
        "view": [row.view or None for row in films.rows],
        "sex": [row.sex or None for row in films.rows],
        "age": [age_band(row.age) for row in films.rows],
        "source": [short_source(row.source) for row in films.rows],
    }
    groups = []
    for kind, names in told.items():
        for name in sorted({name for name in names if name is not None}):
            mine = films.where(np.array([each == name for each in names]))
            findings = {name: auroc(mine, k) for k, name in enumerate(nih.ASSESSED)}
            groups.append(
                Group(
                    kind=kind,  # type: ignore[arg-type]
                    name=name,
                    films=len(mine.rows),
                    patients=len({row.patient for row in mine.rows}),
                    macro=_macro(mine, bootstrap.auroc),
                    findings=findings,
                )
            )
    return groups


def _precisions(kept: Films, evidence: Evidence) -> tuple[Precision, ...]:
    if not evidence.others:
        return ()
    first = Precision(
        name="f32", macro_auroc=_macro(kept, bootstrap.auroc), largest_gap=0, speed=1
    )
    others = [
        Precision(
            name=name,
            macro_auroc=_macro(
                Films(kept.rows, kept.truth, scores, kept.weights), bootstrap.auroc
            ),
            largest_gap=round(float(np.abs(scores - evidence.held_out).max()), 6),
            speed=evidence.speeds.get(name),
        )
        for name, scores in evidence.others.items()
    ]
    return (first, *others)


def same_scores(before: ModelCard, now: ModelCard) -> None:
    """Raise ValueError unless both cards say the same AUROC of every finding, on both sides."""
    for one, other in zip(before.findings, now.findings, strict=True):
        for side in ("cross_validation", "held_out"):
            was, found = getattr(one, side).auroc.value, getattr(other, side).auroc.value
            if was != found:
                raise ValueError(
                    f"{one.finding}, {side}: wanted the AUROC of the card of before, {was},"
                    f" came {found}: other weights are judged by `make starter`"
                )


def write(card: ModelCard, manifest: ModelManifest, folder: Path) -> ModelManifest:
    """Write card.json, and its hash and verdicts into model.json; return the manifest."""
    data = (card.model_dump_json(indent=1) + "\n").encode()
    (folder / CARD_FILE).write_bytes(data)
    kept = CardFile(sha256=hashlib.sha256(data).hexdigest(), reliability=card.reliability())
    changed = manifest.model_copy(update={"card": kept})
    text = changed.model_dump_json(indent=2) + "\n"
    (folder / "model.json").write_text(text)
    return changed


def main() -> None:
    """Run the command."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, metavar="FILMS_DIR")
    parser.add_argument("evidence", type=Path, metavar="EVIDENCE.npz")
    starter = root / "triton_models" / "starter"
    parser.add_argument("--model", type=Path, default=starter, metavar="DIR")
    parser.add_argument("--card", type=Path, default=PAGE, metavar="FILE")
    chosen = parser.parse_args()
    began = time.monotonic()
    rows = nih.read_rows(chosen.films)
    manifest = ModelManifest.model_validate_json((chosen.model / "model.json").read_bytes())
    outside = read_outside(chosen.films / "extra_labels")
    card = judge(rows, Evidence.load(chosen.evidence), manifest, outside)
    write_page(chosen.card, card, write(card, manifest, chosen.model))
    for each in card.findings:
        crossed, apart = each.cross_validation.auroc, each.held_out.auroc
        said = f"AUROC {in_words(crossed)}, held out {in_words(apart)}"
        print(f"{each.finding}: {said}, {each.reliability}")
    size_kb = (chosen.model / CARD_FILE).stat().st_size / 1000
    print(f"{CARD_FILE}: {size_kb:.0f} kB, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
