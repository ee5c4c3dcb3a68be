"""The application on fakes with phantom films and analyses, served on a free port.

A small pipeline stands in for ingest and analyse: what is uploaded is really decoded and
developed, then scored by arithmetic on its pixels, so that pages can be driven without services.
`python -m tests.browser.seeded [PORT]` serves it to look at by hand.
"""

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import numpy as np
from PIL import Image, ImageDraw
from werkzeug.serving import WSGIRequestHandler, make_server

from ingest.renditions import develop
from schemas.findings import FINDINGS
from schemas.models import (
    CARD_FILE,
    ModelManifest,
    OperatingPoint,
    OperatingPoints,
    model_key,
)
from stack.phantoms import DRAWN_FINDINGS, draw, to_8_bits
from store.ports import held_key
from store.records import Account, Drop, LabelRow, Letter, Receipt, Role
from store.settings import Settings
from store.similar import Similar
from tests.browser.pipeline import MAP, NOT_ASSESSED, Pipeline
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.web.conftest import NoCache
from tests.web.library import card_file, starter_card
from web.accounts import hash_password
from web.app import create_app
from web.deps import Deps

PASSWORD = "un bon mot de passe"


def manifest() -> ModelManifest:
    """Return a model with three other thresholds for each finding."""
    points = {}
    for index, name in enumerate(FINDINGS):
        if name in NOT_ASSESSED:
            continue
        high = 0.08 + 0.03 * index
        points[name] = OperatingPoints(
            alert=OperatingPoint(threshold=high / 1.5, sensitivity=0.71, specificity=0.83),
            sensitive=OperatingPoint(threshold=high / 2.5, sensitivity=0.9, specificity=0.52),
            specific=OperatingPoint(threshold=high, sensitivity=0.42, specificity=0.95),
        )
    return ModelManifest(
        name="starter",
        version=1,
        side=224,
        features=4,
        map_height=MAP,
        map_width=MAP,
        embedding_version="e1",
        assessed=tuple(points),
        operating_points=points,
        card=card_file(starter_card()),
    )


@dataclass
class Seeded:
    """The running application and what it stands on."""

    url: str
    rows: FakeRows
    objects: FakeObjects
    accounts: dict[Role, Account]
    films: list[str]
    status: dict[str, Any]
    pipeline: Pipeline


class _Quiet(WSGIRequestHandler):
    """Serves without a line for each request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def phantom_png(seed: int, side: int = 384) -> bytes:
    """Return a phantom as an 8-bit PNG; every fifth one is not square."""
    samples = (draw(seed, side) >> 4).astype(np.uint8)
    if seed % 5 == 4:
        samples = samples[:, side // 10 : -side // 10]
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _status(rows: FakeRows) -> dict[str, Any]:
    names = ("kafka", "minio", "postgres", "redis", "triton", "models", "ingest", "analyse")
    states = dict.fromkeys(names, "healthy") | {"similar": "starting", "relay": "healthy"}
    return {
        "processes": [
            {"name": name, "state": state, "pid": 4200 + place, "restarts": place % 2}
            for place, (name, state) in enumerate(states.items())
        ],
        "topics": [
            {"name": "object.created", "lag": {"ingest": 0}},
            {"name": "analysis.requested", "lag": {"analyse": 0}},
            {"name": "analysis.requested.bulk", "lag": {"analyse": 128}},
            {"name": "radiograph.analysed", "lag": {"similar": None}},
        ],
        "dead_letters": 0 if rows.down else rows.letters.open_count(),
        "model": {"name": "starter", "version": 1},
    }


def _letters(rows: FakeRows, count: int) -> None:
    for offset in range(count):
        letter = Letter(
            id=uuid4(),
            topic="analysis.requested",
            partition=3,
            offset=40 + offset,
            group="analyse",
            key=b"k",
            headers=(),
            value=b"{}",
            reason="wanted an analysis.requested of version 1, came version 9",
            attempts=1,
            state="open",
            recorded_at=datetime.now(UTC),
        )
        rows.letters.add(letter, [])


def hold(rows: FakeRows, objects: FakeObjects, seed: int) -> Receipt:
    """Put a phantom with a name drawn into it into quarantine."""
    picture = Image.fromarray(to_8_bits(draw(seed, 512)))
    ImageDraw.Draw(picture).text((12, 12), "DUPONT JEANNE 04/05/1961", fill=255, font_size=22)
    out = io.BytesIO()
    picture.save(out, "PNG")
    drop = Drop(
        "dropzone", f"uploads/held-{uuid4()}", "v", 9, "first", "local", "upload", f"{seed}.dcm"
    )
    made = develop(np.asarray(picture))
    # Held at once: the pipeline must not see it received.
    with rows.tables.lock:
        [receipt] = rows.receipts.open_many([drop])
        objects.put("quarantine", held_key(receipt.id, "raw"), out.getvalue())
        objects.put("quarantine", held_key(receipt.id, "display"), made.display)
        rows.quarantine.hold(
            receipt,
            code="burned-in",
            wanted="a film without text in its pixels",
            came="one that says it has some (BurnedInAnnotation)",
            events=[],
        )
    return receipt


def _people(rows: FakeRows) -> dict[Role, Account]:
    hashed = hash_password(PASSWORD)
    admin = rows.accounts.add("admin", "admin", hashed, by=None)
    roles: tuple[Role, ...] = ("viewer", "radiologist", "steward")
    others = {role: rows.accounts.add(role, role, hashed, by=admin.id) for role in roles}
    return {"admin": admin, **others}


def _library(rows: FakeRows, pipeline: Pipeline, count: int, reader: Account) -> list[str]:
    films: list[str] = []
    started = datetime.now(UTC) - timedelta(days=count)
    for seed in range(count):
        drop = Drop("dropzone", f"bulk/{seed}", "v1", 1, "bulk", "local", "demo",
                    filename=f"phantom-{seed:03}.png")  # fmt: skip
        receipt = rows.receipts.open_many([drop])[0]
        drawn = DRAWN_FINDINGS[seed % len(DRAWN_FINDINGS)]
        film = pipeline.take(receipt, phantom_png(seed), drawn)
        assert film is not None
        films.append(film)
        kept = rows.tables.films[film]
        rows.tables.films[film] = replace(kept, created_at=started + timedelta(days=seed))
    for film in films[1::7]:
        labels = {"Pleural Effusion": 1, "Pneumothorax": 0, "Edema": -1}
        rows.readings.record(
            film, labels, account=reader.id, answer_visible=True, model="starter/1"
        )
    imported = LabelRow("Cardiomegaly", 1, "imported", "nih", datetime.now(UTC))
    for film in films[1::7]:
        rows.films.add_labels(film, [imported])
    rows.readings.comment(films[-1], "Base droite à revoir au scanner.", account=reader.id)
    return films


@contextmanager
def seeded(films: int = 60, port: int = 0) -> Iterator[Seeded]:
    """Serve the application until the block ends."""
    rows, objects = FakeRows(), FakeObjects()
    people = _people(rows)
    rows.models.register(manifest(), "live")
    objects.put("models", model_key(manifest(), CARD_FILE), starter_card())
    pipeline = Pipeline(rows, objects, "site")
    made = _library(rows, pipeline, films, people["radiologist"])
    _letters(rows, 2)
    for seed in (901, 902, 903):
        hold(rows, objects, seed)
    with TemporaryDirectory() as folder:
        settings = Settings.model_validate(
            {
                "site_secret": "site",
                "state_dir": Path(folder),
                "kafka_bootstrap": "nowhere:1",
                "s3_endpoint": "nowhere:1",
                "s3_access_key": "a",
                "s3_secret_key": "s",
                "postgres_password": "p",
                "redis_url": "redis://nowhere",
                "triton_secret": "t",
                "web_secret": "a secret of tests",
            }
        )
        cache = NoCache()
        status = _status(rows)
        similar = Similar(settings, rows, cache)
        deps = Deps(rows, objects, cache, similar, lambda: status)
        server = make_server(
            "127.0.0.1",
            port,
            create_app(settings, deps),
            threaded=True,
            request_handler=_Quiet,
        )
        serving = threading.Thread(target=server.serve_forever, daemon=True, name="server")
        pipeline.start()
        serving.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            yield Seeded(url, rows, objects, people, made, status, pipeline)
        finally:
            pipeline.stop()
            server.shutdown()
            serving.join(10)
            server.server_close()


if __name__ == "__main__":
    with seeded(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0) as running:
        print(f"{running.url} — radiologist / {PASSWORD}", flush=True)  # noqa: T201 - by hand
        threading.Event().wait()
