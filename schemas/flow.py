"""The flow table: every topic, who writes it, who reads it, how it is kept.

One place, as data. Topics are made from it, docs and AsyncAPI are generated from it, and a test
holds the workers, the compose file and the event models to it.
"""

from dataclasses import dataclass
from typing import Final, Literal

DAY_MS: Final = 24 * 60 * 60 * 1000

Kind = Literal["work", "fact", "model", "internal"]


@dataclass(frozen=True)
class Topic:
    """One topic: `key` says what its records are keyed by; `readers` are consumer groups."""

    name: str
    kind: Kind
    key: str
    partitions: int
    retention_ms: int
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    says: str


#: In the order data meets them.
TOPICS: Final = (
    Topic("object.uploaded", "work", "receipt", 12, 7 * DAY_MS, ("web", "reconciler"), ("ingest",),
          "A film was uploaded in the browser or by the API and waits in dropzone."),
    Topic("object.created", "work", "bucket/key", 12, 7 * DAY_MS, ("minio",), ("ingest",),
          "An object was put in dropzone (MinIO's own form; internal, since it holds keys)."),
    Topic("radiograph.received", "fact", "film", 12, 90 * DAY_MS, ("ingest",), (),
          "A film was checked, pseudonymised and stored."),
    Topic("radiograph.rejected", "fact", "receipt", 12, 90 * DAY_MS,
          ("ingest", "web", "reconciler"), (),
          "A drop was refused, with a code: by ingest, a steward, or time."),
    Topic("radiograph.quarantined", "fact", "receipt", 12, 90 * DAY_MS, ("ingest",), (),
          "A drop waits for a steward's decision."),
    Topic("analysis.requested", "work", "film", 12, 7 * DAY_MS, ("ingest", "reconciler"),
          ("analyse",), "Analyse this film: a person is waiting."),
    Topic("analysis.requested.bulk", "work", "film", 12, 7 * DAY_MS, ("ingest", "reconciler"),
          ("analyse",), "Analyse this film: from a bulk drop or a re-analysis."),
    Topic("radiograph.analysed", "fact", "film", 12, 90 * DAY_MS, ("analyse",), ("similar",),
          "A model version has scored and embedded a film."),
    Topic("radiograph.erased", "fact", "film", 12, 90 * DAY_MS, ("web",), ("erase",),
          "A film was erased: forget it."),
    Topic("validation.recorded", "fact", "film", 12, 365 * DAY_MS, ("web",), (),
          "A reader said of one finding whether it is present, absent or doubtful."),
    Topic("comment.recorded", "fact", "film", 12, 90 * DAY_MS, ("web",), (),
          "A reader commented on a film (the comment's id only)."),
    Topic("training.requested", "model", "snapshot", 1, 365 * DAY_MS, ("curate",), (),
          "Train on this frozen snapshot."),
    Topic("training.failed", "model", "snapshot", 1, 365 * DAY_MS, ("train",), (),
          "A training ended without a model."),
    Topic("model.trained", "model", "model", 1, 365 * DAY_MS, ("train",), (),
          "A candidate model exists, with its figures."),
    Topic("model.released", "model", "model", 1, 365 * DAY_MS, ("release",), (),
          "A model went live."),
    Topic("model.refused", "model", "model", 1, 365 * DAY_MS, ("release",), (),
          "The gate refused a model, with its reason."),
    Topic("drift.detected", "model", "model", 1, 365 * DAY_MS, ("curate",), (),
          "What comes in no longer looks like what the model learned from."),
    Topic("dead.letter", "internal", "letter", 12, 90 * DAY_MS,
          ("ingest", "analyse", "similar", "erase"), (),
          "A record was set aside (its row keeps it whole)."),
)  # fmt: skip

BY_NAME: Final = {topic.name: topic for topic in TOPICS}


@dataclass(frozen=True)
class Lanes:
    """What one consumer group reads: `first` is what a person waits for, `bulk` the rest."""

    group: str
    first: tuple[str, ...]
    bulk: tuple[str, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        """Return every topic of the group, the first lane before the bulk one."""
        return self.first + self.bulk


#: The consumer groups that run today.
GROUPS: Final = (
    Lanes("ingest", ("object.uploaded",), ("object.created",)),
    Lanes("analyse", ("analysis.requested",), ("analysis.requested.bulk",)),
    Lanes("similar", ("radiograph.analysed",)),
    Lanes("erase", ("radiograph.erased",)),
)
