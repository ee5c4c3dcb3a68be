"""Registered model versions, in PostgreSQL (store/functions/messages.sql)."""

from schemas.models import ModelManifest
from store.analyses import manifest_of
from store.filling import Filling
from store.records import ModelRow, ModelState
from store.rows import Database, Row, json_value


class PostgresModels:
    """Implements store.ports.Models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def live(self) -> ModelRow | None:
        row = self._database.row("models_live")
        return _model(row) if row else None

    def wanted(self) -> list[ModelRow]:
        return [_model(row) for row in self._database.rows("models_wanted")]

    def get(self, version: int) -> ModelRow | None:
        row = self._database.row("models_get", version=version)
        return _model(row) if row else None

    def working(self) -> list[ModelRow]:
        return [_model(row) for row in self._database.rows("models_working")]

    def all(self) -> list[ModelRow]:
        return [_model(row) for row in self._database.rows("models_all")]

    def filling(self) -> Filling | None:
        row = self._database.row("models_filling")
        return Filling(**row) if row else None

    def register(self, manifest: ModelManifest, state: ModelState) -> ModelRow:
        thresholds = manifest.thresholds()
        (row,) = self._database.rows(
            "models_register",
            version=manifest.version,
            label=manifest.label,
            manifest=json_value(manifest.model_dump(mode="json")),
            state=state,
            embedding_version=manifest.embedding_version,
            suspected=[suspected for suspected, _ in thresholds],
            borderline=[borderline for _, borderline in thresholds],
            unreliable=list(manifest.unreliable()),
        )
        return _model(row)

    def set_live(self, version: int) -> ModelRow:
        (row,) = self._database.rows("models_set_live", version=version)
        return _model(row)


def _model(row: Row) -> ModelRow:
    return ModelRow(manifest_of(row), row["state"], row["registered_at"])
