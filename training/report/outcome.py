"""What a run or an evaluation leaves: predictions, metrics, curves and the report."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from schemas.models import OperatingPoints
from training.data.counts import FindingCount
from training.data.problems import Problem
from training.data.table import PARTS
from training.evaluate.curves import curves, write_curves
from training.evaluate.evaluation import ALL, ROUNDS, evaluate
from training.evaluate.label_rule import LabelRule
from training.evaluate.predictions import Predictions
from training.evaluate.run_metrics import RunMetrics
from training.report.history import read_history
from training.report.run_page import RunReport, write_report
from training.run_folder import RunFolder


@dataclass(frozen=True)
class Judgement:
    """How the films are judged: see training/evaluate/evaluation.py's `evaluate`."""

    part: str = "test"
    rule: LabelRule = field(default_factory=LabelRule)
    decision: Mapping[str, float] = field(default_factory=dict)
    prevalence: Mapping[str, float] = field(default_factory=dict)
    reliable: Collection[str] | None = None
    rounds: int = ROUNDS


@dataclass(frozen=True)
class Telling:
    """What the report says besides the figures: see training/report/run_page.py's RunReport."""

    title: str
    said: str
    facts: Sequence[tuple[str, str]]
    counts: Sequence[FindingCount]
    problems: Sequence[Problem] = ()
    laterals: int = 0


def write_outcome(
    folder: Path,
    predictions: Predictions,
    points: Mapping[str, OperatingPoints],
    telling: Telling,
    judgement: Judgement | None = None,
) -> RunMetrics:
    """Write predictions.csv, metrics.json, curves.csv and report.html into the folder.

    points: chosen on other films than those of the judged part. What fine-tuning logged in the
    folder is drawn. Returns the metrics. Raises WrongInput where the part has no film.
    """
    run, how = RunFolder(folder), judgement or Judgement()
    metrics = evaluate(
        predictions,
        how.part,
        points,
        rule=how.rule,
        decision=how.decision,
        prevalence=how.prevalence,
        reliable=how.reliable,
        rounds=how.rounds,
    )
    judged = predictions if how.part == ALL else predictions.of(how.part)
    drawn = curves(judged, how.rule)
    predictions.save(run.predictions)
    write_curves(drawn, run.curves)
    write_report(
        RunReport(
            title=telling.title,
            said=telling.said,
            facts=telling.facts,
            metrics=metrics,
            curves=drawn,
            counts=telling.counts,
            parts=films_by_part(predictions),
            problems=telling.problems,
            laterals=telling.laterals,
            prevalences=bool(how.prevalence),
            history=read_history(run.logs),
        ),
        run.report,
    )
    # The last of all files: a run that was stopped before it is not done.
    metrics.save(run.metrics)
    return metrics


def films_by_part(predictions: Predictions) -> list[tuple[str, int, int]]:
    """Return (part, films, patients) of each part that has films, then of all."""
    patients = predictions.table.patients
    found = []
    for part in PARTS:
        mine = predictions.parts == part
        if mine.any():
            found.append((part, int(mine.sum()), len(np.unique(patients[mine]))))
    return [*found, ("all", len(patients), len(np.unique(patients)))]
