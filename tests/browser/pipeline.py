"""What stands in for ingest and analyse: films are developed, and scored by arithmetic."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ingest.black_out import black_out
from ingest.manifest import Manifest
from ingest.renditions import develop
from schemas.facts import KnownFacts
from schemas.film_files import is_manifest
from schemas.findings import FINDINGS, INDEX
from schemas.models import EMBEDDING_WIDTH
from store.ports import held_key, rendition_key
from store.records import Analysis, Film, Receipt, Rendition
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows

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


class Pipeline:
    """Ingest and analyse in one thread, but while it is paused."""

    def __init__(self, rows: FakeRows, objects: FakeObjects, secret: str) -> None:
        self._rows = rows
        self._secret = secret
        self._objects = objects
        self._turn = threading.Lock()
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

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take nothing inside the block; what it had begun has ended before the block begins."""
        with self._turn:
            yield

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            with self._turn:
                if not self._rows.down:
                    self._take_what_waits()

    def _take_what_waits(self) -> None:
        with self._rows.tables.lock:
            waiting = [
                one for one in self._rows.tables.receipts.values() if one.state == "received"
            ]
        for receipt in waiting:
            if receipt.held_at is None:
                data = self._objects.read(receipt.bucket, receipt.key)
            else:
                data = self._objects.read("quarantine", held_key(receipt.id, "raw"))
            if is_manifest(receipt.key):
                self._read(receipt, data)
            else:
                self.take(receipt, data)

    def _read(self, receipt: Receipt, data: bytes) -> None:
        manifest = Manifest(receipt.bucket, receipt.key, self._secret, receipt.site)
        self._rows.manifests.put(receipt, list(manifest.lines([data])))
        self._rows.manifests.end(receipt, manifest.summary())

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
