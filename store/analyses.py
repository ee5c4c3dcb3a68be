"""What models say of films, in PostgreSQL (store/functions/analyses.sql)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from schemas.envelope import Message
from schemas.findings import FINDINGS
from schemas.models import EMBEDDING_WIDTH, ModelManifest
from store.messages import messages_json
from store.records import Analysis
from store.rows import Database, Row, json_value

_FLOAT16: Final = np.dtype("<f2")


class PostgresAnalyses:
    """Implements store.ports.Analyses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, analyses: Sequence[Analysis], events: Sequence[Message]) -> None:
        if not analyses:
            return
        moment = datetime.now(UTC)
        self._database.rows(
            "analyses_save",
            films=[row.film for row in analyses],
            models=[row.model for row in analyses],
            versions=[row.embedding_version for row in analyses],
            preprocessing=[row.preprocessing for row in analyses],
            probabilities=[array_text(row.probabilities) for row in analyses],
            embeddings=[vector_text(row.embedding) for row in analyses],
            features=[row.features.astype(_FLOAT16, copy=False).tobytes() for row in analyses],
            activations=[np.ascontiguousarray(row.activation).tobytes() for row in analyses],
            anews=[row.anew for row in analyses],
            moments=[row.analysed_at or moment for row in analyses],
            events=json_value(messages_json(events)),
        )

    def done(self, films: Sequence[str], model: int) -> set[str]:
        rows = self._database.rows("analyses_done", films=list(films), model=model)
        return {row["analyses_done"] for row in rows}

    def get(
        self, film: str, model: int | None = None, *, account: UUID | None = None
    ) -> Analysis | None:
        row = self._database.row("analyses_get", film=film, model=model, account=account)
        return analysis_of(row) if row else None

    def request(self, films: Sequence[str], events: Sequence[Message]) -> None:
        said = json_value(messages_json(events))
        self._database.rows("analyses_request", films=list(films), events=said)


def array_text(values: NDArray[np.float32]) -> str:
    """Return PostgreSQL's text for a real[]; NaN (not assessed) becomes null."""
    parts = ("NULL" if value != value else str(value) for value in values)  # noqa: PLR0124 - NaN
    return "{" + ",".join(parts) + "}"


def vector_text(values: NDArray[np.float32]) -> str:
    """Return pgvector's text for a vector. Six digits are more than a halfvec keeps."""
    return "[" + ",".join([f"{value:.6g}" for value in values.tolist()]) + "]"


def manifest_of(row: Row) -> ModelManifest:
    """Return the manifest in a row that has one."""
    return ModelManifest.model_validate(row["manifest"])


def analysis_of(row: Row) -> Analysis:
    """Return the analysis in a row of api.analyses_get."""
    manifest = manifest_of(row)
    shape = (len(FINDINGS), manifest.map_height, manifest.map_width)
    scores = [np.nan if value is None else value for value in row["probabilities"]]
    # Embeddings can be removed by themselves: what is not there is NaN, never 0.
    embedding = row["embedding"] or np.full(EMBEDDING_WIDTH, np.nan)
    return Analysis(
        film=row["film"],
        model=row["model"],
        model_label=row["model_label"],
        embedding_version=row["embedding_version"],
        preprocessing=row["preprocessing"],
        probabilities=np.array(scores, np.float32),
        embedding=np.array(embedding, np.float32),
        features=np.frombuffer(row["features"], _FLOAT16),
        activation=np.frombuffer(row["activation"], np.uint8).reshape(shape),
        analysed_at=row["analysed_at"],
    )
