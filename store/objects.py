"""Buckets of objects, on MinIO or any S3 store. Who may do what there: store/object_users.py.

Four buckets: `dropzone` (raw drops, versioned, each told to Kafka by the store itself),
`quarantine`, `radiographs` (our re-encoded films) and `models`. An error of the store never
carries an object's key out of here: keys are what depositors called their files. Objects are
read as they are stored, within a bound, whatever their headers say of an encoding; what one of
them does is told from what the store does (store/object_tries.py).
"""

import contextlib
import io
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVar

from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.error import S3Error
from minio.lifecycleconfig import (
    Expiration,
    LifecycleConfig,
    NoncurrentVersionExpiration,
    Rule,
)
from minio.notificationconfig import NotificationConfig, QueueConfig
from minio.versioningconfig import VersioningConfig

from schemas.errors import NotFound, Unavailable
from store.object_client import answered, asked, client
from store.object_reading import LARGEST_BYTES, Reader
from store.object_tries import Fault, Patience, tried
from store.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

BUCKETS: Final = ("dropzone", "quarantine", "radiographs", "models")
#: What makes a drop. By name: MinIO's s3:ObjectCreated:* would include changes of tags too.
CREATED: Final = tuple(
    f"s3:ObjectCreated:{way}" for way in ("Put", "Post", "CompleteMultipartUpload", "Copy")
)
#: As long as Kafka keeps object.created: an overwritten drop outlives the record about it.
OLD_VERSIONS_DAYS: Final = 7

#: Before the name of what a depositor says in an object's metadata, in any case of letters.
METADATA_PREFIX: Final = "x-amz-meta-"
#: The name of an object's media type among what is said with it.
MEDIA: Final = "Content-Type"

_SINGLE_PART: Final = 5 << 20
#: What the store is asked to keep and give back, and a key that it must know nothing of.
_ASKED_FOR: Final = ("quarantine", "does-the-store-work", b"It does.")
_NOT_THERE: Final = "does-the-store-work/not-there"


class MinioObjects:
    """The port `Objects` on S3. For many threads; opens connections when first asked."""

    def __init__(self, settings: Settings, patience: Patience | None = None) -> None:
        self._bucket = settings.bucket
        self._patience = patience or Patience()
        self._minio = client(settings)
        # A put may have to wait for a disk; a read brings something or has failed.
        self._reading = client(settings, self._patience.stall_s, again=False)
        self._reader = Reader(self._reading, self._patience)

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        result = self._tried(
            "put",
            bucket,
            lambda: self._minio.put_object(
                self._bucket(bucket),
                key,
                io.BytesIO(data),
                len(data),
                content_type=content_type,
                metadata=dict(metadata or {}),
                # One request: by itself the client cuts all over 5 MiB into parts.
                part_size=max(len(data), _SINGLE_PART),
            ),
        )
        return result.version_id or ""

    def put_file(
        self, bucket: str, key: str, path: Path, metadata: Mapping[str, str] | None = None
    ) -> str:
        size = path.stat().st_size
        result = self._tried(
            "put",
            bucket,
            lambda: self._minio.fput_object(
                self._bucket(bucket),
                key,
                str(path),
                metadata=dict(metadata or {}),
                part_size=max(size, _SINGLE_PART),
            ),
        )
        return result.version_id or ""

    def read(
        self,
        bucket: str,
        key: str,
        version: str | None = None,
        limit_bytes: int = LARGEST_BYTES,
    ) -> bytes:
        name = self._bucket(bucket)
        return self._tried(
            "read", bucket, partial(self._reader.whole, name, key, version, limit_bytes)
        )

    def chunks(
        self,
        bucket: str,
        key: str,
        version: str | None = None,
        limit_bytes: int = LARGEST_BYTES,
    ) -> Iterator[bytes]:
        name = self._bucket(bucket)
        at, size, tag = 0, 1, ""
        while at < size:
            # Each part is tried by itself: what was given out is not asked for again.
            part, size, tag = self._tried(
                "read", bucket, partial(self._reader.part, name, key, version, at, tag)
            )
            if size > limit_bytes:
                raise ValueError(f"wanted at most {limit_bytes} bytes, came {size}")
            at += len(part)
            if part:
                yield part

    def metadata(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        found = self._tried(
            "stat",
            bucket,
            lambda: self._reading.stat_object(
                self._bucket(bucket), key, version_id=version or None
            ),
        )
        return said_in(found.metadata or {})

    def remove(self, bucket: str, key: str, version: str | None = None) -> None:
        with contextlib.suppress(NotFound):
            self._tried(
                "remove",
                bucket,
                lambda: self._minio.remove_object(
                    self._bucket(bucket), key, version_id=version or None
                ),
            )

    def versions(self, bucket: str, prefix: str = "") -> Iterator[tuple[str, str, int, datetime]]:
        # The client asks for a thousand at a time, as the caller goes on.
        listing = self._minio.list_objects(
            self._bucket(bucket), prefix=prefix, recursive=True, include_version=True
        )
        while True:
            found = asked("list", lambda: next(listing, None))
            if found is None:
                return
            if found.is_delete_marker:
                continue
            version = found.version_id or ""
            modified = found.last_modified or datetime.now(UTC)
            yield found.object_name or "", version, found.size or 0, modified

    def ping(self) -> None:
        asked("ping", lambda: self._minio.bucket_exists(self._bucket("dropzone")))

    def _tried(self, operation: str, bucket: str, call: Callable[[], T]) -> T:
        """Return the call's result, tried as often as one object is. Raises BadObject."""
        return tried(
            lambda: answered(operation, call), partial(self._works, bucket), self._patience
        )

    def _works(self, bucket: str) -> None:
        """Raise Unavailable unless the store works: for this bucket, in and out of its disks."""
        where, key, text = _ASKED_FOR

        try:
            with contextlib.suppress(NotFound):
                answered(
                    "ask", lambda: self._reading.stat_object(self._bucket(bucket), _NOT_THERE)
                )
            try:
                answered(
                    "ask",
                    lambda: self._reading.put_object(
                        self._bucket(where), key, io.BytesIO(text), len(text)
                    ),
                )
            except Fault as fault:
                if fault.status != HTTPStatus.FORBIDDEN:
                    raise
                # A depositor's key may put nothing there. The store did answer, for this bucket.
                return
            came = answered(
                "ask", partial(self._reader.whole, self._bucket(where), key, None, len(text))
            )
        except (Fault, NotFound, ValueError) as error:
            raise Unavailable("minio", str(error)) from None
        if came != text:
            raise Unavailable("minio", "ask: it gives back what was never put")


def said_in(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what was said with an object, by plain names, of its headers or notification.

    With it its media type, as MEDIA: no name of metadata has a capital letter.
    """
    said = {
        name.lower().removeprefix(METADATA_PREFIX): text
        for name, text in headers.items()
        if name.lower().startswith(METADATA_PREFIX)
    }
    media = [text for name, text in headers.items() if name.lower() == "content-type"]
    return said | ({MEDIA: media[0]} if media else {})


def connect(settings: Settings) -> MinioObjects:
    """Return the object store of these settings. Nothing is asked of it yet."""
    return MinioObjects(settings)


def ensure_buckets(settings: Settings) -> None:
    """Make the four buckets with their rules; a second time changes nothing.

    `dropzone` gets versions, a rule that clears old versions and lone delete markers, and the
    notification of every new object to settings.s3_notify_arn. Needs a user who may do that.
    """
    minio = client(settings)
    for name in BUCKETS:
        asked("bucket", partial(_make, minio, settings.bucket(name), settings.s3_region))
    dropzone = settings.bucket("dropzone")
    rule = Rule(
        ENABLED,
        rule_filter=Filter(prefix=""),
        rule_id="old-versions",
        noncurrent_version_expiration=NoncurrentVersionExpiration(OLD_VERSIONS_DAYS),
        expiration=Expiration(expired_object_delete_marker=True),
    )
    queue = QueueConfig(queue=settings.s3_notify_arn, events=list(CREATED), config_id="dropped")
    asked("versioning", lambda: minio.set_bucket_versioning(dropzone, VersioningConfig(ENABLED)))
    asked("lifecycle", lambda: minio.set_bucket_lifecycle(dropzone, LifecycleConfig([rule])))
    asked(
        "notification",
        lambda: minio.set_bucket_notification(
            dropzone, NotificationConfig(queue_config_list=[queue])
        ),
    )
    log.info("Buckets are there", extra={"buckets": len(BUCKETS)})


def _make(minio: Minio, bucket: str, region: str) -> None:
    if minio.bucket_exists(bucket):
        return
    try:
        minio.make_bucket(bucket, location=region)
    except S3Error as error:
        if error.code != "BucketAlreadyOwnedByYou":
            raise
