"""Judge a run's model on a collection: films, scores by the served model, figures, report."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS
from schemas.models import ModelManifest, OperatingPoints
from training.data.collection import read_collection
from training.data.counts import count_findings
from training.data.film_cache import cached_films
from training.data.problems import write_problems
from training.data.split import known_parts, read_split
from training.data.table import FilmTable
from training.errors import WrongInput
from training.evaluate.evaluation import ALL
from training.evaluate.label_rule import LabelRule, Taken
from training.evaluate.one_finding import points_of
from training.evaluate.points_file import load_points
from training.evaluate.predictions import Predictions
from training.evaluate.run_metrics import RunMetrics
from training.evaluate.scoring import score, scorer
from training.fit.run_settings import RunSettings
from training.report.outcome import Judgement, Telling, write_outcome
from training.report.settings_told import facts, title
from training.run_folder import RunFolder, cache_of


@dataclass(frozen=True)
class Asked:
    """What the command line says; None where it says nothing.

    decision: a number in words, or the name of an operating point.
    """

    part: str = "test"
    decision: str = "0.5"
    prevalence: Mapping[str, float] = field(default_factory=dict)
    uncertain: Taken | None = None
    not_mentioned: Literal["zeros", "ignore"] | None = None
    cache: Path | None = None


def judge_run(run: RunFolder, data: Path, out: Path, asked: Asked) -> RunMetrics:
    """Write the evaluation's folder; return its metrics.

    A film of the run's own split keeps its part, any other is `test`. Raises WrongInput, and
    leaves no folder behind, for films, a run or flags of no use.
    """
    settings = RunSettings.load(run.settings)
    points = load_points(run.points)
    scores, side = scorer(run)
    collection = read_collection(data, laterals=settings.laterals)
    cache = cache_of(out, asked.cache)
    cached = cached_films(collection.table, side, cache)
    table = collection.table.take(cached.readable)
    split = read_split(run.split)
    same = _of_known_patients(table, split)
    if same:
        sys.stderr.write(
            f"{same:,} films are not of the run's own split, but have the code of a patient that"
            " it was fitted on or chose by: if it is the same patient, the figures are too good\n"
        )
    parts = known_parts(table, split)
    if asked.part != ALL and not (parts == asked.part).any():
        raise WrongInput(
            f"--part {asked.part}: none of the {len(table):,} films is in it, but"
            f" {_told(parts)}; --part all judges every one"
        )
    found = score(scores, cached.pixels, np.flatnonzero(cached.readable))
    predictions = Predictions(table, parts, found)
    decision = _decision(asked.decision, points)
    folder = RunFolder.new(out)
    problems = (*collection.problems, *cached.problems)
    write_problems(problems, folder.problems)
    rule = LabelRule.of(settings)
    return write_outcome(
        out,
        predictions,
        points,
        Telling(
            title=title(settings),
            said=_said(asked.part, table, parts, split, same),
            facts=facts(settings),
            counts=count_findings(collection.table),
            problems=problems,
            laterals=collection.laterals,
        ),
        Judgement(
            part=asked.part,
            rule=LabelRule(
                uncertain=asked.uncertain or rule.uncertain,
                not_mentioned=asked.not_mentioned or rule.not_mentioned,
            ),
            decision=decision,
            prevalence=asked.prevalence,
            reliable=reliable_of(run),
        ),
    )


def reliable_of(run: RunFolder) -> tuple[str, ...] | None:
    """Return the findings that may alert by the run's own verdicts, None where it has none."""
    if not run.manifest.is_file():
        return None
    verdicts = ModelManifest.model_validate_json(run.manifest.read_bytes()).verdicts
    said = tuple(name for name, verdict in verdicts.items() if verdict == "reliable")
    return said if verdicts else None


def _of_known_patients(table: FilmTable, split: Mapping[tuple[str, str], str]) -> int:
    """Return how many films have the code of a patient of the run's, and are not in its split."""
    seen = {patient for (_, patient), known in split.items() if known != "test"}
    films = zip(table.paths.tolist(), table.patients.tolist(), strict=True)
    return sum(film not in split and film[1] in seen for film in films)


def _said(
    part: str,
    table: FilmTable,
    parts: NDArray[np.str_],
    split: Mapping[tuple[str, str], str],
    same: int,
) -> str:
    """Return the line under the heading: whose films these are, and what the run knows of them."""
    films = zip(table.paths.tolist(), table.patients.tolist(), strict=True)
    own = sum(film in split for film in films)
    judged = len(table) if part == ALL else int((parts == part).sum())
    if not split:
        return f"{judged:,} films judged; it is not known which films the model was fitted on."
    said = f"{judged:,} films judged; {own:,} of {len(table):,} are of the run's own split."
    if same:
        said += f" {same:,} others have the code of a patient that it was fitted on or chose by."
    if part in {"train", "valid", ALL}:
        said += " Figures of films that a run was fitted on say nothing of others."
    return said


def _told(parts: NDArray[np.str_]) -> str:
    names, counts = np.unique(parts, return_counts=True)
    return ", ".join(f"{count:,} of {name}" for name, count in zip(names, counts, strict=True))


def _decision(words: str, points: Mapping[str, OperatingPoints]) -> dict[str, float]:
    """Return the threshold by finding. words: a number, or the name of an operating point."""
    try:
        return dict.fromkeys(FINDINGS, float(words))
    except ValueError:
        pass
    found = {
        name: points_of(each)[words].threshold
        for name, each in points.items()
        if words in points_of(each)
    }
    if not found:
        raise WrongInput(f"--decision: the run has no operating point {words}")
    return found
