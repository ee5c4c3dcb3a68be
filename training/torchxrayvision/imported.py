"""From a file of TorchXRayVision's to a run's folder like any other."""

import hashlib
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from schemas.findings import FINDINGS
from schemas.models import ModelManifest
from training.backbones.torch_weights import TorchFile, read_torch
from training.backbones.torchxrayvision_densenet121 import (
    NAME,
    TORCHXRAYVISION,
    load_tensors,
    network,
)
from training.errors import WrongInput
from training.evaluate.points_file import save_points
from training.export.onnx_model import read_manifest, write_manifest
from training.export.run_export import export_run, model_name
from training.export.served_graph import served_graph
from training.fit.feature_model import feature_model
from training.fit.run_settings import RunSettings
from training.run_folder import RunFolder
from training.torchxrayvision.classifier import (
    Classifier,
    Rescaled,
    classifier,
    published_heads,
    published_points,
    random_projection,
)
from training.torchxrayvision.published import LICENCE, OUTPUTS, SETS, Published, of_file


@dataclass(frozen=True)
class Imported:
    """A file that was read. model: uint8 (n, side, side) -> its features (feature_model.py)."""

    model: keras.Model
    classifier: Classifier
    known: Published | None
    settings: RunSettings

    @property
    def name(self) -> str:
        """What the model is called here."""
        return model_name(self.known.name if self.known else NAME)


def read_network(file: Path, side: int, name: str | None) -> Imported:
    """Return the network of a file. name: the publisher's set it is, unless its name says so.

    Raises WrongInput, in one line, for a file that is none, a name that is none, or a side.
    """
    if name is not None and name not in SETS:
        raise WrongInput(f"--set: wanted one of {', '.join(SETS)}; came {name!r}")
    known = SETS[name] if name else of_file(file.name)
    if not 64 <= side <= 1024:
        raise WrongInput(f"--side: wanted 64 to 1024, came {side}")
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        came = read_torch(file)
        last = classifier(came, known)
        model = _features(came, side)
    except OSError as error:
        raise WrongInput(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise WrongInput(f"{file} is no DenseNet121 of TorchXRayVision: {error}") from None
    return Imported(model, last, known, RunSettings(backbone=NAME, side=side, weights=digest))


def write_run(imported: Imported, out: Path) -> RunFolder:
    """Write the run's folder: what the publisher trained, with the publisher's operating points.

    It has no predictions and no metrics: no film was looked at. Raises WrongInput where there is
    something of that name.
    """
    run = RunFolder.new(out)
    try:
        imported.settings.save(run.settings)
        last = imported.model.get_layer("network").get_layer("features.norm5")
        gain, shift = (np.asarray(weight, np.float64) for weight in last.get_weights()[:2])
        heads = published_heads(imported.classifier, (gain, shift))
        turned = random_projection()
        heads.save(run.heads)
        np.savez(run.projection, projection=turned.astype(np.float16))
        rescale = Rescaled(imported.classifier, heads)
        served_graph(imported.model, heads, turned, "served", rescale=rescale).save(run.model)
        save_points(published_points(imported.classifier), run.points)
        describe(run, imported, refitted="")
    except BaseException:
        shutil.rmtree(out)
        raise
    return run


def describe(run: RunFolder, imported: Imported, *, refitted: str) -> ModelManifest:
    """Write card.md, and model.onnx and model.json where a refit has not.

    refitted: the films of a refit, or "".
    """
    films = imported.known.films if imported.known else "films that the file does not name"
    manifest = read_manifest(run.manifest) if refitted else export_run(run)
    said = f"{films} (TorchXRayVision)"
    if refitted:
        said += f"; calibrated on {manifest.trained_on or refitted}"
    manifest = manifest.model_copy(update={"name": imported.name, "trained_on": said})
    write_manifest(manifest, run.manifest)
    # What a refit measured is told first; of an import nothing was measured.
    measured = run.card.read_text() + "\n#" if refitted else ""
    run.card.write_text(measured + _card(imported, manifest, refitted))
    return manifest


def _features(came: TorchFile, side: int) -> keras.Model:
    inner = network(side)
    load_tensors(inner, came.tensors)
    return feature_model(replace(TORCHXRAYVISION, build=lambda *_: inner), side, "none")


def _card(imported: Imported, manifest: ModelManifest, refitted: str) -> str:
    findings = imported.classifier.findings
    rows = []
    for name in FINDINGS:
        made = " or ".join(OUTPUTS[place] for place in findings.get(name, ()))
        if name in manifest.assessed and not made:
            made = "a head fitted here"
        at = manifest.operating_points.get(name)
        where = f"{at.suspected.threshold:g}" if at and name in manifest.assessed else ""
        rows.append(f"| {name} | {made or 'not assessed'} | {where} |")
    known = imported.known
    worth = (
        f"Calibration and operating points are of {refitted}; metrics.json says what they are"
        " worth there."
        if refitted
        else "Unknown on films of this system: no film was looked at. Scores are the publisher's"
        " own, not calibrated; 0.5 is the publisher's operating point of each output. Heat maps"
        " and embedding are centred by the network's own last normalisation. `radiotheque"
        " evaluate` measures the model on labelled films, `--refit` calibrates it on them."
    )
    lines = [
        f"# {imported.name}",
        "",
        "DenseNet121 of TorchXRayVision (Cohen et al. 2022, arXiv 2111.00595), imported.",
        "Research use: not a medical device.",
        "",
        f"- Trained by its publisher on: {known.films if known else 'not said by the file'}",
        f"- Published at: {known.address if known else 'unknown'}",
        f"- Licence: {LICENCE if known else 'unknown'}",
        f"- SHA-256 of the file: {imported.settings.weights}",
        f"- Input: {manifest.side} x {manifest.side} pixels, grey; scaled to -1024..1024 inside",
        "",
        "## What it is worth",
        "",
        worth,
        "",
        "## Findings",
        "",
        "| finding | the publisher's output | suspected from |",
        "|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"
