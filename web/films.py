"""Films as JSON has them: findings with their states, labels, readings, comments."""

import math
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from flask import Flask, current_app
from pydantic import BaseModel, Field

from schemas.findings import FINDINGS
from schemas.models import ModelManifest, OperatingPoint
from schemas.provenance import TextCheck
from store.ports import Clock, Models
from store.records import Comment, FilmDetail, FilmRow, LabelRow, Reading

#: Seconds the registered models are believed without asking again.
FRESH_S: Final = 5.0
_EXTENSION: Final = "radiotheque.models"


class ProvenanceOut(BaseModel):
    """What its own site's drops stated: the first of each. Site, source, licence: the film's."""

    statement: str | None = Field(description="version; null: none, dropped into the bucket")
    stated_at: datetime | None
    deposited_at: datetime | None
    text_check: TextCheck = Field(description="only a clean film may leave private")


class KnownModels:
    """The registered models by label, asked of the rows at most every few seconds."""

    def __init__(self, models: Models, clock: Clock = time.monotonic) -> None:
        self._models = models
        self._clock = clock
        self._known: dict[str, ModelManifest] = {}
        self._asked_at = -math.inf

    def all(self) -> dict[str, ModelManifest]:
        """Return the live, former and candidate models. Raises Unavailable."""
        if self._clock() - self._asked_at > FRESH_S:
            self._known = {row.manifest.label: row.manifest for row in self._models.wanted()}
            self._asked_at = self._clock()
        return self._known

    def get(self, label: str | None) -> ModelManifest | None:
        """Return the manifest of a model by its label, as `starter/1`."""
        return self.all().get(label) if label else None


def install(app: Flask, models: KnownModels) -> None:
    """Keep the memory of models on the application."""
    app.extensions[_EXTENSION] = models


def known_models() -> KnownModels:
    """Return the running application's memory of models."""
    found: KnownModels = current_app.extensions[_EXTENSION]
    return found


def model_json(label: str | None) -> dict[str, Any] | None:
    """Return name and version of a model's label."""
    if label is None:
        return None
    name, _, version = label.rpartition("/")
    return {"name": name, "version": int(version), "label": label}


def findings_json(
    probabilities: Sequence[float | None] | None, manifest: ModelManifest | None
) -> list[dict[str, Any]]:
    """Return the fourteen with score and state, in CheXpert's order; none without an analysis.

    A probability is null where the model does not assess the finding, never NaN: JSON has none.
    """
    if probabilities is None:
        return []
    scores = [
        None if value is None or math.isnan(value) else float(value) for value in probabilities
    ]
    # A retired model's thresholds are not at hand in lists: its states are left open.
    states = (
        manifest.states(scores)
        if manifest
        else tuple("not_assessed" if score is None else None for score in scores)
    )
    return [
        {
            "name": name,
            "probability": score,
            "state": state,
            "reliability": manifest.reliability(name) if manifest else None,
        }
        for name, score, state in zip(FINDINGS, scores, states, strict=True)
    ]


def with_points(
    findings: list[dict[str, Any]], manifest: ModelManifest | None
) -> list[dict[str, Any]]:
    """Return the findings with each one's operating points, null where not assessed."""
    points = manifest.operating_points if manifest else {}
    for row in findings:
        point = points.get(row["name"])
        row["operating_point"] = point and {
            "alert": _point(point.alert),
            "sensitive": _point(point.sensitive),
            "specific": _point(point.specific) if point.specific else None,
        }
    return findings


def _point(point: OperatingPoint) -> dict[str, float | None]:
    return {
        "threshold": point.threshold,
        "sensitivity": point.sensitivity,
        "specificity": point.specificity,
    }


def label_json(label: LabelRow) -> dict[str, Any]:
    """Return a label as it was said."""
    return {
        "finding": label.finding,
        "label": label.value,
        "source": label.source,
        "author": label.author,
        "recorded_at": label.recorded_at,
    }


def film_json(row: FilmRow, manifest: ModelManifest | None) -> dict[str, Any]:
    """Return a film as lists have it."""
    film = row.film
    return {
        "id": film.id,
        "width": film.width,
        "height": film.height,
        "bits": film.bits,
        "view": film.view,
        "site": film.site,
        "source": film.source,
        "licence": film.licence,
        "sharing": film.sharing,
        "flags": list(film.flagged),
        "checks": dict(film.checks),
        "created_at": film.created_at,
        "updated_at": row.updated_at,
        "model": model_json(row.model),
        "findings": findings_json(row.probabilities, manifest),
        "labels": [label_json(label) for label in row.labels],
        "readings": row.readings,
        "comment_count": row.comments,
    }


def detail_json(detail: FilmDetail) -> dict[str, Any]:
    """Return a film with all that is known of it."""
    answer = film_json(detail.row, detail.manifest)
    if detail.analysis is not None:
        scores = [float(value) for value in detail.analysis.probabilities]
        answer["findings"] = with_points(findings_json(scores, detail.manifest), detail.manifest)
        answer["model"] = {
            **(model_json(detail.analysis.model_label) or {}),
            "live": detail.live,
            "embedding_version": detail.analysis.embedding_version,
            "preprocessing": detail.analysis.preprocessing,
        }
    answer["patient"] = detail.row.film.patient
    answer["study"] = detail.row.film.study
    answer["facts"] = detail.row.film.facts.model_dump(mode="json")
    origin = detail.provenance
    answer["provenance"] = {
        "statement": origin.statement,
        "stated_at": origin.stated_at,
        "deposited_at": origin.deposited_at,
        "text_check": detail.row.film.text_check,
    }
    answer["validations"] = [reading_json(reading) for reading in detail.readings]
    answer["comments"] = [comment_json(comment) for comment in detail.comments]
    return answer


def reading_json(reading: Reading) -> dict[str, Any]:
    """Return one person's verdicts."""
    return {
        "id": str(reading.id),
        "reader": reading.reader,
        "reader_name": reading.reader_name,
        "labels": dict(reading.labels),
        "answer_visible": reading.answer_visible,
        "others_visible": reading.others_visible,
        "model": reading.model,
        "recorded_at": reading.recorded_at,
    }


def comment_json(comment: Comment) -> dict[str, Any]:
    """Return a comment with its author."""
    return {
        "id": str(comment.id),
        "author": comment.author,
        "author_name": comment.author_name,
        "text": comment.text,
        "recorded_at": comment.recorded_at,
    }
