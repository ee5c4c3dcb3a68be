"""`radiotheque export RUN`: a run's model as it is served, model.onnx and model.json."""

import argparse
from pathlib import Path
from typing import Any

from training.run_folder import RunFolder


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `export`."""
    parser = commands.add_parser("export", help="write a run's model.onnx and model.json anew")
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="what `train --out` made")
    parser.add_argument("--name", help="the model's name; the backbone's unless it is said")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> None:
    """Export; print what the model is and how it is added."""
    folder = RunFolder.of(chosen.run_folder)
    from training.export.run_export import export_run

    manifest = export_run(folder, chosen.name)
    print(
        f"{folder.onnx}: {manifest.name}, {manifest.side} x {manifest.side} pixels,"
        f" {manifest.features} features, map {manifest.map_height} x {manifest.map_width},"
        f" {len(manifest.assessed)} findings"
    )
    print(f"sha256 {manifest.sha256}")
    print(f"`radiotheque models add {folder.path}` adds it to a running system")
