"""An object store in memory, with versions and MinIO's notifications in `dropzone`."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote_plus

from schemas.errors import BadObject, NotFound, Unavailable
from store.object_reading import LARGEST_BYTES
from store.objects import MEDIA

VERSIONED = frozenset({"dropzone"})


@dataclass(frozen=True)
class Stored:
    """One version of one object; `data` None is a delete marker."""

    version: str
    data: bytes | None
    content_type: str
    modified: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


class FakeObjects:
    """Stands in for store.objects.MinioObjects.

    `down` makes every call raise Unavailable; `fail_next` makes that many of the next ones do
    so; objects in `bad`, by bucket and key, cannot be read, put or removed. `calls` records
    (operation, bucket, key) of each call that was answered; `notifications` holds the bytes MinIO
    would have sent to Kafka for each put in dropzone, and `on_put` is called with each (key of
    the record, value). `age` makes what is put from now on look older.
    """

    def __init__(self, on_put: Callable[[str, bytes], None] | None = None) -> None:
        self.down = False
        self.fail_next = 0
        self.bad: set[tuple[str, str]] = set()
        self.age = timedelta(0)
        self.calls: list[tuple[str, str, str]] = []
        self.notifications: list[bytes] = []
        self._on_put = on_put
        self._lock = threading.RLock()
        self._stored: dict[tuple[str, str], list[Stored]] = {}

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        with self._answered("put", bucket, key):
            version = str(uuid.uuid4()) if bucket in VERSIONED else ""
            said = dict(metadata or {})
            moment = datetime.now(UTC) - self.age
            stored = Stored(version, bytes(data), content_type, moment, said)
            versions = self._stored.setdefault((bucket, key), [])
            if bucket not in VERSIONED:
                versions.clear()
            versions.append(stored)
            notice = notification(bucket, key, version, len(data), said, content_type)
            if bucket in VERSIONED:
                self.notifications.append(notice)
        if bucket in VERSIONED and self._on_put is not None:
            self._on_put(f"{bucket}/{key}", notice)
        return version

    def put_file(
        self, bucket: str, key: str, path: Path, metadata: Mapping[str, str] | None = None
    ) -> str:
        return self.put(bucket, key, path.read_bytes(), metadata=metadata)

    def chunks(
        self,
        bucket: str,
        key: str,
        version: str | None = None,
        limit_bytes: int = LARGEST_BYTES,
    ) -> Iterator[bytes]:
        whole = self.read(bucket, key, version, limit_bytes)
        # Small ones, so that lines and letters are cut.
        for start in range(0, len(whole), 7):
            yield whole[start : start + 7]

    def metadata(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        with self._answered("stat", bucket, key):
            versions = self._stored.get((bucket, key), [])
            wanted = [one for one in versions if version in (None, "", one.version)]
            if not wanted or wanted[-1].data is None:
                raise NotFound(f"{bucket}: no such object or version")
            return {**wanted[-1].metadata, MEDIA: wanted[-1].content_type}

    def read(
        self,
        bucket: str,
        key: str,
        version: str | None = None,
        limit_bytes: int = LARGEST_BYTES,
    ) -> bytes:
        with self._answered("read", bucket, key):
            versions = self._stored.get((bucket, key), [])
            wanted = [one for one in versions if version in (None, "", one.version)]
            data = wanted[-1].data if wanted else None
            if data is None:
                raise NotFound(f"{bucket}: no such object or version")
            if len(data) > limit_bytes:
                raise ValueError(f"wanted at most {limit_bytes} bytes, came {len(data)}")
            return data

    def remove(self, bucket: str, key: str, version: str | None = None) -> None:
        with self._answered("remove", bucket, key):
            versions = self._stored.get((bucket, key), [])
            if bucket in VERSIONED and not version:
                marker = Stored(str(uuid.uuid4()), None, "", datetime.now(UTC) - self.age)
                self._stored.setdefault((bucket, key), []).append(marker)
                return
            left = [one for one in versions if version and one.version != version]
            self._stored[bucket, key] = left
            if not left:
                del self._stored[bucket, key]

    def versions(self, bucket: str, prefix: str = "") -> Iterator[tuple[str, str, int, datetime]]:
        with self._answered("versions", bucket, prefix):
            found = [
                (key, one.version, len(one.data), one.modified)
                for (where, key), kept in sorted(self._stored.items())
                if where == bucket and key.startswith(prefix)
                for one in reversed(kept)
                if one.data is not None
            ]
        yield from found

    def ping(self) -> None:
        with self._answered("ping", "", ""):
            pass

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket that a plain listing would show."""
        return [
            key
            for (where, key), kept in sorted(self._stored.items())
            if where == bucket and kept and kept[-1].data is not None
        ]

    def content_type(self, bucket: str, key: str) -> str:
        """Return what the newest version says it is."""
        return self._stored[bucket, key][-1].content_type

    def _answered(self, operation: str, bucket: str, key: str) -> threading.RLock:
        with self._lock:
            if self.down:
                raise Unavailable("minio", "connection refused")
            if self.fail_next:
                self.fail_next -= 1
                raise Unavailable("minio", "told to fail")
            if (bucket, key) in self.bad:
                raise BadObject(f"minio: {operation}: InternalError (500), 3 tries")
            self.calls.append((operation, bucket, key))
        return self._lock


def notification(  # noqa: PLR0917 - what MinIO says of an object
    bucket: str,
    key: str,
    version: str,
    size: int,
    said: Mapping[str, str] | None = None,
    media: str = "application/octet-stream",
) -> bytes:
    """Return what MinIO sends to Kafka for a put: one record, its key query-escaped."""
    told = {f"X-Amz-Meta-{name.title()}": text for name, text in (said or {}).items()}
    told["content-type"] = media
    named = {
        "key": quote_plus(key),
        "size": size,
        "eTag": "0" * 32,
        "versionId": version,
        "userMetadata": told,
    }
    record = {
        "eventVersion": "2.0",
        "eventSource": "minio:s3",
        "awsRegion": "us-east-1",
        "eventName": "s3:ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": named},
    }
    whole = {"EventName": "s3:ObjectCreated:Put", "Key": f"{bucket}/{key}", "Records": [record]}
    return json.dumps(whole).encode()
