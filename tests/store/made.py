"""Records made for the tests of the stores: small, valid, told apart by a seed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from schemas.envelope import Message, to_message
from schemas.events import (
    AnalysisRequestedBulk,
    RadiographAnalysed,
    RadiographReceived,
    RadiographRejected,
)
from schemas.findings import FINDINGS
from schemas.models import CardFile, ModelManifest, OperatingPoint, OperatingPoints
from store.ports import Rows
from store.records import Account, Analysis, Drop, Film, Receipt, Role
from tests.fakes.rows_tables import now

ASSESSED = FINDINGS[:11]


def drop(seed: int = 1, key: str | None = None, version: str = "v1") -> Drop:
    return Drop("dropzone", key or f"in/{seed}.png", version, 100, "bulk", "local", "drop")


def film(seed: int = 1, patient: str | None = None) -> Film:
    name = hashlib.sha256(f"film {seed}".encode()).hexdigest()
    signature = np.random.default_rng(seed).integers(0, 256, 1024, np.uint8).tobytes()
    return Film(name, 640, 480, 8, "local", "drop", signature, patient=patient, view="PA")


def manifest(version: int = 1, embedding_version: str = "e1") -> ModelManifest:
    points = OperatingPoints(
        alert=OperatingPoint(threshold=0.5, sensitivity=0.7, specificity=0.8),
        sensitive=OperatingPoint(threshold=0.25, sensitivity=0.9, specificity=0.4),
    )
    return ModelManifest(
        name="starter",
        version=version,
        side=224,
        features=16,
        map_height=7,
        map_width=5,
        embedding_version=embedding_version,
        assessed=ASSESSED,
        operating_points=dict.fromkeys(ASSESSED, points),
    )


def with_specific(before: ModelManifest, *doubtful: str) -> ModelManifest:
    """Return the model with all three points for each finding, `doubtful` ones unreliable."""
    points = OperatingPoints(
        alert=OperatingPoint(threshold=0.5, sensitivity=0.7, specificity=0.8),
        sensitive=OperatingPoint(threshold=0.25, sensitivity=0.9, specificity=0.4),
        specific=OperatingPoint(threshold=0.75, sensitivity=0.4, specificity=0.95),
    )
    said = {name: "unreliable" if name in doubtful else "reliable" for name in before.assessed}
    return before.model_copy(
        update={
            "operating_points": dict.fromkeys(before.assessed, points),
            "card": CardFile.model_validate({"sha256": "0" * 64, "reliability": said}),
        }
    )


def unit(*, seed: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    values = np.random.default_rng(seed).normal(size=512).astype(np.float32)
    return values / np.float32(np.linalg.norm(values))


def analysis(
    of: str, *, seed: int = 1, model: int = 1, scores: Mapping[str, float] | None = None
) -> Analysis:
    """Return an analysis; scores not given are 0.1, NaN where not assessed."""
    probabilities = np.full(14, 0.1, np.float32)
    for name, score in (scores or {}).items():
        probabilities[FINDINGS.index(name)] = score
    probabilities[len(ASSESSED) :] = np.nan
    return Analysis(
        film=of,
        model=model,
        model_label=f"starter/{model}",
        embedding_version="e1",
        preprocessing="p1",
        probabilities=probabilities,
        embedding=unit(seed=seed),
        features=np.arange(16, dtype=np.float16),
        activation=np.arange(14 * 35, dtype=np.uint32).astype(np.uint8).reshape(14, 7, 5),
    )


def received(receipt: Receipt, of: Film) -> list[Message]:
    """Return the events ingest says of an accepted film."""
    facts = RadiographReceived(
        receipt=receipt.id,
        radiograph=of.id,
        site=of.site,
        source=of.source,
        width=of.width,
        height=of.height,
        bits=of.bits,
        received_at=now(),
    )
    work = AnalysisRequestedBulk(
        radiograph=of.id, receipt=receipt.id, requested_for=f"receipt:{receipt.id}"
    )
    return [to_message(event, site=of.site) for event in (facts, work)]


def rejected(receipt: Receipt, code: str = "truncated") -> list[Message]:
    event = RadiographRejected(
        receipt=receipt.id,
        site=receipt.site,
        source=receipt.source,
        code=code,
        wanted="a whole file",
        came="half of one",
        rejected_at=now(),
    )
    return [to_message(event, site=receipt.site)]


def analysed(of: Film, model: int = 1) -> Message:
    event = RadiographAnalysed(
        radiograph=of.id,
        site=of.site,
        source=of.source,
        width=of.width,
        height=of.height,
        bits=of.bits,
        model=f"starter/{model}",
        embedding_version="e1",
        preprocessing="p1",
        findings=(),
        analysed_at=now(),
    )
    return to_message(event, site=of.site)


@dataclass
class Library:
    """A store with an admin and a live model, and short words to fill it."""

    rows: Rows
    admin: Account

    def accept(self, of: Film, seed: int | None = None) -> Receipt:
        """Drop and accept a film; return its receipt as it stands."""
        mark = len(of.id) if seed is None else seed
        (receipt,) = self.rows.receipts.open_many([drop(mark, key=f"in/{of.id}/{mark}")])
        self.rows.receipts.accept(receipt, of, received(receipt, of))
        return self.now(receipt)

    def analyse(self, of: Film, *, seed: int = 1, model: int = 1, **scores: float) -> Analysis:
        """Save an analysis of a film by a model version."""
        row = analysis(of.id, seed=seed, model=model, scores=scores)
        self.rows.analyses.save([row], [analysed(of, model)])
        return row

    def now(self, receipt: Receipt) -> Receipt:
        found = self.rows.receipts.get(receipt.id)
        assert found is not None
        return found

    def topics(self) -> list[str]:
        """Return the topics of what waits in the outbox, in order."""
        return [row.topic for row in self.rows.outbox.pending(10_000)]

    def forget_outbox(self) -> None:
        """Mark all that was said so far as published."""
        self.rows.outbox.published([row.number for row in self.rows.outbox.pending(10_000)])

    def account(self, role: Role) -> Account:
        return self.rows.accounts.add(f"a {role}", role, "hash", by=self.admin.id)


def library(rows: Rows) -> Library:
    """Return the store with its first admin and a live model."""
    admin = rows.accounts.add("Ada", "admin", "hash", by=None)
    rows.models.register(manifest(), "live")
    return Library(rows, admin)
