"""Run in the training environment: runs of random weights, as `train` leaves them, exported.

python -m tests.training.random_run OUT SIDE BACKBONE...

Each is a folder OUT/BACKBONE, and OUT/BACKBONE/parity.json says how Keras and ONNX Runtime agree.
"""

import io
import json
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import keras
import numpy as np

from schemas.film_tensor import to_tensor
from schemas.models import OperatingPoint, OperatingPoints
from stack.phantoms import draw, to_8_bits
from training.__main__ import main
from training.backbones import named, names
from training.data.table import NO_AGE, NOT_MENTIONED, FilmTable
from training.evaluate.points_file import save_points
from training.evaluate.predictions import Predictions
from training.export.map_scale import map_scale
from training.export.onnx_model import read_manifest
from training.export.parity import differences
from training.export.served_graph import served_graph
from training.fit.feature_model import feature_model
from training.fit.linear import Heads
from training.fit.projection import whitening
from training.fit.run_settings import RunSettings
from training.run_folder import RunFolder

FILMS = 12
ASSESSED = ("No Finding", "Cardiomegaly", "Edema", "Pneumonia", "Pleural Effusion")


def make(run: RunFolder, backbone: str, side: int, seed: int = 1) -> None:
    """Fill the folder with all that an export reads: heads and points are drawn, not learned."""
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    RunSettings(backbone=backbone, side=side, weights="none", seed=seed).save(run.settings)
    base = feature_model(named(backbone), side, "none")
    phantoms = [to_8_bits(draw(number, 256)) for number in range(FILMS)]
    pooled, last = (
        np.asarray(answer)
        for answer in base(np.stack([to_tensor(film, side) for film in phantoms]))
    )
    # As weights that were learned have it, channels differ from film to film.
    scale = pooled.std(axis=0) + 1e-3 * np.abs(pooled).max()
    count = len(ASSESSED)
    heads = Heads(
        names=ASSESSED,
        mean=pooled.mean(axis=0),
        scale=scale.astype(np.float32),
        weights=rng.normal(0, 1 / np.sqrt(len(scale)), (len(scale), count)).astype(np.float32),
        bias=rng.normal(0, 0.5, count).astype(np.float32),
        map_scale=np.ones(count, np.float32),
    )
    heads = Heads(**(vars(heads) | {"map_scale": map_scale([last], heads)}))
    heads.save(run.heads)
    axes = whitening((pooled - heads.mean).astype(np.float64)) * scale[:, None]
    projection = (axes / np.abs(axes).max()).astype(np.float16)
    np.savez(run.projection, projection=projection)
    served_graph(base, heads, projection, "run").save(run.model)
    point = OperatingPoint(threshold=0.5, sensitivity=0.7, specificity=0.7)
    low = OperatingPoint(threshold=0.4, sensitivity=0.9, specificity=0.4)
    high = OperatingPoint(threshold=0.6, sensitivity=0.3, specificity=0.95)
    points = OperatingPoints(alert=point, sensitive=low, specific=high)
    save_points(dict.fromkeys(ASSESSED, points), run.points)
    predictions().save(run.predictions)


def predictions() -> Predictions:
    """Return those of twelve films of six patients, drawn."""
    words = [np.array([text] * FILMS) for text in ("", "", "PA", "M", "drawn", "")]
    files, _, views, sexes, sources, fixed = words
    table = FilmTable(
        paths=np.array([f"{number}.png" for number in range(FILMS)]),
        files=files,
        patients=np.array([f"p{number // 2}" for number in range(FILMS)]),
        labels=np.full((FILMS, 14), NOT_MENTIONED, np.int8),
        views=views,
        sexes=sexes,
        ages=np.full(FILMS, NO_AGE, np.int16),
        sources=sources,
        fixed=fixed,
    )
    parts = np.array(["train"] * 8 + ["valid"] * 2 + ["test"] * 2)
    return Predictions(table, parts, np.full((FILMS, 14), 0.5))


def export(folder: RunFolder, *words: str) -> tuple[int, str]:
    """Return what the command ends with, and its line of what was wrong."""
    said = io.StringIO()
    with redirect_stderr(said):
        code = main(["export", str(folder.path), *words])
    return code, said.getvalue()


def exported_again(folder: RunFolder) -> dict[str, Any]:
    """Return what becomes of another export: under a name, without a file, by a bad name."""
    before, said = folder.onnx.read_bytes(), folder.manifest.read_bytes()
    code, _ = export(folder, "--name", "mine")
    found: dict[str, Any] = {"code": code, "same": folder.onnx.read_bytes() == before}
    manifest = read_manifest(folder.manifest)
    export(folder)
    found["name_kept"] = read_manifest(folder.manifest) == manifest
    found["name"] = manifest.name
    found["bad_name"] = export(folder, "--name", "Mine!")
    folder.heads.rename(folder.path / "away")
    found["without_heads"] = export(folder)
    (folder.path / "away").rename(folder.heads)
    folder.manifest.write_bytes(said)
    return found


if __name__ == "__main__":
    out, side, *backbones = sys.argv[1:]
    (Path(out) / "backbones.json").write_text(json.dumps(names()))
    for each in backbones:
        run = RunFolder.new(Path(out) / each)
        make(run, each, int(side))
        if main(["export", str(run.path)]):
            sys.exit(f"{each} was not exported")
        (run.path / "parity.json").write_text(json.dumps(differences(run.path), indent=2))
    if len(backbones) > 1 and "MobileNetV2" in backbones:
        first = RunFolder(Path(out) / backbones[0])
        (first.path / "again.json").write_text(json.dumps(exported_again(first), indent=2))
