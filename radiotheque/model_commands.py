"""`radiotheque models`: the versions, what searches use, which one is live, others to fetch.

A version is added as a candidate, which Triton then serves beside the live one, and made live by
hand. Making a former one live again is the way back.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from radiotheque import model_fetch
from radiotheque.store_commands import operator_settings, with_rows
from store.ports import Rows
from store.records import ModelRow


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add `models list|add|live|fetch`."""
    group = commands.add_parser("models", help="the model's versions, and which is live")
    actions = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser("list", help="every version, and how far its embeddings are")
    shown.set_defaults(run=with_rows(run_list))
    add = actions.add_parser("add", help="store a run's model, or a built one, as a candidate")
    add.add_argument("folder", type=Path, metavar="RUN", help="has model.onnx and model.json")
    add.set_defaults(run=with_rows(run_add))
    model_fetch.register(actions)
    live = actions.add_parser("live", help="make a version live; a former one: roll back")
    live.add_argument("version", type=int)
    live.set_defaults(run=with_rows(run_live))


def run_list(rows: Rows, chosen: argparse.Namespace) -> None:
    """Print one JSON object a version, in order."""
    del chosen
    used, filling = rows.vectors.version(), rows.models.filling()
    progress = asdict(filling) if filling else None
    for row in rows.models.all():
        print(json.dumps(_summary(row, used, progress)))


def run_add(rows: Rows, chosen: argparse.Namespace) -> None:
    """Store and register the folder's model."""
    from store.objects import connect
    from workers.models import store_model

    row = store_model(chosen.folder, rows.models, connect(operator_settings()), "candidate")
    print(
        f"{row.manifest.label} is a {row.state}; `models live {row.manifest.version}` releases it"
    )


def run_live(rows: Rows, chosen: argparse.Namespace) -> None:
    """Make the version live and say what searches use."""
    row = rows.models.set_live(chosen.version)
    print(f"{row.manifest.label} is live")
    filling = rows.models.filling()
    if filling:
        print(
            f"searches use embedding version {filling.used} until the films that lack"
            f" {filling.wanted} ({filling.missing} of {filling.films}) have it"
        )


def _summary(row: ModelRow, used: str | None, filling: dict[str, Any] | None) -> dict[str, Any]:
    """Return what is said of a version; the live one says how far its embeddings are."""
    version = row.manifest.embedding_version
    said: dict[str, Any] = {
        "model": row.manifest.label,
        "version": row.manifest.version,
        "state": row.state,
        "embedding_version": version,
        "searched": version == used,
        "checks_films": row.manifest.check is not None,
        "registered_at": row.registered_at.isoformat(),
    }
    return said | {"filling": filling} if row.state == "live" else said
