"""From predictions to metrics.json: what a run is worth on some films, with intervals."""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS
from schemas.models import OperatingPoints
from training.errors import WrongInput
from training.evaluate import averages, bootstrap, one_finding
from training.evaluate.alerts import NO_FINDING, count, raised_at
from training.evaluate.bootstrap import Array
from training.evaluate.finding_metrics import FEWEST
from training.evaluate.groups import Kind, groups_of
from training.evaluate.label_rule import LabelRule
from training.evaluate.one_finding import Column, Key, Stated, Statistics
from training.evaluate.predictions import Predictions
from training.evaluate.run_metrics import (
    COMPETITION_FIVE,
    AlertMetrics,
    Average,
    GroupFinding,
    GroupMetrics,
    Intervals,
    MacroAverage,
    RunMetrics,
)

ROUNDS: Final = 1000
ALL: Final = "all"
#: From the lowest threshold up.
POINTS: Final = ("sensitive", "alert", "specific")
_LABELS: Final = LabelRule()
_NOTHING: Final = (float("nan"),) * 3


def evaluate(
    predictions: Predictions,
    part: str,
    points: Mapping[str, OperatingPoints],
    *,
    rule: LabelRule = _LABELS,
    decision: Mapping[str, float] | None = None,
    prevalence: Mapping[str, float] | None = None,
    reliable: Collection[str] | None = None,
    rounds: int = ROUNDS,
    seed: int = 1,
) -> RunMetrics:
    """Return the figures on the films of one part, or of all of them with part ALL.

    See Stated for points, decision and prevalence. reliable: the findings that may alert, all that
    have points where nobody measured which are. Raises WrongInput when no film is of this
    part, or a score is not from 0 to 1.
    """
    chosen = predictions if part == ALL else predictions.of(part)
    table = chosen.table
    if not len(table):
        raise WrongInput(f"wanted films of the part {part!r} to evaluate, came none")
    _check(chosen.scores, table.paths)
    trusted = points if reliable is None else reliable
    stated = Stated(points, decision or {}, prevalence or {})
    truth = rule.truth(table.labels)
    columns = [
        Column(name, truth[:, place], chosen.scores[:, place], table.patients)
        for place, name in enumerate(FINDINGS)
    ]
    groups = groups_of(table)
    statistics: Statistics = {}
    for column in columns:
        statistics |= one_finding.statistics(column, points.get(column.name))
        for kind, name, mask in groups:
            mine = column.where(mask)
            if mine.fewest() >= FEWEST:
                statistics[column.name, kind, name] = one_finding.group_auroc(mine, mask)
    drawn = bootstrap.every_round(statistics, table.patients, rounds, seed)
    macro_auroc, macro_auprc = (
        bootstrap.interval(
            bootstrap.over_findings([drawn[each.name, "areas"][number] for each in columns])
        )
        for number in (0, 1)
    )
    macro, micro, weighted, samples = _averages(columns, stated, macro_auroc, macro_auprc)
    five = bootstrap.interval(
        bootstrap.over_all([drawn[name, "areas"][0] for name in COMPETITION_FIVE])
    )
    return RunMetrics(
        part=part,
        films=len(table),
        patients=len(np.unique(table.patients)),
        competition_five=five[0],
        competition_five_low=five[1],
        competition_five_high=five[2],
        findings={each.name: one_finding.finding(each, drawn, stated) for each in columns},
        macro=macro,
        micro=micro,
        weighted=weighted,
        samples=samples,
        groups=tuple(_group(columns, drawn, (kind, name), mask) for kind, name, mask in groups),
        alerts=_alerts(chosen, points, trusted),
        alerting=tuple(name for name in FINDINGS if name in trusted and name != NO_FINDING),
        labels=rule,
        intervals=Intervals(rounds=rounds, seed=seed, fewest=FEWEST),
    )


def _check(scores: Array, paths: NDArray[np.str_]) -> None:
    assessed = np.isfinite(scores).any(axis=0)
    wrong = ~((scores >= 0) & (scores <= 1)) & assessed
    if wrong.any():
        film, column = np.argwhere(wrong)[0]
        raise WrongInput(
            f"{paths[film]}: wanted a score of {FINDINGS[column]} from 0 to 1, "
            f"came {scores[film, column]}"
        )


def _alerts(
    films: Predictions, points: Mapping[str, OperatingPoints], reliable: Collection[str]
) -> dict[str, AlertMetrics]:
    found = {}
    for point in POINTS:
        thresholds = {
            name: one_finding.points_of(each)[point].threshold
            for name, each in points.items()
            if point in one_finding.points_of(each)
        }
        if thresholds:
            raised = raised_at(films.scores, FINDINGS, thresholds, reliable)
            counted = count(films.table.labels, FINDINGS, raised)
            found[point] = AlertMetrics(**vars(counted))
    return found


def _averages(
    columns: list[Column],
    stated: Stated,
    macro_auroc: tuple[float, float, float],
    macro_auprc: tuple[float, float, float],
) -> tuple[MacroAverage, Average, Average, Average]:
    """Return macro, micro, weighted, samples over the assessed findings with known labels."""
    mine = [each for each in columns if each.assessed and each.known.any()]
    if not mine:
        nothing = dict.fromkeys(("auroc", "auprc", "precision", "recall", "f1"))
        macro = MacroAverage(
            **nothing, auroc_low=None, auroc_high=None, auprc_low=None, auprc_high=None
        )
        plain = Average(**nothing)
        return macro, plain, plain, plain
    truth = np.stack([each.truth for each in mine], axis=1)
    scores = np.stack([each.scores for each in mine], axis=1)
    raised = scores >= np.array([stated.threshold(each.name) for each in mine])
    support = (truth == 1).sum(axis=0).astype(np.float64)
    once = np.ones((1, len(truth)))
    areas = np.array(
        [
            bootstrap.areas(each.truth[each.known], each.scores[each.known], once[:, each.known])
            for each in mine
        ]
    )[:, :, 0]
    by_finding = averages.counts(truth, raised, axis=0)
    by_film = averages.counts(truth, raised, axis=1).scores()
    film_areas = averages.areas_by_film(truth, scores)
    each, pooled = by_finding.scores(), by_finding.together().scores()
    micro = averages.pooled_areas(truth, scores)
    return (
        MacroAverage(
            auroc=macro_auroc[0], auroc_low=macro_auroc[1], auroc_high=macro_auroc[2],
            auprc=macro_auprc[0], auprc_low=macro_auprc[1], auprc_high=macro_auprc[2],
            precision=averages.mean(each.precision),
            recall=averages.mean(each.recall),
            f1=averages.mean(each.f1),
        ),
        Average(
            auroc=micro[0], auprc=micro[1],
            precision=averages.mean(pooled.precision),
            recall=averages.mean(pooled.recall),
            f1=averages.mean(pooled.f1),
        ),
        Average(
            auroc=averages.mean_of_defined(areas[:, 0], support),
            auprc=averages.mean_of_defined(areas[:, 1], support),
            precision=averages.mean(each.precision, support),
            recall=averages.mean(each.recall, support),
            f1=averages.mean(each.f1, support),
        ),
        Average(
            auroc=averages.mean_of_defined(film_areas[0]),
            auprc=averages.mean_of_defined(film_areas[1]),
            precision=averages.mean(by_film.precision),
            recall=averages.mean(by_film.recall),
            f1=averages.mean(by_film.f1),
        ),
    )  # fmt: skip


def _group(
    columns: list[Column],
    drawn: Mapping[Key, Array],
    named: tuple[Kind, str],
    mask: NDArray[np.bool_],
) -> GroupMetrics:
    kind, name = named
    known = {each.name: drawn.get((each.name, kind, name)) for each in columns}
    macro = bootstrap.interval(
        bootstrap.over_findings([each[0] for each in known.values() if each is not None])
    )
    findings = {}
    for each in columns:
        values = known[each.name]
        auroc = _NOTHING if values is None else bootstrap.interval(values[0])
        findings[each.name] = GroupFinding(
            auroc=auroc[0],
            auroc_low=auroc[1],
            auroc_high=auroc[2],
            support=int((each.truth[mask] == 1).sum()),
        )
    return GroupMetrics(
        kind=kind,
        name=name,
        films=int(mask.sum()),
        patients=len(np.unique(columns[0].patients[mask])),
        macro_auroc=macro[0],
        macro_auroc_low=macro[1],
        macro_auroc_high=macro[2],
        findings=findings,
    )
