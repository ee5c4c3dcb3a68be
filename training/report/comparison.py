"""compare.json and table.csv: several runs on one split, side by side, and pair by pair."""

import csv
import json
import os
import platform
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from training.errors import WrongInput
from training.evaluate.paired import Difference, Differences, paired
from training.evaluate.predictions import Predictions
from training.evaluate.run_metrics import Average, MacroAverage, Number, RunMetrics
from training.evaluate.scoring import images_per_second, scorer
from training.fit.run_settings import RunSettings
from training.report.pages import with_interval
from training.run_folder import RunFolder

_CPU_INFO: Final = Path("/proc/cpuinfo")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ComparedRun(_Part):
    """One run. weights: what the backbone began from: imagenet, none or a file's SHA-256.

    megabytes: of the served model's file, 10^6 bytes. parameters: numbers in it.
    images_per_second: films scored in batches of 32 on `Comparison.processor`. aurocs: by finding,
    value, low and high.
    """

    backbone: str
    folder: str
    weights: str
    side: int
    competition_five: Number
    competition_five_low: Number
    competition_five_high: Number
    macro: MacroAverage
    micro: Average
    weighted: Average
    samples: Average
    aurocs: dict[str, tuple[Number, Number, Number]]
    megabytes: float
    parameters: int
    images_per_second: float


class Pair(_Part):
    """`one` less `other`, AUROC on the same films."""

    one: str
    other: str
    films: int
    macro: Difference
    competition_five: Difference
    findings: dict[str, Difference]


class Processor(_Part):
    """What images_per_second was measured on."""

    name: str
    threads: int


class Comparison(_Part):
    """The whole file; runs in the order they were asked for. part: of the split that is judged."""

    part: str
    films: int
    patients: int
    runs: tuple[ComparedRun, ...]
    pairs: tuple[Pair, ...]
    processor: Processor

    def save(self, file: Path) -> None:
        """Write compare.json."""
        said = self.model_dump(mode="json")
        file.write_text(json.dumps(said, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    def save_table(self, file: Path) -> None:
        """Write table.csv, a line for each run; an empty cell is undefined."""
        with file.open("w", newline="", encoding="utf-8") as out:
            rows = [row_of(run) for run in self.runs]
            writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def row_of(run: ComparedRun) -> dict[str, Any]:
    """Return a run's line of the table by column."""
    return {
        "backbone": run.backbone,
        "weights": run.weights,
        "side": run.side,
        "competition_five": run.competition_five,
        "competition_five_low": run.competition_five_low,
        "competition_five_high": run.competition_five_high,
        "auroc": run.macro.auroc,
        "auroc_low": run.macro.auroc_low,
        "auroc_high": run.macro.auroc_high,
        "auprc": run.macro.auprc,
        "precision": run.macro.precision,
        "recall": run.macro.recall,
        "f1": run.macro.f1,
        "megabytes": run.megabytes,
        "parameters": run.parameters,
        "images_per_second": run.images_per_second,
    }


def compared(runs: list[RunFolder], seconds: float = 1.5) -> Comparison:
    """Return the comparison of runs that are done; each model is run for so many seconds.

    Raises WrongInput unless all of them have one split.
    """
    first = runs[0]
    for other in runs[1:]:
        if other.split.read_bytes() != first.split.read_bytes():
            raise WrongInput(
                f"wanted runs of one split, came another in {other.path.name} than in"
                f" {first.path.name}: in another size, other films may be near-duplicates;"
                " --side N gives all of them one"
            )
    metrics = [RunMetrics.load(run.metrics) for run in runs]
    judged = [
        Predictions.load(run.predictions).of(said.part)
        for run, said in zip(runs, metrics, strict=True)
    ]
    names = [run.path.name for run in runs]
    pairs = [
        _pair(names[a], names[b], paired(judged[a], judged[b], rule=metrics[a].labels))
        for a, b in combinations(range(len(runs)), 2)
    ]
    return Comparison(
        part=metrics[0].part,
        films=metrics[0].films,
        patients=metrics[0].patients,
        runs=tuple(_run(run, said, seconds) for run, said in zip(runs, metrics, strict=True)),
        pairs=tuple(pairs),
        processor=processor(),
    )


def _pair(one: str, other: str, found: Differences) -> Pair:
    return Pair(
        one=one,
        other=other,
        films=found.films,
        macro=found.macro,
        competition_five=found.competition_five,
        findings=found.findings,
    )


def _run(run: RunFolder, said: RunMetrics, seconds: float) -> ComparedRun:
    settings = RunSettings.load(run.settings)
    model = run.onnx if run.onnx.is_file() else run.model
    scores, side = scorer(run)
    return ComparedRun(
        backbone=settings.backbone,
        folder=run.path.name,
        weights=settings.weights,
        side=side,
        competition_five=said.competition_five,
        competition_five_low=said.competition_five_low,
        competition_five_high=said.competition_five_high,
        macro=said.macro,
        micro=said.micro,
        weighted=said.weighted,
        samples=said.samples,
        aurocs={
            name: (each.auroc, each.auroc_low, each.auroc_high)
            for name, each in said.findings.items()
            if each.assessed
        },
        megabytes=round(model.stat().st_size / 1e6, 2),
        parameters=parameters(run),
        images_per_second=round(images_per_second(scores, side, seconds), 1),
    )


def parameters(run: RunFolder) -> int:
    """Return how many numbers the served model holds: heads, projection and backbone."""
    if not run.onnx.is_file():
        import keras

        return int(keras.models.load_model(run.model, compile=False).count_params())
    import numpy as np
    import onnx

    tensors = onnx.load(run.onnx).graph.initializer
    floats = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}
    return sum(int(np.prod(each.dims)) for each in tensors if each.data_type in floats)


def processor() -> Processor:
    """Return what this machine's processor calls itself, and how many threads a run may use."""
    name = platform.processor() or platform.machine()
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return Processor(name=name, threads=len(os.sched_getaffinity(0)))


def table_text(comparison: Comparison) -> str:
    """Return the table as lines of text, then every pair."""
    lines = [
        f"{comparison.films:,} films of {comparison.patients:,} patients, part {comparison.part}",
        (
            f"{'Backbone':<18}{'Weights':<10}{'Competition five':>26}{'All findings, AUROC':>26}"
            f"{'F1':>7}{'MB':>8}{'Parameters':>13}{'Images/s':>10}"
        ),
    ]
    for run in comparison.runs:
        five = with_interval(
            run.competition_five, run.competition_five_low, run.competition_five_high
        )
        macro = with_interval(run.macro.auroc, run.macro.auroc_low, run.macro.auroc_high)
        f1 = "-" if run.macro.f1 is None else f"{run.macro.f1:.2f}"
        lines.append(
            f"{run.backbone:<18}{run.weights[:8]:<10}{five:>26}{macro:>26}{f1:>7}{run.megabytes:>8.1f}"
            f"{run.parameters:>13,}{run.images_per_second:>10.1f}"
        )
    lines.append(f"on {comparison.processor.name}, {comparison.processor.threads} threads")
    for pair in comparison.pairs:
        each = pair.macro
        if each.difference is None or each.low is None or each.high is None:
            verdict = "no figure"
        else:
            verdict = f"{each.difference:+.3f} ({each.low:+.3f} to {each.high:+.3f}), "
            verdict += "more than chance" if each.more_than_chance else "may be chance"
        lines.append(f"{pair.one} - {pair.other}: {verdict}")
    return "\n".join(lines)
