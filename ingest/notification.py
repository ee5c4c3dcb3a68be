"""From MinIO's notification of a new object to a drop.

The form is MinIO's own (S3's event message 2.x with two fields around it): one record, the
object's key query-escaped, so that a space is a plus and a plus is %2B. Repeats and wrong order
do no harm: a drop is named by bucket, key and version, whenever it is told of. A key is an address
and stays as it is, whatever it looks like.
Source: MinIO, internal/event/target/kafka.go and cmd/event-notification.go.
"""

import json
import logging
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.folders import is_folder
from schemas.deposits import UPLOADS
from schemas.errors import Dead
from schemas.plain_text import shown
from schemas.provenance import DepositorSays
from store.objects import MEDIA, said_in
from store.records import Drop, FormSays
from store.settings import Settings

log = logging.getLogger(__name__)

SOURCE = "bucket"
_PUT = "s3:ObjectCreated:"
#: S3's limit for a key, in UTF-8; a version's id has no more (API reference, PutObject).
_NAME_BYTES: Final = 1024
#: No bucket keeps more in an object, and no row counts further.
_SIZE_MAX: Final = 1 << 62


class _Bucket(BaseModel):
    name: Annotated[str, Field(min_length=1)]


class _Object(BaseModel):
    model_config = ConfigDict(strict=True)

    key: Annotated[str, Field(min_length=1)]
    size: Annotated[int, Field(ge=0, le=_SIZE_MAX)] = 0
    version: str = Field("", alias="versionId")
    said: dict[str, str] | None = Field(None, alias="userMetadata")


class _S3(BaseModel):
    bucket: _Bucket
    object: _Object


class _Record(BaseModel):
    event: Annotated[str, Field(alias="eventName")]
    s3: _S3


class _Notification(BaseModel):
    records: Annotated[list[_Record], Field(alias="Records", min_length=1, max_length=1)]


class Folder:
    """What came was a folder's marker (ingest/folders.py)."""


def drop_of(value: bytes | None, settings: Settings) -> Drop | Folder | None:
    """Return the drop a record of `object.created` tells of.

    A Folder where the object only stands for one; None for an object of another bucket (one
    MinIO may serve several installations) and for what is not a creation. Raises Dead, without a
    word of the content, for another form.
    """
    try:
        # Not in one step by pydantic's own parser: its errors would quote the value.
        said = _Notification.model_validate(json.loads(value or b""))
        [record] = said.records
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Dead(f"object.created: wanted MinIO's form, came {where}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise Dead(f"object.created: wanted MinIO's JSON, came {type(error).__name__}") from None
    if record.s3.bucket.name != settings.bucket("dropzone"):
        return None
    if not record.event.startswith(_PUT):
        return None
    told = record.s3.object
    key, said_with_it = _key(told.key), said_in(told.said or {})
    if is_folder(key, told.size, said_with_it.get(MEDIA, "")):
        return Folder()
    return bulk_drop(key, _cut(told.version), told.size, said_with_it, settings)


def bulk_drop(
    key: str, version: str, size: int, metadata: Mapping[str, str], settings: Settings
) -> Drop:
    """Return the drop of a version in dropzone, with what its metadata says.

    What is not understood there is left out, field by field, and the log says which: the film
    goes on without it, private and by nobody's statement.
    """
    said: dict[str, str] = {}
    for name in DepositorSays.model_fields:
        if name in metadata:
            try:
                DepositorSays.model_validate({name: metadata[name]})
            except ValidationError:
                log.warning("An object's metadata is not understood", extra={"field": name})
            else:
                said[name] = metadata[name]
    known = DepositorSays.model_validate(said)
    return Drop(
        bucket="dropzone",
        key=key,
        version=version,
        size=size,
        lane="bulk",
        site=settings.site,
        source=SOURCE,
        form=FormSays(source=known.source, licence=known.licence, sharing=known.sharing),
        statement=known.statement,
        # Nobody looks again at what the browser uploaded; web says the rest of it, maybe later.
        keep_s=0.0 if key.startswith(UPLOADS) else settings.keep_taken_s,
    )


def _key(escaped: str) -> str:
    """Return the key that a notification names.

    No store has an object whose key is no UTF-8, holds a NUL or is longer than S3's limit. What
    names one all the same is kept by its escaped form: there is no such object, and its receipt
    says so.
    """
    try:
        # unquote_plus would turn a byte that is not UTF-8 into U+FFFD: another key, then "gone".
        key = unquote_to_bytes(escaped.replace("+", " ")).decode()
    except ValueError:
        return _cut(escaped) or "%"
    if "\0" in key or len(key.encode()) > _NAME_BYTES:
        return _cut(escaped) or "%"
    return key


def _cut(name: str) -> str:
    return shown(name, _NAME_BYTES).encode()[:_NAME_BYTES].decode(errors="ignore")
