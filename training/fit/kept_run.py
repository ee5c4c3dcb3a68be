"""What a fit comes to, in the run's folder: heads, graph, points, every film's scores."""

from dataclasses import dataclass, replace

import keras
import numpy as np
from numpy.typing import NDArray

from schemas.findings import FINDINGS, INDEX
from schemas.models import OperatingPoints
from training.data.prepared import PreparedFilms
from training.evaluate.points_file import save_points
from training.evaluate.predictions import Predictions
from training.export.map_scale import map_scale
from training.export.served_graph import served_graph
from training.fit.chosen_heads import Chosen
from training.fit.features import Features
from training.fit.linear import Heads
from training.fit.points import chosen_points
from training.fit.policies import consistent
from training.fit.projection import projection
from training.fit.run_settings import RunSettings
from training.run_folder import RunFolder

#: Films whose maps are looked at together.
_LOT = 64


@dataclass(frozen=True)
class Fitted:
    """model: uint8 (n, side, side) -> the features, in float32. chosen: heads on them."""

    model: keras.Model
    features: Features
    chosen: Chosen


@dataclass(frozen=True)
class Kept:
    """What is judged. reliable: by the validation part (training/fit/points.py)."""

    predictions: Predictions
    points: dict[str, OperatingPoints]
    reliable: tuple[str, ...]


def keep(
    run: RunFolder,
    films: PreparedFilms,
    settings: RunSettings,
    fitted: Fitted,
) -> Kept:
    """Write heads, projection, served graph, operating points and predictions."""
    parts, found = films.parts, fitted.features
    heads = _as_served(fitted.chosen, found, parts)
    turned = projection(heads, found.pooled[parts == "train"])
    heads.save(run.heads)
    np.savez(run.projection, projection=turned.astype(np.float16))
    served_graph(fitted.model, heads, turned, "served").save(run.model)
    readable = np.flatnonzero(films.readable)
    columns = [INDEX[name] for name in heads.names]
    scores = np.full((len(readable), len(FINDINGS)), np.nan)
    scores[:, columns] = heads.scores(found.pooled[readable])
    predictions = Predictions(films.table.take(readable), parts[readable], scores)
    predictions.save(run.predictions)
    valid = predictions.of("valid")
    points, reliable = chosen_points(
        consistent(valid.table.labels),
        settings.not_mentioned,
        valid.scores[:, columns],
        valid.table.patients,
        heads.names,
    )
    save_points(points, run.points)
    return Kept(predictions, points, reliable)


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
    shown = (found.last[part] for part in np.array_split(mine, -(-len(mine) // _LOT)))
    return replace(heads, map_scale=map_scale(shown, heads))
