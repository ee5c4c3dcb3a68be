"""Fit several backbones on one split, each into a folder of its own, and compare them."""

from collections.abc import Mapping
from pathlib import Path

import keras

from training.data.collection import read_collection
from training.data.counts import count_findings
from training.errors import WrongInput
from training.fit.run import train
from training.fit.run_settings import RunSettings
from training.report.compare_page import write_comparison
from training.report.comparison import compared, table_text
from training.report.settings_told import facts
from training.run_folder import RunFolder, cache_of


def compare_runs(
    data: Path,
    settings: Mapping[str, RunSettings],
    out: Path,
    *,
    weights: Mapping[str, str | None],
    cache: Path | None = None,
    resume: bool = False,
) -> str:
    """Write `out`: a run for each backbone, table.csv, compare.json, compare.html.

    settings: by backbone, alike but for the backbone, its weights and, unless it was said, its
    side. weights: what each one's settings.weights stands for, as for `train`. resume: keep the
    runs that are done and go on with the one that was stopped. Returns the table as text. Raises
    WrongInput as `train` does, and leaves no folder behind when nothing was fitted.
    """
    if not resume:
        RunFolder.new(out)
    keep = cache_of(out, cache)
    runs = []
    for number, (name, mine) in enumerate(settings.items(), start=1):
        print(f"{name}, {number} of {len(settings)}", flush=True)
        try:
            run = _run(data, mine, out / name, weights=weights[name], cache=keep, resume=resume)
        except WrongInput:
            if not any(out.iterdir()):
                out.rmdir()
            raise
        runs.append(run)
        # The next network needs the room, and layers' names begin at 1 again.
        keras.backend.clear_session()
    found = compared(runs)
    laterals = next(iter(settings.values())).laterals
    counts = count_findings(read_collection(data, laterals=laterals).table)
    found.save(out / "compare.json")
    found.save_table(out / "table.csv")
    write_comparison(found, counts, _common(settings), out / "compare.html")
    return table_text(found)


def _run(
    data: Path,
    settings: RunSettings,
    folder: Path,
    *,
    weights: str | None,
    cache: Path,
    resume: bool,
) -> RunFolder:
    done = RunFolder(folder)
    if resume and done.done:
        if RunSettings.load(done.settings) != settings:
            raise WrongInput(f"--resume: the run in {folder} has other settings")
        return done
    stopped = resume and done.settings.is_file()
    return train(data, settings, folder, weights=weights, cache=cache, resume=stopped)


def _common(settings: Mapping[str, RunSettings]) -> list[tuple[str, str]]:
    """Return the facts that all runs share, in their order."""
    every = [dict(facts(each)) for each in settings.values()]
    return [
        (term, value)
        for term, value in every[0].items()
        if all(each.get(term) == value for each in every)
    ]
