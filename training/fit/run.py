"""One run: from a folder of films and labels to a model that is judged, exported and described."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training import backbones
from training.data.collection import Collection, read_collection
from training.data.counts import count_findings, table_one
from training.data.prepared import PreparedFilms, prepare
from training.data.problems import Problem, write_problems
from training.data.split import write_split
from training.errors import WrongInput
from training.evaluate.label_rule import LabelRule
from training.export.map_scale import map_sample
from training.export.run_export import export_run
from training.export.served_graph import in_float32
from training.fit import chosen_heads, distribution, features, policies
from training.fit.chosen_heads import Chosen
from training.fit.feature_model import feature_model
from training.fit.features import Features
from training.fit.fine_tune import fine_tune
from training.fit.kept_run import Fitted, Kept, keep
from training.fit.norms import FILMS, settle
from training.fit.run_settings import RunSettings
from training.report.outcome import Judgement, Telling, write_outcome
from training.report.pages import with_interval
from training.report.settings_told import facts, title
from training.run_folder import RunFolder, cache_of


def train(
    data: Path,
    settings: RunSettings,
    out: Path,
    *,
    weights: str | None = None,
    cache: Path | None = None,
    resume: bool = False,
) -> RunFolder:
    """Fit, judge and export; return the run's folder.

    weights: what settings.weights stands for, where that is the hash of a file: its path.
    cache: where films and features are kept for later runs; `training-cache` beside `out` unless
    it is said. resume: go on in the folder of a run of these settings that was stopped.
    Raises WrongInput, and leaves no folder behind, for films, settings or weights of no use.
    """
    backbone = backbones.named(settings.backbone)
    with _folder(out, settings, resume=resume) as run:
        if settings.fit == "fine-tune":
            # Before any tensor is made, TensorFlow must know of the other processes.
            distribution.chosen()
        keras.utils.set_random_seed(settings.seed)
        tf.config.experimental.enable_op_determinism()
        model = feature_model(backbone, settings.side, weights or settings.weights)
        collection = read_collection(data, laterals=settings.laterals)
        _tell(f"{len(collection.table):,} films, {collection.laterals:,} lateral ones left out")
        _tell(table_one(count_findings(collection.table)))
        store = cache_of(out, cache)
        films = prepare(
            collection, settings.side, store, test_films=settings.test_films, seed=settings.seed
        )
        _tell_parts(films)
        learned = learn_from(run, films, settings)
        labels, names = learned.labels, learned.names
        _check(names, learned.missing)
        if settings.weights == "none":
            settle(model, films.pixels[np.flatnonzero(films.parts == "train")[:FILMS]])
        fit = _Fit(films, labels, names, settings, store)
        if settings.fit == "fine-tune":
            targets = policies.targets(
                labels, settings, names, films.parts == "train", _first_fit(fit, model)
            )
            train_, valid = (np.flatnonzero(films.parts == part) for part in ("train", "valid"))
            fine_tune(model, backbone, films.pixels, targets, train_, valid, settings, run)
            if not distribution.is_chief(distribution.chosen()):
                _tell("the fit is done; what it comes to is in the folder of the first worker")
                return run
            model = in_float32(model)
        found, chosen = fit.heads(model)
        kept = keep(run, films, settings, Fitted(model, found, chosen))
        _tell(f"reliable on the validation part: {', '.join(kept.reliable) or 'no finding'}")
        judge(run, kept, collection, learned.problems)
    return run


@dataclass(frozen=True)
class Learned:
    """What the labels of n films teach.

    labels: int8 (n, 14), `policies.consistent`. known: float64 (n, 14), 1, 0 or NaN. names: the
    findings that can be fitted; missing: the others, each with its reason. problems: those too,
    and the films'.
    """

    labels: NDArray[np.int8]
    known: NDArray[np.float64]
    names: tuple[str, ...]
    missing: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def learn_from(run: RunFolder, films: PreparedFilms, settings: RunSettings) -> Learned:
    """Write split.csv and problems.csv; return what there is to learn.

    Raises WrongInput when the run was begun with another split.
    """
    _write_split(run, films)
    labels = policies.consistent(films.table.labels)
    known = policies.truth(labels, settings.not_mentioned)
    names, missing = policies.assessed(known, films.parts)
    problems = (*films.problems, *missing)
    write_problems(problems, run.problems)
    return Learned(labels, known, names, tuple(missing), problems)


@dataclass(frozen=True)
class _Fit:
    """What heads are fitted from, whatever network gives the features."""

    films: PreparedFilms
    labels: NDArray[np.int8]
    names: tuple[str, ...]
    settings: RunSettings
    cache: Path

    def heads(self, model: keras.Model) -> tuple[Features, Chosen]:
        """Return the network's features of every film, and the heads fitted on them."""
        sample = map_sample(len(self.films.table))
        pixels, network = self.films.pixels, self.settings.backbone
        found = features.kept(model, pixels, sample, self.cache, network)
        chosen = chosen_heads.fit(
            found.pooled, self.labels, self.films.parts, self.settings, self.names
        )
        best = chosen.validation[chosen.penalty]
        _tell(
            f"heads of {len(self.names)} findings, penalty {chosen.penalty:g}:"
            f" macro AUROC {best:.3f} on the validation part"
        )
        return found, chosen


def _first_fit(fit: _Fit, model: keras.Model) -> NDArray[np.float64] | None:
    """Return what heads on the network as it came say of every film, if self-trained asks it."""
    if not any(fit.settings.policy_of(name) == "self-trained" for name in fit.names):
        return None
    found, chosen = fit.heads(model)
    return chosen_heads.predicted_by(chosen, found.pooled)


def judge(
    run: RunFolder, kept: Kept, collection: Collection, problems: tuple[Problem, ...]
) -> None:
    """Write metrics, curves and report, then the model as it is served, with its card.

    Figures are of the test part, or of the validation part where there is no test film.
    """
    settings = RunSettings.load(run.settings)
    part = "test" if (kept.predictions.parts == "test").any() else "valid"
    counted = int((kept.predictions.parts == part).sum())
    metrics = write_outcome(
        run.path,
        kept.predictions,
        kept.points,
        Telling(
            title=title(settings),
            said=f"{counted:,} films of the part {part} judged; none was fitted on.",
            facts=facts(settings),
            counts=count_findings(collection.table),
            problems=problems,
            laterals=collection.laterals,
        ),
        Judgement(part=part, rule=LabelRule.of(settings), reliable=kept.reliable),
    )
    # After the figures, which the card is filled from.
    export_run(run)
    macro = metrics.macro
    if macro.auroc is not None and macro.auroc_low is not None and macro.auroc_high is not None:
        figure = with_interval(macro.auroc, macro.auroc_low, macro.auroc_high)
        _tell(f"macro AUROC {figure} on {counted:,} films of the part {part}")


def _check(names: tuple[str, ...], missing: tuple[Problem, ...]) -> None:
    if not names:
        first = f"; {missing[0].path}: {missing[0].reason}" if missing else ""
        raise WrongInput(f"no finding has films enough to be fitted on{first}")


def _write_split(run: RunFolder, films: PreparedFilms) -> None:
    """Write split.csv. Raises WrongInput when the run was begun with another."""
    begun = run.split.read_bytes() if run.split.is_file() else None
    write_split(films.table.take(films.readable), films.parts[films.readable], run.split)
    if begun is not None and run.split.read_bytes() != begun:
        run.split.write_bytes(begun)
        raise WrongInput(f"--resume: {run.path} was begun with other films than these")


def _tell_parts(films: PreparedFilms) -> None:
    for part in ("train", "valid", "test"):
        mine = films.parts == part
        patients = len(np.unique(films.table.patients[mine]))
        _tell(f"{part}: {int(mine.sum()):,} films of {patients:,} patients")


def _tell(line: str) -> None:
    print(line, flush=True)


@contextmanager
def _folder(out: Path, settings: RunSettings, *, resume: bool) -> Iterator[RunFolder]:
    """Give the run its folder; take a new one away again where the input was wrong."""
    if resume:
        yield _stopped(out, settings)
        return
    run = RunFolder.new(out)
    settings.save(run.settings)
    try:
        yield run
    except WrongInput:
        shutil.rmtree(run.path)
        raise


def _stopped(out: Path, settings: RunSettings) -> RunFolder:
    """Return the folder of a run that was stopped. Raises WrongInput for another."""
    run = RunFolder.begun(out)
    kept: dict[str, Any] = RunSettings.load(run.settings).model_dump()
    for name, value in settings.model_dump().items():
        if kept[name] != value:
            said = f"--resume: {out} was begun with {name} {kept[name]!r}, came {value!r}"
            raise WrongInput(said)
    return run
