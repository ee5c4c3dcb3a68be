"""`radiotheque evaluate RUN DATA --out DIR`: judge a run's model on a collection of films."""

import argparse
from pathlib import Path
from typing import Any

from schemas.findings import FINDINGS, INDEX
from training.errors import WrongInput
from training.run_folder import RunFolder

POINTS = ("sensitive", "alert", "specific")


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `evaluate`."""
    parser = commands.add_parser(
        "evaluate", help="judge a run's model on films with labels: metrics.json and report.html"
    )
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="what `train --out` made")
    parser.add_argument("data", metavar="DATA", help="films with labels, as for train")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--part",
        default="test",
        choices=("train", "valid", "test", "all"),
        help="films that are judged: those the run was fitted on (train), chose by (valid), all"
        " others (test), or all (default: test)",
    )
    parser.add_argument(
        "--decision",
        default="0.5",
        metavar="T",
        help="threshold of precision, recall and F1: a number, or sensitive, alert or specific"
        " for the run's operating points (default: 0.5)",
    )
    parser.add_argument(
        "--prevalence",
        metavar="P[,Finding=P...]",
        help="prevalence of the predictive values (default: the films' own)",
    )
    parser.add_argument(
        "--uncertain",
        choices=("ignore", "zeros", "ones"),
        help="what uncertain labels count as (default: ignore, left out)",
    )
    parser.add_argument(
        "--not-mentioned",
        choices=("zeros", "ignore"),
        help="what findings that are not mentioned count as (default: as the run was fitted)",
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="decoded films (default: as for train)"
    )
    parser.set_defaults(run=run)


def prevalences(words: str | None) -> dict[str, float]:
    """Return the prevalence by finding. words: `P[,Finding=P...]`, None for none stated.

    Raises WrongInput for another form, or a number that is not between 0 and 1.
    """
    found: dict[str, float] = {}
    for word in (words or "").split(",") if words is not None else ():
        finding, equals, number = word.strip().rpartition("=")
        if equals and finding not in INDEX:
            raise WrongInput(
                f"--prevalence: wanted Finding=P of {', '.join(INDEX)}; came {word!r}"
            )
        value = _number("--prevalence", number)
        found |= {finding: value} if equals else dict.fromkeys(FINDINGS, value) | found
    return found


def _number(flag: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise WrongInput(f"{flag}: wanted a number from 0 to 1, came {word!r}") from None
    if not 0 <= value <= 1:
        raise WrongInput(f"{flag}: wanted a number from 0 to 1, came {word!r}")
    return value


def run(chosen: argparse.Namespace) -> None:
    """Judge; print the headline and where the report lies."""
    RunFolder.check_new(chosen.out)
    source = RunFolder.of(chosen.run_folder)
    stated = prevalences(chosen.prevalence)
    if chosen.decision not in POINTS:
        _number("--decision", chosen.decision)
    from training.report.judged_run import Asked, judge_run

    metrics = judge_run(
        source,
        Path(chosen.data),
        chosen.out,
        Asked(
            part=chosen.part,
            decision=chosen.decision,
            prevalence=stated,
            uncertain=chosen.uncertain,
            not_mentioned=chosen.not_mentioned,
            cache=chosen.cache,
        ),
    )
    said = ", ".join(
        f"{words} {value:.3f}"
        for words, value in (
            ("competition five", metrics.competition_five),
            ("all findings", metrics.macro.auroc),
        )
        if value is not None
    )
    print(f"{metrics.films:,} films of {metrics.patients:,} patients; AUROC: {said or 'none'}")
    print(RunFolder(chosen.out).report)
