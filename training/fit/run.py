"""One run: from a folder of films and labels to a model that is judged, exported and described."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS, INDEX
from training import backbones
from training.data.collection import read_collection
from training.data.counts import count_findings, table_one
from training.data.prepared import PreparedFilms, prepare
from training.data.problems import Problem, write_problems
from training.data.split import write_split
from training.errors import WrongInput
from training.evaluate.evaluation import evaluate
from training.evaluate.points_file import load_points, save_points
from training.evaluate.predictions import Predictions
from training.export.map_scale import map_sample, map_scale
from training.export.served_graph import served_graph
from training.fit import chosen_heads, features, policies
from training.fit.chosen_heads import Chosen
from training.fit.feature_model import feature_model
from training.fit.features import Features
from training.fit.linear import Heads
from training.fit.points import chosen_points
from training.fit.projection import projection
from training.fit.run_settings import RunSettings
from training.run_folder import RunFolder


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
        keras.utils.set_random_seed(settings.seed)
        model = feature_model(backbone, settings.side, weights or settings.weights)
        collection = read_collection(data, laterals=settings.laterals)
        _tell(f"{len(collection.table):,} films, {collection.laterals:,} lateral ones left out")
        _tell(table_one(count_findings(collection.table)))
        keep = cache or out.absolute().parent / "training-cache"
        films = prepare(
            collection, settings.side, keep, test_films=settings.test_films, seed=settings.seed
        )
        _tell_parts(films)
        readable = films.readable
        write_split(films.table.take(readable), films.parts[readable], run.split)
        labels = policies.consistent(films.table.labels)
        known = policies.truth(labels, settings.not_mentioned)
        names, missing = policies.assessed(known, films.parts)
        write_problems((*films.problems, *missing), run.problems)
        _check(names, missing)
        fit = _Fit(films, labels, names, settings, keep)
        if settings.fit == "fine-tune":
            raise WrongInput("--fit: wanted features, came fine-tune, which is not here yet")
        found, chosen = fit.heads(model)
        _save(run, fit, model, found, chosen)
        _judge(run)
    return run


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


def _save(run: RunFolder, fit: _Fit, model: keras.Model, found: Features, chosen: Chosen) -> None:
    """Write heads, projection, the served graph, the operating points and the predictions."""
    films, parts = fit.films, fit.films.parts
    heads = _as_served(chosen, found, parts)
    turned = projection(heads, found.pooled[parts == "train"])
    heads.save(run.heads)
    np.savez(run.projection, projection=turned.astype(np.float16))
    served_graph(model, heads, turned, "served").save(run.model)
    readable = np.flatnonzero(films.readable)
    scores = np.full((len(readable), len(FINDINGS)), np.nan)
    scores[:, [INDEX[name] for name in heads.names]] = heads.scores(found.pooled[readable])
    predictions = Predictions(films.table.take(readable), parts[readable], scores)
    predictions.save(run.predictions)
    valid = predictions.of("valid")
    points, reliable = chosen_points(
        policies.consistent(valid.table.labels),
        fit.settings.not_mentioned,
        valid.scores[:, [INDEX[name] for name in heads.names]],
        valid.table.patients,
        heads.names,
    )
    save_points(points, run.points)
    _tell(f"reliable on the validation part: {', '.join(reliable) or 'no finding'}")


def _as_served(chosen: Chosen, found: Features, parts: NDArray[np.str_]) -> Heads:
    """Return the heads in single precision, with the map's scale from training films."""
    linear = chosen.linear
    heads = Heads(
        names=chosen.names,
        mean=linear.mean.astype(np.float32),
        scale=linear.scale.astype(np.float32),
        weights=linear.weights.astype(np.float32),
        bias=linear.bias.astype(np.float32),
        map_scale=np.ones(len(chosen.names), np.float32),
    )
    mine = np.flatnonzero(parts[found.sample] == "train")
    shown = (found.last[part] for part in np.array_split(mine, -(-len(mine) // 64)))
    return replace(heads, map_scale=map_scale(shown, heads))


def _judge(run: RunFolder) -> None:
    """Write metrics.json of the test part; of the validation part where there is no test film."""
    predictions = Predictions.load(run.predictions)
    part = "test" if (predictions.parts == "test").any() else "valid"
    metrics = evaluate(predictions, part, load_points(run.points))
    metrics.save(run.metrics)
    _tell(f"macro AUROC {metrics.macro.auroc} on the part {part}")


def _check(names: tuple[str, ...], missing: list[Problem]) -> None:
    if not names:
        first = f"; {missing[0].path}: {missing[0].reason}" if missing else ""
        raise WrongInput(f"no finding has films enough to be fitted on{first}")


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
