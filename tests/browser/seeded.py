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
from numpy.typing import NDArray
from PIL import Image, ImageDraw, UnidentifiedImageError
from werkzeug.serving import WSGIRequestHandler, make_server

from ingest.black_out import black_out
from ingest.renditions import develop
from schemas.facts import KnownFacts
from schemas.findings import FINDINGS, INDEX
from schemas.models import (
    CARD_FILE,
    EMBEDDING_WIDTH,
    ModelManifest,
    OperatingPoint,
    OperatingPoints,
    model_key,
)
from stack.phantoms import DRAWN_FINDINGS, draw, to_8_bits
from store.ports import held_key, rendition_key
from store.records import Account, Analysis, Drop, Film, LabelRow, Letter, Receipt, Rendition, Role
from store.settings import Settings
from store.similar import Similar
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.web.conftest import NoCache
from tests.web.library import card_file, starter_card
from web.accounts import hash_password
from web.app import create_app
from web.deps import Deps

PASSWORD = "un bon mot de passe"
NOT_ASSESSED = ("Enlarged Cardiomediastinum", "Fracture", "Support Devices")
#: What a drawn finding raises, so that the screens have something to show.
RAISED = {
    "none": ("No Finding",),
    "opacity": ("Lung Opacity", "Consolidation", "Pneumonia", "Lung Lesion"),
    "effusion": ("Pleural Effusion", "Lung Opacity", "Atelectasis"),
    "large heart": ("Cardiomegaly", "Edema"),
    "pneumothorax": ("Pneumothorax",),
}
MAP = 7


def manifest() -> ModelManifest:
    """Return a model with a different pair of thresholds for each finding."""
    points = {}
    for index, name in enumerate(FINDINGS):
        if name in NOT_ASSESSED:
            continue
        alert = 0.08 + 0.03 * index
        points[name] = OperatingPoints(
            alert=OperatingPoint(threshold=alert, sensitivity=0.71, specificity=0.83),
            sensitive=OperatingPoint(threshold=alert / 2.5, sensitivity=0.9, specificity=0.52),
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
    pipeline: "Pipeline"


class _Quiet(WSGIRequestHandler):
    """Serves without a line for each request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class Pipeline:
    """Ingest and analyse in one thread, while `working` is set."""

    def __init__(self, rows: FakeRows, objects: FakeObjects) -> None:
        self._rows = rows
        self._objects = objects
        self.working = threading.Event()
        self.working.set()
        self._ended = threading.Event()
        rng = np.random.default_rng(7)
        self._projection = rng.normal(size=(1024, EMBEDDING_WIDTH)).astype(np.float32)
        self._thread = threading.Thread(target=self._run, daemon=True, name="pipeline")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End and wait for it."""
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            if not self.working.is_set() or self._rows.down:
                continue
            with self._rows.tables.lock:
                waiting = [
                    one for one in self._rows.tables.receipts.values() if one.state == "received"
                ]
            for receipt in waiting:
                if receipt.held_at is None:
                    data = self._objects.read(receipt.bucket, receipt.key)
                else:
                    data = self._objects.read("quarantine", held_key(receipt.id, "raw"))
                self.take(receipt, data)

    def take(self, receipt: Receipt, data: bytes, drawn: str | None = None) -> str | None:
        """Bring one drop to its end; return the film's id, None when it is refused."""
        film = self.accept(receipt, data)
        if film is None:
            return None
        self.analyse(film, drawn)
        return film.id

    def accept(self, receipt: Receipt, data: bytes) -> Film | None:
        """Store one drop's film, not analysed yet; None when it is refused."""
        try:
            picture = Image.open(io.BytesIO(data))
            picture.load()
        except (UnidentifiedImageError, OSError):
            self._rows.receipts.reject(
                receipt,
                code="not-an-image",
                wanted="PNG, JPEG",
                came=f"{len(data)} bytes",
                events=[],
            )
            return None
        whole = np.asarray(picture if picture.mode == "I;16" else picture.convert("L"))
        samples = black_out(whole, receipt.black_out)
        made = develop(samples)
        film = Film(
            id=made.film,
            width=made.width,
            height=made.height,
            bits=made.bits,
            site="local",
            source=receipt.source,
            signature=made.signature,
            patient=receipt.form.patient or f"patient {int(made.film[:4], 16) % 40}",
            study=receipt.form.study,
            view=receipt.form.view or ("PA", "AP", None)[int(made.film[0], 16) % 3],
            facts=KnownFacts(
                sex="F",
                age=int(made.film[:2], 16) % 91,
                study_date=receipt.form.study_date,
                pixel_spacing=(0.139, 0.139),
                maker="Acme",
                device="DR-7",
                modality="DX",
            ),
        )
        pictures: dict[Rendition, bytes] = {
            "full": made.full,
            "display": made.display,
            "thumbnail": made.thumbnail,
        }
        for rendition, content in pictures.items():
            self._objects.put("radiographs", rendition_key(film.id, rendition), content)
        self._rows.receipts.accept(receipt, film, [])
        return film

    def analyse(self, film: Film, drawn: str | None = None) -> None:
        """Save what the model would say."""
        self._rows.analyses.save([self._analysis(film, drawn)], [])

    def _analysis(self, film: Film, drawn: str | None) -> Analysis:
        rng = np.random.default_rng(int(film.id[:12], 16))
        scores = rng.beta(1.2, 40, 14).astype(np.float32)
        for name in RAISED.get(drawn or "none", ()):
            scores[INDEX[name]] = rng.uniform(0.35, 0.9)
        scores[[INDEX[name] for name in NOT_ASSESSED]] = np.nan
        small = np.frombuffer(film.signature, np.uint8).astype(np.float32)
        vector = (small - small.mean()) @ self._projection
        return Analysis(
            film=film.id,
            model=1,
            model_label="starter/1",
            embedding_version="e1",
            preprocessing="p1",
            probabilities=scores,
            embedding=(vector / np.linalg.norm(vector)).astype(np.float32),
            features=np.zeros(4, np.float16),
            activation=_maps(rng),
            analysed_at=datetime.now(UTC),
        )


def _maps(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return uint8 (14, 7, 7): one soft spot for each finding."""
    y, x = np.mgrid[0:MAP, 0:MAP]
    spots = []
    for _ in FINDINGS:
        at = rng.uniform(1.5, MAP - 2.5, 2)
        spots.append(255 * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / 2.5))
    return np.stack(spots).astype(np.uint8)


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
    pipeline = Pipeline(rows, objects)
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
