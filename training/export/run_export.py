"""Exports a run: model.onnx, model.json and card.md, what `radiotheque models add RUN` takes.

The same run gives the same bytes, however often it is exported.
"""

import re
from collections.abc import Sequence
from typing import Any

import keras

from schemas.findings import INDEX
from schemas.model_card import Reliability
from schemas.models import RUN_VERSIONS, ModelManifest
from training.errors import WrongInput
from training.evaluate.points_file import load_points
from training.evaluate.predictions import Predictions
from training.export.onnx_model import read_manifest, write_manifest, write_onnx
from training.export.served_graph import embedding_version
from training.fit.linear import Heads
from training.fit.points import reliable
from training.fit.policies import consistent, truth
from training.fit.run_settings import RunSettings
from training.report.run_card import write_run_card
from training.run_folder import RunFolder


def export_run(run: RunFolder, name: str | None = None) -> ModelManifest:
    """Write a run's model.onnx, model.json and card.md; return the manifest.

    Read are settings.json, model.keras, heads.npz, operating_points.json and, where they are
    there, predictions.csv and metrics.json. name: of the model, `[a-z0-9-]+`; without one it keeps
    the name of an earlier export, or takes the backbone's. Its number is given by the system that
    it is added to.
    Raises WrongInput for another name, or a run that lacks a file.
    """
    earlier = read_manifest(run.manifest) if run.manifest.is_file() else None
    settings = RunSettings.load(run.settings)
    named = name or (earlier.name if earlier else model_name(settings.backbone))
    if not re.fullmatch(r"[a-z0-9-]+", named):
        raise WrongInput(f"--name: wanted small letters, digits and hyphens, came {named!r}")
    points = load_points(run.points)
    if not run.heads.is_file():
        raise WrongInput(f"wanted the heads of a run, there is no {run.heads}")
    heads = Heads.load(run.heads)
    graph = _graph(run)
    predictions = Predictions.load(run.predictions) if run.predictions.is_file() else None
    said = trained_on(predictions) if predictions else ""
    shapes = {name: tuple(tensor.shape[1:]) for name, tensor in graph.output.items()}
    manifest = ModelManifest(
        name=named,
        version=RUN_VERSIONS,
        side=graph.input.shape[1],
        features=shapes["features"][0],
        map_height=shapes["activation"][1],
        map_width=shapes["activation"][2],
        embedding_version=embedding_version(graph, settings.backbone, heads),
        assessed=heads.names,
        operating_points={name: points[name] for name in heads.names if name in points},
        sha256=write_onnx(graph, run.onnx),
        trained_on=said or (earlier.trained_on if earlier else ""),
        verdicts=verdicts(predictions, settings, heads.names) if predictions else {},
    )
    write_manifest(manifest, run.manifest)
    write_run_card(run, manifest)
    return manifest


def model_name(backbone: str) -> str:
    """Return a backbone's name as a model's: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", backbone.lower()).strip("-") or "model"


def trained_on(predictions: Predictions) -> str:
    """Return how many films of how many patients a run was fitted on, and where they come from."""
    table = predictions.of("train").table
    if not len(table):
        return ""
    known = sorted({str(source) for source in table.sources} - {""})
    sources = f"{', '.join(known)}: " if known else ""
    patients = len({str(patient) for patient in table.patients})
    return f"{sources}{len(table)} films of {patients} patients"


def verdicts(
    predictions: Predictions, settings: RunSettings, names: Sequence[str]
) -> dict[str, Reliability]:
    """Return whether each finding can be relied on, by the validation part; {} without films.

    An unreliable finding never alerts where the model is served, as it never does in metrics.json.
    """
    valid = predictions.of("valid")
    if not len(valid.table):
        return {}
    columns = [INDEX[name] for name in names]
    known = truth(consistent(valid.table.labels), settings.not_mentioned)[:, columns]
    trusted = reliable(known, valid.scores[:, columns], valid.table.patients, names)
    return {name: "reliable" if name in trusted else "unreliable" for name in names}


def _graph(run: RunFolder) -> Any:
    """Return the served graph as the run keeps it. Raises WrongInput for a damaged file."""
    try:
        return keras.models.load_model(run.model, compile=False)
    except (ValueError, OSError) as error:
        said = str(error).strip().splitlines()
        raise WrongInput(f"{run.model}: no model that Keras can read: {said[0][:200]}") from error
