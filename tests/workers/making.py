"""What the tests of workers are made of: settings, films, requests, a model, a manifest."""

import io
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from schemas.envelope import Message, to_message
from schemas.events import AnalysisRequested, AnalysisRequestedBulk
from schemas.findings import FINDINGS
from schemas.flow import Lanes
from schemas.identities import film_id
from schemas.models import ModelManifest, OperatingPoint, OperatingPoints
from store.log import Record
from store.ports import rendition_key
from store.records import Drop, Film
from store.settings import Settings, load_settings
from tests.fakes.log import FakeLog
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from tests.fakes.triton import FEATURES, MAP, NOT_ASSESSED

LANES = Lanes("analyse", ("analysis.requested",), ("analysis.requested.bulk",))
NOW = datetime(2026, 11, 24, tzinfo=UTC)
SIDE = 64


def settings(**changes: object) -> Settings:
    """Return settings that name nothing real."""
    return load_settings(
        {"RADIOTHEQUE_STATE": "/nowhere"},
        **{
            "site": "test",
            "site_secret": "s",
            "kafka_bootstrap": "127.0.0.1:1",
            "s3_endpoint": "127.0.0.1:1",
            "s3_access_key": "a",
            "s3_secret_key": "b",
            "postgres_password": "p",
            "keep_taken_s": 0.0,
            "redis_url": "redis://127.0.0.1:1/0",
            "triton_secret": "t",
            "web_secret": "w",
        }
        | changes,
    )


def manifest(version: int = 1, embedding_version: str = "e1") -> ModelManifest:
    """Return a manifest that fits the fake Triton."""
    point = OperatingPoint(threshold=0.6, sensitivity=0.7, specificity=0.7)
    sensitive = OperatingPoint(threshold=0.3, sensitivity=0.9, specificity=0.4)
    assessed = tuple(name for name in FINDINGS if name not in NOT_ASSESSED)
    return ModelManifest(
        name="fake",
        version=version,
        side=SIDE,
        features=FEATURES,
        map_height=MAP,
        map_width=MAP,
        embedding_version=embedding_version,
        assessed=assessed,
        operating_points={
            name: OperatingPoints(alert=point, sensitive=sensitive) for name in assessed
        },
    )


def samples(seed: int) -> NDArray[np.uint8]:
    """Return a small picture, unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (8, 8), dtype=np.uint8)
    return np.kron(coarse, np.ones((10, 9), np.uint8))


def png(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as ingest stores it."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", compress_level=1)
    return out.getvalue()


def store_film(
    rows: FakeRows,
    objects: FakeObjects,
    picture: NDArray[np.uint8],
    *,
    lane: str = "bulk",
    patient: str | None = None,
    with_object: bool = True,
) -> tuple[str, UUID]:
    """Do what ingest does with a drop of this picture; return film and receipt."""
    film = film_id(picture)
    source = "upload" if lane == "first" else "dropzone"
    drop = Drop("dropzone", film, f"v{len(rows.tables.receipts)}", 1, lane, "test", source)  # type: ignore[arg-type]
    (receipt,) = rows.receipts.open_many([drop])
    if with_object:
        objects.put("radiographs", rendition_key(film, "full"), png(picture), "image/png")
    small = np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX))
    row = Film(
        id=film,
        width=picture.shape[1],
        height=picture.shape[0],
        bits=8,
        site="test",
        source=source,
        signature=small.tobytes(),
        patient=patient,
    )
    rows.receipts.accept(receipt, row, [request(film, receipt.id, lane=lane)])
    return film, receipt.id


def request(film: str, receipt: UUID | None = None, *, lane: str = "bulk") -> Message:
    """Return the message that asks for a film's analysis."""
    kind = AnalysisRequested if lane == "first" else AnalysisRequestedBulk
    event = kind(radiograph=film, receipt=receipt, requested_for=f"receipt:{receipt}")
    return to_message(event, site="test")


def record_of(message: Message, offset: int = 0) -> Record:
    """Return a message as a record."""
    headers = {name: value.encode() for name, value in message.headers.items()}
    return Record(message.topic, 0, offset, message.key.encode(), headers, message.value, 0)


def published(rows: FakeRows, log: FakeLog) -> None:
    """Do what the relay does, once."""
    waiting = rows.outbox.pending(1000)
    for row in waiting:
        log.append(row.topic, row.value, row.key, row.headers)
    rows.outbox.published([row.number for row in waiting])


class HandlerOf:
    """A handler made of a function; `batches` are the values of each call's records."""

    def __init__(self, handle: Callable[[Sequence[Record]], None] | None = None) -> None:
        self.batches: list[list[bytes]] = []
        self.lock = threading.Lock()
        self._handle = handle

    def handle(self, records: Sequence[Record]) -> None:
        with self.lock:
            self.batches.append([record.value or b"" for record in records])
        if self._handle is not None:
            self._handle(records)

    def receipt_of(self, record: Record) -> UUID | None:
        del record
        return None
