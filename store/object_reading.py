"""One read of one object: its bytes as stored, no more than asked for, none missing, in time."""

import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from minio import Minio
from minio.error import S3Error
from urllib3 import BaseHTTPResponse

from schemas.errors import NotFound
from store.object_tries import Fault, Patience

#: No object that we keep is larger: a read without a limit of its own ends here.
LARGEST_BYTES: Final = 1 << 30
#: Bytes of an object that are in memory at once where it is read part by part.
PART_BYTES: Final = 4 << 20
#: Bytes that one look at the connection may bring.
_PIECE: Final = 1 << 18


class Reader:
    """Reads by a client; buckets by their real names. One try: tries are whoever asks'."""

    def __init__(self, minio: Minio, patience: Patience) -> None:
        self._minio = minio
        self._patience = patience

    def whole(self, bucket: str, key: str, version: str | None, limit: int) -> bytes:
        """Return an object. Raises ValueError over the limit, Fault, NotFound for a key."""
        with self._opened(bucket, key, version) as answer:
            size = _length(answer)
            if size > limit:
                raise ValueError(f"wanted at most {limit} bytes, came {size}")
            return self._body(answer, size)

    def part(
        self, bucket: str, key: str, version: str | None, at: int, tag: str
    ) -> tuple[bytes, int, str]:
        """Return a part of an object from a byte on, the size of the whole, and its tag.

        tag: of the part before, "" for the first: the rest of another object would be no rest.
        """
        said = {"If-Match": tag} if tag else {}
        try:
            with self._opened(bucket, key, version, (at, PART_BYTES), said) as answer:
                part = self._body(answer, _length(answer))
                # "bytes 0-9/10" (RFC 9110, 14.4)
                size = answer.headers.get("content-range", "").rpartition("/")[2]
                return part, int(size or len(part)), answer.headers.get("etag", "")
        except S3Error as error:
            if error.code == "InvalidRange" and at == 0:
                # Of an empty object, no byte can be asked for.
                return b"", 0, ""
            raise

    @contextmanager
    def _opened(
        self,
        bucket: str,
        key: str,
        version: str | None,
        part: tuple[int, int] = (0, 0),
        said: Mapping[str, str] | None = None,
    ) -> Iterator[BaseHTTPResponse]:
        """Give the answer to a GET, its body still to be read."""
        try:
            answer = self._minio.get_object(
                bucket,
                key,
                offset=part[0],
                length=part[1],
                request_headers=dict(said or {}),
                version_id=version or None,
            )
        except ValueError:
            # The client's own look at the key: "", "../a", one over 1,024 bytes.
            raise NotFound("minio: no object can have that key") from None
        try:
            yield answer
        finally:
            answer.close()
            answer.release_conn()

    def _body(self, answer: BaseHTTPResponse, size: int) -> bytes:
        """Return a body of exactly so many bytes. Raises Fault: short, long or too slow."""
        ends_at = self._patience.ends_at(size)
        kept = io.BytesIO()
        while piece := answer.read1(_PIECE):
            kept.write(piece)
            if kept.tell() > size:
                break
            if time.monotonic() > ends_at:
                raise Fault(f"read: only {kept.tell()} of {size} bytes came in time")
        if kept.tell() != size:
            raise Fault(f"read: wanted {size} bytes, came {kept.tell()}")
        return kept.getvalue()


def _length(answer: BaseHTTPResponse) -> int:
    """Return how long the body is said to be. Raises Fault where nobody says: S3 always does."""
    try:
        return int(answer.headers["content-length"])
    except (KeyError, ValueError):
        raise Fault("read: an answer that does not say how long it is") from None
