"""What one object does is told from what its store does, on a store that fails as it is told."""

import gzip
import zlib
from collections.abc import Iterator

import pytest

from schemas.errors import BadObject, NotFound, Unavailable
from store.object_reading import PART_BYTES
from store.object_tries import TRIES, Fault, Patience, tried
from store.objects import MinioObjects
from tests.fakes.s3_server import (
    Request,
    S3Server,
    Sends,
    drips,
    error,
    fails_once,
    gone_midway,
    patience,
    s3_server,
    short,
    stalls,
)
from tests.fakes.settings import fake_settings

DATA = bytes(range(256)) * 8
FAILS = {
    "500": error("InternalError", 500),
    "damaged, as MinIO says it": lambda request, _: busy(request),
    "a checksum that does not fit": error("XMinioObjectCorrupted", 400),
    "sealed": error("InvalidObjectState", 403),
    "no right to this one": error("AccessDenied", 403),
    "no S3": lambda request, _: request.send({"Content-Type": "text/html"}, b"<p>", 500),
    "short": short,
    "stalls": stalls,
    "drips": drips,
}


def busy(request: Request) -> None:
    """Answer as MinIO does of an object that it cannot put together any more."""
    text = b"<Error><Code>SlowDownRead</Code><Message>no</Message></Error>"
    request.send({"Content-Type": "application/xml", "Retry-After": "60"}, text, 503)


@pytest.fixture
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        running.objects["/dropzone/good"] = DATA
        running.objects["/dropzone/bad"] = DATA
        yield running


@pytest.fixture
def objects(server: S3Server) -> MinioObjects:
    return reading(server)


def reading(server: S3Server, fails: Sends | None = None) -> MinioObjects:
    settings = fake_settings(s3_endpoint=server.endpoint, bucket_prefix="")
    return MinioObjects(settings, patience(fails))


@pytest.mark.parametrize("fails", FAILS.values(), ids=FAILS)
def test_an_object_that_fails_is_a_bad_one_after_its_tries_and_the_others_are_read(
    server: S3Server, fails: Sends
) -> None:
    objects = reading(server, fails)
    server.fails["/dropzone/bad"] = fails
    with pytest.raises(BadObject, match=f"{TRIES} tries") as failed:
        objects.read("dropzone", "bad")
    assert server.asked["/dropzone/bad"] == TRIES
    assert "bad" not in str(failed.value)
    assert failed.value.__suppress_context__
    assert objects.read("dropzone", "good") == DATA


@pytest.mark.parametrize("fails", FAILS.values(), ids=FAILS)
def test_while_the_store_is_down_no_object_is_a_bad_one(server: S3Server, fails: Sends) -> None:
    objects = reading(server, fails)

    def and_goes_down(request: object, data: bytes) -> None:
        server.down = True
        fails(request, data)  # type: ignore[arg-type]

    server.fails["/dropzone/bad"] = and_goes_down
    with pytest.raises(Unavailable, match="minio"):
        objects.read("dropzone", "bad")
    server.down = False
    server.fails.clear()
    assert objects.read("dropzone", "bad") == DATA


@pytest.mark.parametrize("fails", [FAILS["500"], short, stalls], ids=["500", "short", "stalls"])
def test_an_object_that_fails_once_is_read(server: S3Server, fails: Sends) -> None:
    objects = reading(server, fails)
    server.fails["/dropzone/bad"] = fails_once(fails)
    assert objects.read("dropzone", "bad") == DATA


def test_one_that_goes_while_it_is_read_is_gone(server: S3Server, objects: MinioObjects) -> None:
    server.fails["/dropzone/bad"] = gone_midway
    with pytest.raises(NotFound):
        objects.read("dropzone", "bad")


@pytest.mark.parametrize(
    "encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "aws-chunked"]
)
def test_an_object_is_read_as_stored_whatever_its_header_says(
    server: S3Server, objects: MinioObjects, encoding: str
) -> None:
    server.headers["/dropzone/good"] = {"Content-Encoding": encoding, "x-amz-meta-source": "nih"}
    assert objects.read("dropzone", "good", limit_bytes=len(DATA)) == DATA
    assert b"".join(objects.chunks("dropzone", "good")) == DATA
    assert objects.metadata("dropzone", "good")["source"] == "nih"


@pytest.mark.parametrize("packed", [gzip.compress(bytes(4 << 20)), zlib.compress(bytes(4 << 20))])
def test_what_an_encoding_would_inflate_to_never_comes_out(
    server: S3Server, objects: MinioObjects, packed: bytes
) -> None:
    server.objects["/dropzone/good"] = packed
    server.headers["/dropzone/good"] = {"Content-Encoding": "gzip"}
    assert objects.read("dropzone", "good", limit_bytes=len(packed)) == packed
    assert b"".join(objects.chunks("dropzone", "good", None, len(packed))) == packed


def test_more_than_was_said_is_not_read(server: S3Server, objects: MinioObjects) -> None:
    with pytest.raises(ValueError, match="at most 9 bytes"):
        objects.read("dropzone", "good", limit_bytes=9)
    with pytest.raises(ValueError, match="at most 9 bytes"):
        next(objects.chunks("dropzone", "good", limit_bytes=9))


def test_a_long_object_is_read_on_where_it_broke(server: S3Server, objects: MinioObjects) -> None:
    whole = bytes(range(256)) * (2 * PART_BYTES // 256) + b"end"
    server.objects["/dropzone/bad"] = whole
    parts = objects.chunks("dropzone", "bad")
    first = next(parts)
    server.fails["/dropzone/bad"] = fails_once(error("InternalError", 500))
    assert b"".join([first, *parts]) == whole
    assert len(first) == PART_BYTES
    assert server.asked["/dropzone/bad"] == 4


def test_an_empty_object_has_no_pieces(server: S3Server, objects: MinioObjects) -> None:
    server.objects["/dropzone/empty"] = b""
    assert list(objects.chunks("dropzone", "empty")) == []


@pytest.mark.parametrize("key", ["", "../a", "a/./b", "x" * 1025])
def test_what_no_object_is_called_is_not_there(objects: MinioObjects, key: str) -> None:
    with pytest.raises(NotFound):
        objects.read("dropzone", key)
    with pytest.raises(NotFound):
        list(objects.chunks("dropzone", key))


def test_one_that_cannot_be_put_or_removed_is_a_bad_one(
    server: S3Server, objects: MinioObjects
) -> None:
    server.refuses.add("/dropzone/bad")
    with pytest.raises(BadObject):
        objects.put("dropzone", "bad", b"film")
    with pytest.raises(BadObject):
        objects.remove("dropzone", "bad")
    objects.put("dropzone", "good", b"film")
    objects.remove("dropzone", "good")
    server.down = True
    with pytest.raises(Unavailable):
        objects.put("dropzone", "bad", b"film")
    with pytest.raises(Unavailable):
        objects.remove("dropzone", "bad")


def test_a_store_that_no_longer_keeps_anything_is_down(
    server: S3Server, objects: MinioObjects
) -> None:
    server.fails["/dropzone/bad"] = error("InternalError", 500)
    server.refuses.add("/quarantine/does-the-store-work")
    with pytest.raises(Unavailable, match="ask"):
        objects.read("dropzone", "bad")


def test_whoever_may_not_put_elsewhere_is_told_what_is_wrong_with_the_object(
    server: S3Server, objects: MinioObjects
) -> None:
    server.closed.add("quarantine")
    server.refuses.add("/dropzone/bad")
    with pytest.raises(BadObject):
        objects.put("dropzone", "bad", b"film")
    server.down = True
    with pytest.raises(Unavailable):
        objects.put("dropzone", "bad", b"film")


def test_a_slow_object_is_not_tried_for_ever() -> None:
    calls = []

    def fails() -> None:
        calls.append(1)
        raise Fault("read: slow")

    with pytest.raises(BadObject, match="1 tries"):
        tried(fails, lambda: None, Patience(in_all_s=-1))
    assert len(calls) == 1
