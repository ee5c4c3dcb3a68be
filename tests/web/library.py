"""Films, receipts and a live model in the fakes, for tests of the web."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from schemas.facts import KnownFacts
from schemas.findings import FINDINGS, INDEX
from schemas.model_card import ModelCard
from schemas.models import (
    CARD_FILE,
    EMBEDDING_WIDTH,
    CardFile,
    ModelManifest,
    OperatingPoint,
    OperatingPoints,
    model_key,
)
from schemas.presentation import AS_STORED, Presentation
from store.ports import rendition_key
from store.records import Analysis, Drop, Film, Receipt
from tests.requirements import ROOT
from tests.web.conftest import Web

NOT_ASSESSED = ("Enlarged Cardiomediastinum", "Fracture", "Support Devices")
ALERT, SENSITIVE = 0.6, 0.3


def manifest(version: int = 1, card: CardFile | None = None) -> ModelManifest:
    """Return a model with one pair of thresholds for each finding that it assesses."""
    points = OperatingPoints(
        alert=OperatingPoint(threshold=ALERT, sensitivity=0.7, specificity=0.8),
        sensitive=OperatingPoint(threshold=SENSITIVE, sensitivity=0.9, specificity=0.5),
    )
    assessed = tuple(name for name in FINDINGS if name not in NOT_ASSESSED)
    return ModelManifest(
        name="starter",
        version=version,
        side=224,
        features=4,
        map_height=4,
        map_width=4,
        embedding_version="e1",
        assessed=assessed,
        operating_points=dict.fromkeys(assessed, points),
        card=card,
    )


def starter_card() -> bytes:
    """Return the starter's own card, as the repository keeps it."""
    return (ROOT / "triton_models" / "starter" / CARD_FILE).read_bytes()


def card_file(data: bytes) -> CardFile:
    """Return what a manifest says of this card."""
    card = ModelCard.model_validate_json(data)
    return CardFile(sha256=hashlib.sha256(data).hexdigest(), reliability=card.reliability())


def add_model_with_card(web: Web, version: int = 1, data: bytes | None = None) -> ModelCard:
    """Register a live model with a card, the starter's unless told; return the card."""
    data = data or starter_card()
    card = ModelCard.model_validate_json(data)
    said = manifest(version, card_file(data))
    web.objects.put("models", model_key(said, CARD_FILE), data)
    web.rows.models.register(said, "live")
    return card


def add_film(
    web: Web,
    name: str,
    *,
    scores: dict[str, float] | None = None,
    analysed: bool = True,
    depositor: UUID | None = None,
    size: tuple[int, int] = (300, 200),
    checks: dict[str, float] | None = None,
    presentation: Presentation = AS_STORED,
) -> tuple[Film, Receipt]:
    """Put a film with its pictures into the stores; analysed by the live model unless told."""
    drop = Drop("dropzone", f"uploads/{name}", "v1", 3, "first", "local", "upload",
                filename=f"{name}.png", depositor=depositor)  # fmt: skip
    receipt = web.rows.receipts.open_many([drop])[0]
    film = Film(
        id=hashlib.sha256(name.encode()).hexdigest(),
        width=size[0],
        height=size[1],
        bits=8,
        site="local",
        source="upload",
        signature=bytes(1024),
        patient=f"patient of {name}",
        checks=checks or {},
        facts=KnownFacts(presentation=presentation),
    )
    for rendition in ("full", "display", "thumbnail"):
        web.objects.put("radiographs", rendition_key(film.id, rendition), rendition.encode())
    web.rows.receipts.accept(receipt, film, [])
    if analysed:
        analyse(web, film.id, scores or {})
    found = web.rows.receipts.get(receipt.id)
    assert found is not None
    return film, found


def analyse(
    web: Web, film: str, scores: dict[str, float], version: int = 1, anew: int = 0
) -> None:
    """Save what the model says: 0.1 unless told, nothing where it does not assess.

    anew: how often what was said of the film was forgotten before.
    """
    if version not in web.rows.tables.models:
        web.rows.models.register(manifest(version), "live")
    probabilities = np.full(14, 0.1, np.float32)
    for name, score in scores.items():
        probabilities[INDEX[name]] = score
    probabilities[[INDEX[name] for name in NOT_ASSESSED]] = np.nan
    embedding = np.zeros(EMBEDDING_WIDTH, np.float32)
    embedding[int(film[:2], 16)] = 1
    activation = np.zeros((14, 4, 4), np.uint8)
    activation[INDEX["Edema"], 1:3, 1:3] = 255
    analysis = Analysis(
        film=film,
        model=version,
        model_label=f"starter/{version}",
        embedding_version="e1",
        preprocessing="p1",
        probabilities=probabilities,
        embedding=embedding,
        features=np.zeros(4, np.float16),
        activation=activation,
        analysed_at=datetime.now(UTC),
        anew=anew,
    )
    web.rows.analyses.save([analysis], [])
